import { expect, test } from "vitest";
import type { HandOut } from "../../../src/link/rpc/wire.js";
import { StoreError } from "../../../src/store/log-store.js";
import { createMemoryStore } from "../../../src/store/memory/memory.js";
import { createMemoryDisk, type MemoryDisk } from "../../../src/store/memory/memory-disk.js";
import { sendOf, startHost } from "./world.js";

const bodies = Array.from({ length: 30 }, (_, i) => `body ${i}`);

/** Sends one after the other to a host that takes every checkpoint as one with a large state does. */
async function sendAll(disk: MemoryDisk, store = createMemoryStore({ disk })): Promise<void> {
  const { host, connect } = await startHost({ store, checkpointRecords: 4, entriesAtOnce: 0 });
  const producer = await connect("a");
  for (const [i, body] of bodies.entries()) await producer.submit(sendOf(i + 1, body));
  await expect.poll(() => disk.pointer.uptoLsn).toBeGreaterThan(20);
  await host.close();
}

async function received(disk: MemoryDisk): Promise<unknown[]> {
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }) });
  const consumer = await connect("b");
  await consumer.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 100 });
  const all = () => consumer.pushed.flatMap((handOut: HandOut) => handOut.bodies);
  await expect.poll(all).toHaveLength(bodies.length);
  await host.close();
  return all();
}

test("a checkpoint of a large state is taken from the log, and holds every message in its order", async () => {
  const disk = createMemoryDisk();
  await sendAll(disk);
  expect(disk.journal.size).toBeLessThan(bodies.length);
  expect(await received(disk)).toEqual(bodies);
});

test("where the log cannot be read again, the checkpoint is taken from memory", async () => {
  const disk = createMemoryDisk();
  const store = createMemoryStore({ disk });
  let opened = 0;
  await sendAll(disk, {
    ...store,
    async open() {
      const log = await store.open();
      if (opened++ === 0) return log;
      const broken = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(unreadable()) }) };
      return {
        checkpoint: broken,
        journal: broken,
        remains: broken,
        lastBatch: async () => 0,
        former: async () => undefined,
      };
    },
  });
  expect(opened).toBeGreaterThan(1);
  expect(await received(disk)).toEqual(bodies);
});

const unreadable = () => new StoreError("unreadable", "chunk 0 of checkpoint 1 cannot be read");
