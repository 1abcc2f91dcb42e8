// Durable Objects that leave the memory while their clients stay connected, in workerd, which lets go of an object that was
// quiet for ten seconds. The tests wait beside each other.

import { afterAll, describe, test } from "vitest";
import { startWorkerd } from "../../scripts/workerd.mjs";
import { type Connection, connect, type Queue } from "../../src/index.js";
import { deferred } from "../../src/link/rpc/deferred.js";
import { startFaultyLine } from "../edge/proxy.js";

const workerd = await startWorkerd("test/edge/hibernating.ts");
const connections: Connection[] = [];
afterAll(async () => {
  await workerd.close();
  await sleep(100);
  await Promise.all(connections.map((connection) => connection.close({ force: true })));
});

/** How often the object was made in the life of its process; asking does not wake it. */
const lives = async (database: string, { httpUrl } = workerd): Promise<unknown> => {
  const answer = await fetch(`${httpUrl}/lives?database=${database}`);
  return answer.json();
};
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Half a second until it rests, ten until it is let go, and a little. */
const ASLEEP_MS = 12_500;
/** What is due later than in fifteen seconds does not keep it awake. */
const LATER_MS = 17_000;

async function join(database: string, { token = "", url = workerd.url } = {}) {
  /** A client that opens another socket asks for another token. */
  const client = { tokens: 0 };
  const asked = () => {
    client.tokens++;
    return token;
  };
  const connection = await connect({ url: `${url}/mq/${database}`, token: asked });
  connections.push(connection);
  return Object.assign(client, { connection, queue: await connection.openQueue<number>("q") });
}

function consume(queue: Queue<number>): number[] {
  const handled: number[] = [];
  queue.consume(({ body }) => void handled.push(body));
  return handled;
}

