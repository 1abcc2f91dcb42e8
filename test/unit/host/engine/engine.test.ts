import { expect, test } from "vitest";
import type { Outcome } from "../../../../src/core/log/journal.js";
import { openEngine } from "../../../../src/host/engine/engine.js";
import { createPlatform } from "../../../../src/host/engine/platform.js";
import type { Work } from "../../../../src/host/engine/proposal.js";
import { StoreError } from "../../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";

const SEND = { type: "send", queue: "q", atomic: true, segments: [{ count: 1, priority: 4 }], sizes: [9] } as const;

const PARTS = { spare: () => false, plan: () => {} };

test("what cannot be decided is refused, and costs nothing else of its turn", async () => {
  const platform = createPlatform("test", {});
  const engine = await openEngine(createMemoryStore({ disk: createMemoryDisk() }), platform);
  const outcomes: Outcome[] = [];
  const work = (command: Work["command"]): Work => ({
    command,
    ...("sizes" in command && { bodies: [1] }),
    settle: (outcome) => void outcomes.push(outcome),
  });
  await engine.turn([work(SEND)], PARTS);
  const impossible = {
    ...SEND,
    get segments(): typeof SEND.segments {
      throw new Error("no such thing");
    },
  };
  const turn = await engine.turn([work(SEND), work(impossible), work({ ...SEND, queue: "other" })], PARTS);
  expect(outcomes).toMatchObject([
    { ok: true, value: { seq: 1 } },
    { ok: false, code: "internal", message: expect.stringContaining("no such thing") },
    { ok: true, value: { seq: 2 } },
    { ok: true, value: { seq: 3 } },
  ]);
  expect(turn?.batches).toHaveLength(2);
  expect([engine.state.queues.get("q")?.readyCount, engine.state.queues.get("other")?.readyCount]).toEqual([2, 1]);
  platform.close();
});

test("whether a lease goes on is asked once a turn, also when a refused commit is decided again", async () => {
  const store = createMemoryStore({ disk: createMemoryDisk() });
  let refusals = 0;
  let now = 1_000;
  const platform = { ...createPlatform("test", {}), now: () => now };
  const engine = await openEngine(
    {
      ...store,
      async commit(record, batches, durability) {
        if (refusals-- > 0) throw new StoreError("failed", "refused");
        return store.commit(record, batches, durability);
      },
    },
    platform,
  );
  const work = (): Work => ({ command: SEND, bodies: [1], settle: () => {} });
  const deliver = { type: "deliver", queue: "q", client: "c", mode: "consume", max: 9, grant: "g" } as const;
  await engine.turn([work()], { spare: () => false, plan: (decideNow) => void decideNow(deliver) });
  now += 60_000;
  refusals = 1;
  let asked = 0;
  // Like the keeper of leases, which spares once and says no after that.
  const turn = await engine.turn([work(), { command: { ...SEND, queue: "other" }, settle: () => {} }], {
    spare: () => asked++ === 0,
    plan: () => {},
  });
  expect(asked).toBe(1);
  expect(turn?.expired ?? []).toEqual([]);
  expect(engine.state.queues.get("q")?.leased.size).toBe(1);
  platform.close();
});
