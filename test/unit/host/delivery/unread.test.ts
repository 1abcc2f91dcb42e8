// Bodies that the store does not give back at the moment.

import { afterEach, expect, test } from "vitest";
import { receiverOf } from "../../../../src/client/connection/receiver.js";
import { type BodyBatch, StoreError } from "../../../../src/store/log-store.js";
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
  await expect.poll(() => seen).toEqual([1, 2]);
  expect(redelivered).toEqual([false, false]);
});

test("what a receive could not be given for want of reading is not held by it", async () => {
  const { trouble, queue } = await start();
  trouble.failing = 2;
  await expect(queue.receive()).rejects.toMatchObject({ code: expect.any(String) });
  await expect.poll(() => queue.stats()).toMatchObject({ leased: 0, ready: 2 });
});

/** A queue whose first `broken` messages, of two batches, have bodies that nobody can read. */
const startBroken = async (broken: number, whole: number) => {
  const disk = createMemoryDisk();
  const first = await startHost({ store: createMemoryStore({ disk }) });
  const sender = connectTo(() => first.port());
  const filled = await sender.connection.openQueue<number>("q");
  await filled.sendBatch(Array.from({ length: broken }, (_, n) => ({ body: n })));
  if (whole > 0) await filled.sendBatch(Array.from({ length: whole }, (_, n) => ({ body: broken + n })));
  await sender.connection.close();
  await first.host.close();
  const inner = createMemoryStore({ disk });
  let lost: number | undefined;
  const store: typeof inner = {
    ...inner,
    async readBatches(keys) {
      lost ??= Math.min(...keys);
      if (keys.includes(lost)) throw new StoreError("unreadable", "the batch is broken", { firstSeqs: [lost] });
      return inner.readBatches(keys);
    },
  };
  const host = await startHost({ store });
  closing.push(() => host.host.close());
  const { client, connection } = connectTo(() => host.port());
  closing.push(() => connection.close({ force: true }));
  return { client, queue: await connection.openQueue<number>("q") };
};

test("a receive that would get only what cannot be read gets what is behind it", async () => {
  const { client, queue } = await startBroken(2, 1);
  expect((await queue.receive({ max: 2 })).map(({ body }) => body)).toEqual([2]);
  expect(receiverOf(client).holdings.report().held).toHaveLength(1);
});

test("a receive waits out its time although what was there cannot be read, and holds nothing of it", async () => {
  const { client, queue } = await startBroken(2, 0);
  const received = queue.receive({ max: 2, waitMs: 10_000 });
  await expect.poll(() => queue.stats()).toMatchObject({ ready: 0, leased: 0 });
  expect(receiverOf(client).holdings.report()).toEqual({ held: [], running: [] });
  await queue.send(7);
  expect((await received).map(({ body }) => body)).toEqual([7]);
});

test("bounded work goes on behind what cannot be read", async () => {
  const { queue } = await startBroken(16, 3);
  const handled: number[] = [];
  expect(await queue.consumeUntilEmpty(({ body }) => void handled.push(body))).toEqual({ handled: 3, remaining: 0 });
  expect(handled).toEqual([16, 17, 18]);
});

test("a consumer is given nothing of what cannot be read, and holds nothing of it", async () => {
  const { client, queue } = await startBroken(2, 1);
  const handled: number[] = [];
  queue.consume(({ body }) => void handled.push(body), { prefetch: 8 });
  await expect.poll(() => handled).toEqual([2]);
  await queue.whenIdle();
  expect(receiverOf(client).holdings.report().held).toEqual([]);
});

test("bodies whose times of acceptance are gone are handed out all the same", async () => {
  const disk = createMemoryDisk();
  const { host, port } = await startHost({ store: createMemoryStore({ disk }) });
  const { connection } = connectTo(port);
  await (await connection.openQueue<number>("q")).sendBatch([{ body: 1 }, { body: 2 }]);
  await connection.close();
  await host.close();
  for (const [key, { sentAt: _, ...batch }] of disk.bodies) disk.bodies.set(key, batch as never);
  const next = await startHost({ store: createMemoryStore({ disk }) });
  closing.push(() => next.host.close());
  const again = connectTo(next.port);
  closing.push(() => again.connection.close({ force: true }));
  const queue = await again.connection.openQueue<number>("q");
  expect((await queue.receive({ max: 2 })).map(({ body }) => body)).toEqual([1, 2]);
});

test("what lies where a batch should be, and is none, keeps nobody from what is beside it", async () => {
  const disk = createMemoryDisk();
  const { host, port } = await startHost({ store: createMemoryStore({ disk }) });
  const { connection } = connectTo(port);
  const queue = await connection.openQueue<number>("q");
  for (const body of [1, 2]) await queue.send(body);
  await connection.close();
  await host.close();
  const [[key, { bodies: _, ...batch }]] = [...disk.bodies] as [[number, BodyBatch]];
  disk.bodies.set(key, batch as never);
  const next = await startHost({ store: createMemoryStore({ disk }) });
  closing.push(() => next.host.close());
  const again = connectTo(next.port);
  closing.push(() => again.connection.close({ force: true }));
  const reading = await again.connection.openQueue<number>("q");
  expect((await reading.receive({ max: 2 })).map(({ body }) => body)).toEqual([2]);
  await expect.poll(() => reading.stats(), { timeout: 10_000 }).toMatchObject({ totals: { quarantined: 1 }, ready: 0 });
});
