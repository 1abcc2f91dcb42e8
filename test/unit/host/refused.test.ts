// Commits and rewrites that the store refuses, or of which it does not say what became of them.

import { expect, test } from "vitest";
import type { HandOut } from "../../../src/link/rpc/wire.js";
import { type LogStore, StoreError } from "../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { sendOf, startHost } from "./world.js";

test("what an earlier host has stored is confirmed to a re-send, also when the commit beside it is refused", async () => {
  const disk = createMemoryDisk();
  const first = await startHost({ store: createMemoryStore({ disk }) });
  const before = await first.connect("a");
  const stored = await before.submit(sendOf(1, "stored"));
  await first.host.close();

  const store = createMemoryStore({ disk });
  const full: LogStore = {
    ...store,
    async commit(record, batches, durability) {
      if (batches.length > 0) throw new StoreError("quota", "no room");
      return store.commit(record, batches, durability);
    },
  };
  const second = await startHost({ store: full });
  const after = await second.connect("a");
  const { outcomes } = await after.submit(sendOf(1, "stored"), sendOf(2, "new"));
  expect(outcomes[0]).toEqual(stored.outcomes[0]);
  expect(outcomes[1]).toMatchObject({ ok: false, code: "quota-exceeded" });
  await second.host.close();
});

test("a rewrite that happened although the store said otherwise costs no message its body", async () => {
  const disk = createMemoryDisk();
  const first = await startHost({ store: createMemoryStore({ disk }) });
  const producer = await first.connect("a");
  const bodies = Array.from({ length: 20 }, (_, i) => `body ${i}`);
  // One batch each, so that they are worth joining.
  for (const [i, body] of bodies.entries()) await producer.submit(sendOf(i + 1, body));
  await first.host.close();

  const store = createMemoryStore({ disk });
  let rewrites = 0;
  const second = await startHost({
    checkpointRecords: 5,
    store: {
      ...store,
      async rewrite(record, add, remove) {
        await store.rewrite(record, add, remove);
        rewrites++;
        throw new StoreError("failed", "the answer was lost");
      },
    },
  });
  const consumer = await second.connect("b");
  await consumer.submit(sendOf(1, "one more"));
  await expect.poll(() => rewrites).toBeGreaterThan(0);
  await consumer.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 100 });
  const received = () => consumer.pushed.flatMap((handOut: HandOut) => handOut.bodies);
  await expect.poll(received).toHaveLength(bodies.length + 1);
  expect(new Set(received())).toEqual(new Set([...bodies, "one more"]));
  const stats = await consumer.link.call<{ totals: { quarantined: number } }>({ op: "stats", queue: "q" });
  expect(stats.totals.quarantined).toBe(0);
  await second.host.close();
});
