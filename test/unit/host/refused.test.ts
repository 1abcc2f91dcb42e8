// Commits and rewrites that the store refuses, or of which it does not say what became of them.

import { describe, expect, test } from "vitest";
import type { Verdict } from "../../../src/core/commands/commands.js";
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

describe("a settlement that the store refuses", () => {
  /** A host that hands one message out to a consumer, and refuses so many commits from then on. */
  const handOutOne = async (refused: number) => {
    const store = createMemoryStore({ disk: createMemoryDisk() });
    let left = 0;
    const { host, connect } = await startHost({
      store: {
        ...store,
        async commit(record, batches, durability) {
          if (left-- > 0) throw new StoreError("quota", "no room");
          return store.commit(record, batches, durability);
        },
      },
    });
    const client = await connect("a");
    await client.submit(sendOf(1, "body"));
    await client.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 1 });
    await expect.poll(() => client.pushed).toHaveLength(1);
    const [{ grant, seqs }] = client.pushed as [HandOut];
    left = refused;
    const settle = async (verdict: Verdict) => {
      const { outcomes } = await client.submit({
        number: 2,
        command: { type: "settle", settlements: [{ grant, seqs, verdict }] },
      });
      expect(outcomes).toMatchObject([{ ok: false, code: "quota-exceeded" }]);
    };
    return { host, client, settle };
  };

  test("gives its message back once the store takes that, long before the lease ends", async () => {
    const { host, client, settle } = await handOutOne(2);
    await settle({ type: "ack" });
    await expect.poll(() => client.pushed).toHaveLength(2);
    expect(client.pushed[1]).toMatchObject({ bodies: ["body"], attempts: 1 });
    await host.close();
  });

  test("is stored then, where it was no acknowledgement", async () => {
    const { host, client, settle } = await handOutOne(2);
    await settle({ type: "dead", reason: "bad" });
    const dead = () => client.link.call<{ dead: number }>({ op: "stats", queue: "q" }).then((stats) => stats.dead);
    await expect.poll(dead).toBe(1);
    await host.close();
  });
});
