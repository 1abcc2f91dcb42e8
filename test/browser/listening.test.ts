// Notices reach contexts that hold no connection to the host.

import { afterEach, expect, test } from "vitest";
import { type Connection, connect, openQueue } from "../../src/index.js";
import { channelsAreKnown } from "../contract/channels.js";

let connection: Connection | undefined;
afterEach(() => connection?.close());

const clientsOf = async (database: string) => {
  const { held = [] } = await navigator.locks.query();
  return held.filter((lock) => lock.name?.startsWith(`originmq:indexeddb:${database}:client:`)).length;
};

test("a queue opened lazily hears of new messages without a connection, until a call needs one", async () => {
  const database = `listening-${Date.now()}`;
  const queue = await openQueue("orders", { database, lazy: true });
  const heard: unknown[] = [];
  queue.addEventListener("available", ({ detail }) => heard.push(detail));
  await channelsAreKnown();
  expect(await clientsOf(database)).toBe(0);

  connection = await connect({ database });
  const sender = await connection.openQueue("orders");
  await sender.send("hello");
  await expect.poll(() => heard).toEqual([{ count: 1, ready: 1 }]);
  expect(await clientsOf(database)).toBe(1);

  expect(await queue.receive()).toMatchObject([{ body: "hello" }]);
  expect(await clientsOf(database)).toBe(2);
  await queue.close();
  expect(await clientsOf(database)).toBe(1);
});

test("another kind of context hears them too: a dedicated worker that only listens", async () => {
  const database = `worker-${Date.now()}`;
  const script = `
    const channel = new BroadcastChannel("originmq:indexeddb:${database}");
    channel.onmessage = ({ data }) => postMessage(data);
    postMessage("listening");`;
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const messages: unknown[] = [];
  worker.onmessage = ({ data }) => messages.push(data);
  await expect.poll(() => messages).toEqual(["listening"]);
  connection = await connect({ database });
  await (await connection.openQueue("orders")).sendBatch([{ body: 1 }, { body: 2 }]);
  const available = { orders: { available: { count: 2, ready: 2 } } };
  await expect.poll(() => messages).toContainEqual({ v: 1, type: "notice", epoch: 1, queues: available });
  worker.terminate();
});

test("a burst of sends is announced at most once a commit", async () => {
  const database = `burst-${Date.now()}`;
  connection = await connect({ database });
  const queue = await connection.openQueue<number>("orders");
  const heard: { count: number }[] = [];
  queue.addEventListener("available", ({ detail }) => heard.push(detail));
  await channelsAreKnown();
  await Promise.all(Array.from({ length: 500 }, (_, i) => queue.send(i)));
  await expect.poll(() => heard.reduce((sum, { count }) => sum + count, 0)).toBe(500);
  const { commits } = await connection.diagnostics();
  expect(heard.length).toBeLessThanOrEqual(commits);
  expect(heard.length).toBeLessThan(20);
});

test("when the database is deleted under its host, every client hears that all is lost, and goes on", async () => {
  const database = `wiped-${Date.now()}`;
  connection = await connect({ database });
  const other = await connect({ database });
  const heard: unknown[] = [];
  for (const client of [connection, other])
    client.addEventListener("datalost", ({ detail }) => heard.push(detail.reason));
  const queue = await connection.openQueue<number>("orders");
  await queue.sendBatch([1, 2, 3].map((body) => ({ body })));
  const own = (await indexedDB.databases()).filter(({ name }) => name?.includes(database));
  expect(own).toHaveLength(1);
  for (const { name = "" } of own)
    await new Promise((resolve, reject) => {
      Object.assign(indexedDB.deleteDatabase(name), { onsuccess: resolve, onerror: reject });
    });
  await queue.send(4);
  await expect.poll(() => heard).toEqual(["wiped", "wiped"]);
  expect((await queue.peek()).map(({ body }) => body)).toEqual([4]);
  await other.close();
});