describe.concurrent("an object that sleeps while clients are connected", () => {
  test("is woken by what one sends, another gets it, a third hears of it: once, over the sockets that there were", async ({
    expect,
  }) => {
    const [sender, consumer, listener] = await Promise.all([join("woken"), join("woken"), join("woken")]);
    const handled = consume(consumer.queue);
    let heard = 0;
    listener.queue.addEventListener("available", () => heard++);
    await sender.queue.send(1);
    await expect.poll(() => handled).toEqual([1]);
    await sleep(ASLEEP_MS);
    expect(await lives("woken")).toBe(1);
    const before = heard;
    await Promise.all([sender.queue.send(2), sender.queue.sendBatch([{ body: 3 }, { body: 4 }])]);
    await expect.poll(() => handled).toEqual([1, 2, 3, 4]);
    expect(await lives("woken")).toBe(2);
    await expect(sender.queue.stats()).resolves.toMatchObject({ totals: { accepted: 4, acked: 4 } });
    expect(heard).toBeGreaterThan(before);
    expect([sender, consumer, listener].map(({ tokens }) => tokens)).toEqual([1, 1, 1]);
  });

  test("delivers what comes due, by its alarm alone", async ({ expect }) => {
    const consumer = await join("delayed");
    const handled = consume(consumer.queue);
    await consumer.queue.send(1, { delayMs: LATER_MS });
    await expect.poll(() => handled, { timeout: 2 * LATER_MS }).toEqual([1]);
    expect([await lives("delayed"), consumer.tokens]).toEqual([2, 1]);
  });

  test("ticks, by its alarm alone", async ({ expect }) => {
    const consumer = await join("ticking");
    const handled = consume(consumer.queue);
    await consumer.queue.schedules.upsert("s", { everyMs: LATER_MS }, 7);
    await expect.poll(() => handled, { timeout: 2 * LATER_MS }).toEqual([7]);
    expect([await lives("ticking"), consumer.tokens]).toEqual([2, 1]);
  });

  test("asks a client whose grant has ended meanwhile for another token", async ({ expect }) => {
    const consumer = await join("expiring", { token: `ms:${LATER_MS}` });
    const handled = consume(consumer.queue);
    await expect.poll(() => consumer.tokens, { timeout: 2 * LATER_MS }).toBe(2);
    expect(await lives("expiring")).toBe(2);
    await consumer.queue.send(1);
    await expect.poll(() => handled).toEqual([1]);
  });

  test("asks a client for another token whose grant was larger than what a socket keeps", async ({ expect }) => {
    const [sender, consumer] = await Promise.all([join("large"), join("large", { token: "queues:3000" })]);
    const handled = consume(consumer.queue);
    await sleep(ASLEEP_MS);
    await sender.queue.send(1);
    await expect.poll(() => handled).toEqual([1]);
    expect([await lives("large"), sender.tokens, consumer.tokens]).toEqual([2, 1, 2]);
  });

  test("leaves to a client what its handler is at, and nothing is done twice", async ({ expect }) => {
    const sender = await join("working");
    const { connection } = await join("working");
    const queue = await connection.openQueue<number>("q", { leaseMs: 600_000 });
    const { promise: released, resolve: release } = deferred();
    const begun: number[] = [];
    queue.consume(async ({ body }) => {
      begun.push(body);
      await released;
    });
    await sender.queue.send(1);
    await expect.poll(() => begun).toEqual([1]);
    await sleep(ASLEEP_MS);
    await sender.queue.send(2);
    expect(await lives("working")).toBe(2);
    release();
    await expect.poll(() => sender.queue.stats()).toMatchObject({ leased: 0, totals: { acked: 2 } });
    expect(begun).toEqual([1, 2]);
  });

  test("gives what a client held that has died in silence to another, when its lease ends", async ({ expect }) => {
    const proxy = await startFaultyLine(workerd.url);
    const [victim, other] = await Promise.all([join("silent", { url: proxy.url }), join("silent")]);
    await victim.queue.send(1);
    await expect(victim.queue.receive({ leaseMs: LATER_MS })).resolves.toHaveLength(1);
    const handled = consume(other.queue);
    await sleep(ASLEEP_MS);
    proxy.vanish("nobody");
    await expect.poll(() => handled, { timeout: LATER_MS }).toEqual([1]);
    expect([await lives("silent"), other.tokens]).toEqual([2, 1]);
    await proxy.close();
  });

  test("stays while a client may come back that was lost while it was awake, and knows then how long that was", async ({
    expect,
  }) => {
    const proxy = await startFaultyLine(workerd.url);
    const token = `reconnect:${LATER_MS}`;
    const [victim, other] = await Promise.all([join("awaited", { url: proxy.url, token }), join("awaited", { token })]);
    await victim.queue.send(1);
    await expect(victim.queue.receive({ leaseMs: 600_000 })).resolves.toHaveLength(1);
    const handled = consume(other.queue);
    await proxy.close();
    await expect.poll(() => handled, { timeout: LATER_MS + 8_000 }).toEqual([1]);
    expect([await lives("awaited"), other.tokens]).toEqual([1, 1]);
  });

  test("leaves although a client is still known that has gone, until it may ask as much again", async ({ expect }) => {
    const { connection, queue } = await join("bounded", { token: "burst:100" });
    await Promise.all(Array.from({ length: 60 }, () => queue.stats()));
    await connection.close();
    await sleep(ASLEEP_MS);
    await join("bounded");
    expect(await lives("bounded")).toBe(2);
  });

  test("gives what a client held whose socket is closed to another, after reconnectMs", async ({ expect }) => {
    const proxy = await startFaultyLine(workerd.url);
    const [victim, other] = await Promise.all([join("closed", { url: proxy.url }), join("closed")]);
    await victim.queue.send(1);
    await expect(victim.queue.receive({ leaseMs: 600_000 })).resolves.toHaveLength(1);
    const handled = consume(other.queue);
    await sleep(ASLEEP_MS);
    await proxy.close();
    await expect.poll(() => handled).toEqual([1]);
    expect([await lives("closed"), other.tokens]).toEqual([2, 1]);
  });

  test("does what came due while its process was dead as soon as there is one again, before anybody asks for it", async ({
    expect,
    onTestFinished,
  }) => {
    const mortal = await startWorkerd("test/edge/hibernating.ts");
    onTestFinished(() => mortal.close());
    const line = await startFaultyLine(mortal.url);
    onTestFinished(() => line.close());
    const consumer = await join("killed", { url: line.url });
    const handled: { readonly body: number; readonly sentAt: number }[] = [];
    consumer.queue.consume(({ body, sentAt }) => void handled.push({ body, sentAt: Number(sentAt) }));
    await consumer.queue.schedules.upsert("s", { everyMs: LATER_MS }, 7);
    await consumer.queue.send(1, { delayMs: LATER_MS });
    await sleep(ASLEEP_MS);
    expect(await lives("killed", mortal)).toBe(1);
    line.stall();
    await mortal.kill();
    await sleep(LATER_MS - ASLEEP_MS);
    await mortal.restart();
    await expect.poll(() => lives("killed", mortal), { timeout: 20_000 }).toBe(1);
    // It has done what it was woken for long before its client comes.
    await sleep(5_000);
    const cameAt = Date.now();
    line.mend();
    await expect.poll(() => handled.map(({ body }) => body).sort(), { timeout: 20_000 }).toEqual([1, 7]);
    expect(handled.find(({ body }) => body === 7)?.sentAt).toBeLessThan(cameAt);
    expect(await lives("killed", mortal)).toBe(1);
  });
});
