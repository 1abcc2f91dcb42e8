// Bodies that the store does not give back at the moment.

import { afterEach, expect, test } from "vitest";
import { StoreError } from "../../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { connectTo } from "../../client/client-fixture.js";
import { startHost } from "../world.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const start = async () => {
  const disk = createMemoryDisk();
  const first = await startHost({ store: createMemoryStore({ disk }) });
  const sender = connectTo(() => first.port());
  await (await sender.connection.openQueue<number>("q")).sendBatch([{ body: 1 }, { body: 2 }]);
  await sender.connection.close();
  await first.host.close();
  const inner = createMemoryStore({ disk });
  const trouble = { failing: 0, reads: 0 };
  const store: typeof inner = {
    ...inner,
    async readBatches(keys) {
      trouble.reads++;
      if (trouble.failing-- > 0) throw new StoreError("failed", "the connection is closing");
      return inner.readBatches(keys);
    },
  };
  const host = await startHost({ store });
  closing.push(() => host.host.close());
  const { connection } = connectTo(() => host.port());
  closing.push(() => connection.close({ force: true }));
  return { trouble, queue: await connection.openQueue<number>("q") };
};

test("a consumer gets what could not be read at first as soon as it can be read", async () => {
  const { trouble, queue } = await start();
  trouble.failing = 2;
  const seen: number[] = [];
  const redelivered: boolean[] = [];
  queue.consume((delivery) => {
    seen.push(delivery.body);
    redelivered.push(delivery.redelivered);
  });
  await expect.poll(() => seen, { timeout: 3_000 }).toEqual([1, 2]);
  expect(redelivered).toEqual([false, false]);
});

test("what a receive could not be given for want of reading is not held by it", async () => {
  const { trouble, queue } = await start();
  trouble.failing = 2;
  await expect(queue.receive()).rejects.toMatchObject({ code: expect.any(String) });
  await expect.poll(() => queue.stats(), { timeout: 3_000 }).toMatchObject({ leased: 0, ready: 2 });
});
