import { expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import type { Queue, QueueOptions } from "../../../src/index.js";
import { type FaultyLine, startFaultyLine } from "../../edge/proxy.js";
import { atEnd, join, startServer } from "./world.js";

async function proxied(reconnectMs: number, settings: QueueOptions = {}) {
  const server = await startServer({ reconnectMs });
  const proxy = await startFaultyLine(server.url);
  atEnd(() => proxy.close());
  const here = await server.connect({ database: "shop" });
  atEnd(() => here.close({ force: true }));
  /** Another one takes its place, and knows nothing. */
  const restart = async () => {
    await server.close();
    await startServer({ reconnectMs, port: Number(new URL(server.url).port) });
  };
  return { proxy, url: `${proxy.url}/mq/shop`, here: await here.openQueue<number>("orders", settings), restart };
}
const all = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The bodies of what is taken, in its order. */
function consume(queue: Queue<number>): number[] {
  const taken: number[] = [];
  queue.consume(({ body }) => void taken.push(body));
  return taken;
}

/** A client that is at its first message until it is told to finish. */
async function handling(url: string) {
  const attempts: number[] = [];
  const queue = await (await join(url)).openQueue<number>("orders");
  let end = () => {};
  queue.consume(({ attempt }) => {
    attempts.push(attempt);
    return new Promise<void>((resolve) => {
      end = resolve;
    });
  });
  await expect.poll(() => attempts).toEqual([1]);
  return { attempts, finish: () => end() };
}

/** Does so again and again, with a number each time, while the line is cut every now and then. */
async function whileCut(proxy: FaultyLine, act: (number: number) => Promise<unknown>): Promise<number> {
  const acts: Promise<unknown>[] = [];
  const cutting = setInterval(proxy.cut, 40);
  while (proxy.count < 6) {
    acts.push(act(acts.length));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  clearInterval(cutting);
  await Promise.all(acts);
  return acts.length;
}

test("what is sent over a line that is cut again and again is stored once, in order", async () => {
  const { proxy, url, here } = await proxied(15_000);
  const queue = await (await join(url)).openQueue<number>("orders");
  const count = await whileCut(proxy, (number) => queue.send(number));
  expect((await here.peek({ max: 10_000 })).map(({ body }) => body)).toEqual(all(count));
});

test("what is handed out over a line that is cut again and again is handled, nothing lost and nothing twice", async () => {
  const { proxy, url, here } = await proxied(15_000);
  const queue = await (await join(url)).openQueue<number>("orders");
  const taken = consume(queue);
  const count = await whileCut(proxy, (number) => here.send(number));
  await expect.poll(() => here.stats()).toMatchObject({ ready: 0, leased: 0 });
  expect(taken).toEqual(all(count));
});

test("who listens to announcements hears them again once it is back", async () => {
  const { proxy, url, here } = await proxied(15_000);
  const queue = await (await join(url)).openQueue<number>("orders");
  let heard = 0;
  queue.addEventListener("available", () => heard++);
  await queue.send(1);
  await expect.poll(() => heard).toBe(1);
  proxy.cut();
  await queue.send(2);
  await here.send(3);
  await expect.poll(() => heard).toBeGreaterThan(1);
});

test("who comes back to the same host hears of no other, and of the next one once", async () => {
  const { proxy, url, here, restart } = await proxied(15_000);
  const connection = await join(url);
  const queue = await connection.openQueue<number>("orders");
  let changes = 0;
  connection.addEventListener("hostchange", () => changes++);
  for (const number of [1, 2]) {
    proxy.cut();
    await queue.send(number);
    expect(proxy.count).toBe(number + 1);
  }
  expect([changes, await here.stats()]).toMatchObject([0, { ready: 2 }]);
  await restart();
  await queue.send(3);
  expect(changes).toBe(1);
});

test("who comes back in time keeps what it holds", async () => {
  const { proxy, url, here } = await proxied(15_000);
  await here.send(1);
  const queue = await (await join(url)).openQueue<number>("orders");
  const [delivery] = await queue.receive();
  proxy.cut();
  await expect.poll(() => proxy.count).toBe(2);
  expect(await here.stats()).toMatchObject({ ready: 0, leased: 1 });
  await delivery?.ack();
  expect(await here.stats()).toMatchObject({ ready: 0, leased: 0, totals: { acked: 1 } });
});

test("a lease does not end while its client may still come back", async () => {
  const { proxy, url, here } = await proxied(15_000, { leaseMs: 300 });
  await here.send(1);
  const { attempts, finish } = await handling(url);
  proxy.stall();
  proxy.cut();
  const others = here.receive({ waitMs: 1_200 });
  expect(await others).toEqual([]);
  proxy.mend();
  finish();
  await expect.poll(() => here.stats()).toMatchObject({ leased: 0, totals: { acked: 1 } });
  expect(attempts).toEqual([1]);
});

test("nor while its line stands still, and nobody has noticed yet", async () => {
  const { proxy, url, here } = await proxied(15_000, { leaseMs: 300 });
  await here.send(1);
  const { attempts, finish } = await handling(url);
  proxy.stall();
  expect(await here.receive({ waitMs: 4_000 })).toEqual([]);
  proxy.mend();
  finish();
  await expect.poll(() => here.stats()).toMatchObject({ leased: 0, totals: { acked: 1 } });
  expect(attempts).toEqual([1]);
});

test("what is held by who does not come back in time goes to others", async () => {
  const { proxy, url, here } = await proxied(300);
  await here.send(1);
  const queue = await (await join(url)).openQueue<number>("orders");
  expect(await queue.receive()).toHaveLength(1);
  await proxy.close();
  const [again] = await here.receive({ waitMs: 5_000 });
  expect(again).toMatchObject({ body: 1, redelivered: true });
  await again?.ack();
});

test("what is held by a page that goes, as its browser says for it, goes to others within a second or two", async () => {
  const { url, here } = await proxied(60_000);
  await here.send(1);
  const sockets: { close(code: number): void }[] = [];
  class PageSocket extends WebSocket {
    constructor(to: string, protocol: string) {
      // The page is gone: nobody comes back.
      super(sockets.length > 0 ? "ws://127.0.0.1:1" : to, protocol);
      sockets.push(this as unknown as { close(code: number): void });
    }
  }
  vi.stubGlobal("WebSocket", PageSocket);
  atEnd(async () => void vi.unstubAllGlobals());
  const queue = await (await join(url)).openQueue<number>("orders");
  expect(await queue.receive()).toHaveLength(1);
  sockets[0]?.close(1001);
  const [again] = await here.receive({ waitMs: 10_000 });
  expect(again).toMatchObject({ body: 1, redelivered: true });
  await again?.ack();
});

test("a line that is dead and does not say so is noticed by both ends", async () => {
  const { proxy, url, here } = await proxied(0);
  await here.send(1);
  const queue = await (await join(url)).openQueue<number>("orders");
  await queue.receive();
  proxy.stall();
  const sent = queue.send(2);
  const [again] = await here.receive({ waitMs: 15_000 });
  expect(again).toMatchObject({ body: 1 });
  await again?.ack();
  proxy.mend();
  await sent;
  expect((await here.peek()).map(({ body }) => body)).toEqual([2]);
}, 40_000);

test("who closes is gone at once, and does not come back to say goodbye again", async () => {
  const { proxy, url } = await proxied(15_000);
  const connections = await Promise.all(Array.from({ length: 40 }, () => join(url)));
  await Promise.all(connections.map((connection) => connection.close()));
  expect(proxy.count).toBe(40);
});
