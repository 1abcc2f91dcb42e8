// Queues that are local first: one in memory here, and one on a real server, which goes away, refuses, and comes back.

import { afterEach, expect, test, vi } from "vitest";
import {
  type Connection,
  type LocalFirstOptions,
  type LocalFirstQueue,
  openQueue,
  type Queue,
  type QueueError,
  type StandardSchema,
} from "../../../../src/index.js";
import { type ServeOptions, type Server, serve } from "../../../../src/server.js";
import { type FaultyLine, startFaultyLine } from "../../../edge/proxy.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Place {
  readonly server: Server;
  readonly line: FaultyLine;
  readonly url: string;
  /** The queue "orders" of the server, as its own process sees it. */
  readonly there: Queue<number>;
}

let places = 0;
async function openPlace(options: ServeOptions = {}): Promise<Place> {
  const server = await serve({ memory: true, port: 0, ...options });
  const line = await startFaultyLine(server.url);
  closing.push(
    () => server.close(),
    () => line.close(),
  );
  const database = `shop-${++places}`;
  const connection: Connection = await server.connect({ database });
  return { server, line, url: `${line.url}/mq/${database}`, there: await connection.openQueue<number>("orders") };
}

/** On this device: each connects by itself, as tabs do. */
async function open(url: string, options: Partial<LocalFirstOptions> = {}): Promise<LocalFirstQueue<number>> {
  // Another function is another user, perhaps: no client is shared.
  const token = options.token ?? (() => "till");
  const queue = await openQueue<number>("orders", { url, local: true, storage: "memory", ...options, token });
  closing.push(() => queue.close({ force: true }));
  return queue;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const bodies = (messages: readonly { readonly body: unknown }[]) => messages.map(({ body }) => body);
const arrives = (there: Queue<number>, expected: readonly number[]) =>
  vi.waitFor(async () => expect(bodies(await there.peek({ max: 1_000 }))).toEqual(expected), 15_000);

test("a send is durable here at once, is at the server soon, and says by its id when", async () => {
  const { url, there } = await openPlace();
  const queue = await open(url);
  const told: string[] = [];
  queue.addEventListener("forwarded", ({ detail }) => told.push(...detail.ids));
  const receipt = await queue.send(7, { headers: { shop: "north" }, priority: 9, groupId: "a" });
  expect(receipt).toEqual({ id: expect.any(String), duplicate: false, where: "local" });
  await arrives(there, [7]);
  expect(await there.peek()).toMatchObject([{ headers: { shop: "north" }, priority: 9, groupId: "a" }]);
  await queue.whenIdle();
  expect(told).toEqual([receipt.id]);
});

test("what is sent without a network waits here, in order, and is there once when there is one", async () => {
  const { url, line, there } = await openPlace();
  line.stall();
  const queue = await open(url);
  const receipts = [await queue.send(0), ...(await queue.sendBatch(numbers(1, 500).map((body) => ({ body }))))];
  expect(new Set(receipts.map(({ where }) => where))).toEqual(new Set(["local"]));
  expect(bodies(await queue.peek({ max: 1_000 }))).toEqual(numbers(0, 500));
  expect(await queue.stats()).toMatchObject({ ready: 500, bridge: { state: "opening" }, remote: null });
  line.mend();
  await arrives(there, numbers(0, 500));
  await queue.whenIdle();
  expect(await queue.stats()).toMatchObject({
    ready: 0,
    bridge: { state: "flowing", forwarded: 500 },
    remote: { ready: 500 },
  });
});

test("what is taken comes from the server, whoever sent it, and what waits here is handled nowhere meanwhile", async () => {
  const { url, line, there } = await openPlace();
  line.stall();
  const queue = await open(url);
  const handled: number[] = [];
  queue.consume(({ body }) => void handled.push(body));
  await queue.send(1);
  await there.send(2);
  expect(await queue.local.stats()).toMatchObject({ ready: 1 });
  expect(handled).toEqual([]);
  line.mend();
  await vi.waitFor(() => expect([...handled].sort()).toEqual([1, 2]), 15_000);
  expect(await queue.local.stats()).toMatchObject({ ready: 0, leased: 0, dead: 0 });
  await vi.waitFor(async () => expect((await there.stats()).totals.acked).toBe(2));
});

test("a grant to send is enough to forward, and what may not be looked at is not told", async () => {
  const authorize: ServeOptions["authorize"] = () => ({ client: "till", queues: { orders: ["send"] } });
  const { url, there } = await openPlace({ authorize });
  const queue = await open(url);
  await queue.send(1);
  await arrives(there, [1]);
  await queue.whenIdle();
  expect(await queue.stats()).toMatchObject({ ready: 0, dead: 0, bridge: { forwarded: 1 }, remote: null });
});

test("a message that the server refuses for good is a dead letter here, in its words, and those behind it go on", async () => {
  const { url, there } = await openPlace({ maxMessageBytes: 100_000 });
  const queue = (await open(url)) as LocalFirstQueue<unknown>;
  const refused: unknown[] = [];
  queue.addEventListener("refused", ({ detail }) => refused.push(detail));
  await queue.send(1);
  const { id } = await queue.send("x".repeat(200_000));
  await queue.send(2);
  await arrives(there, [1, 2]);
  await vi.waitFor(() => expect(refused).toMatchObject([{ id }]));
  const [dead] = await queue.deadLetters.list();
  expect(dead?.id).toBe(id);
  expect(dead?.reason).toContain("100000");
});

test("a token that is refused costs no message: all waits here until one is accepted, and that is asked for anew", async () => {
  let accepted = "none";
  const { url, there } = await openPlace({
    authorize: ({ token }) => (token === accepted ? { client: "till", queues: { orders: ["send"] } } : null),
  });
  let token = "yesterday's";
  const queue = await open(url, { token: () => token });
  const stalled: QueueError[] = [];
  queue.addEventListener("stalled", ({ detail }) => stalled.push(detail.error));
  await queue.sendBatch(numbers(0, 10).map((body) => ({ body })));
  await vi.waitFor(() => expect(stalled[0]?.code).toBe("denied"));
  expect(await queue.stats()).toMatchObject({
    ready: 10,
    dead: 0,
    bridge: { state: "stalled", error: { code: "denied" } },
  });
  accepted = token = "today's";
  await arrives(there, numbers(0, 10));
});

test("a token that is refused later, when the line has broken, costs no message either", async () => {
  let accepted = "today's";
  const { url, line, there } = await openPlace({
    authorize: ({ token }) => (token === accepted ? { client: "till", queues: { orders: ["send"] } } : null),
  });
  let token = "today's";
  const queue = await open(url, { token: () => token });
  await queue.send(0);
  await arrives(there, [0]);
  accepted = "tomorrow's";
  line.cut();
  for (const body of numbers(1, 20)) await queue.send(body);
  await vi.waitFor(async () => expect((await queue.stats()).bridge).toMatchObject({ state: "stalled" }), 10_000);
  expect(await queue.stats()).toMatchObject({ dead: 0, totals: { acked: 1 } });
  token = "tomorrow's";
  await arrives(there, numbers(0, 20));
});

test("a line that is gone shows although nothing is to be sent, and so does that it is back", async () => {
  const { url, line, there } = await openPlace();
  const queue = await open(url);
  const told: string[] = [];
  for (const type of ["stalled", "flowing"] as const) queue.addEventListener(type, () => told.push(type));
  await vi.waitFor(async () => expect((await queue.stats()).remote).not.toBeNull());
  told.length = 0;
  line.stall();
  line.cut();
  await vi.waitFor(async () => expect((await queue.stats()).bridge.state).toBe("stalled"), 15_000);
  expect(await queue.stats()).toMatchObject({ bridge: { error: { code: "host-lost" } }, remote: null });
  line.mend();
  await vi.waitFor(async () => expect((await queue.stats()).bridge.state).toBe("flowing"), 15_000);
  expect([told[0], told.at(-1)]).toEqual(["stalled", "flowing"]);
  await queue.send(1);
  await arrives(there, [1]);
});

test("of two contexts with the same queue one forwards at a time, and both hear of it", async () => {
  const { url, there } = await openPlace();
  const [one, two] = [await open(url), await open(url, { token: () => "another tab" })];
  const heard: string[][] = [[], []];
  for (const [i, queue] of [one, two].entries())
    queue.addEventListener("forwarded", ({ detail }) => heard[i]?.push(...detail.ids));
  const receipts = await Promise.all(numbers(0, 200).map((body) => (body % 2 ? one : two).send(body)));
  await vi.waitFor(async () => expect((await there.stats()).ready).toBe(200), 10_000);
  await one.whenIdle();
  const ids = receipts.map(({ id }) => id).sort();
  await vi.waitFor(() => expect(heard.map((told) => [...told].sort())).toEqual([ids, ids]));
  const forwarded = await Promise.all([one, two].map(async (queue) => (await queue.stats()).bridge.forwarded));
  expect(forwarded.sort((a, b) => a - b)).toEqual([0, 200]);
  // The other goes on when that one is closed.
  const [first, second] = (await one.stats()).bridge.forwarded ? [one, two] : [two, one];
  await first.close();
  await second.send(200);
  await vi.waitFor(async () => expect((await there.stats()).ready).toBe(201), 10_000);
});

test("closing ends both sides, also without a network, and what was not forwarded goes up when it is opened again", async () => {
  const { url, line, there } = await openPlace();
  const keeper = await openQueue("keeper", { storage: "memory", database: `originmq@${new URL(url).href}` });
  closing.push(() => keeper.close());
  line.stall();
  const queue = await open(url);
  await queue.send(1);
  await queue.close();
  await expect(queue.send(2)).rejects.toMatchObject({ code: "closed" });
  await expect(queue.receive()).rejects.toMatchObject({ code: "closed" });
  await queue.close();
  line.mend();
  await open(url);
  await arrives(there, [1]);
});

test("taking back what waits here, and stopping what goes up, concern this device alone", async () => {
  const { url, there } = await openPlace();
  await there.send(100);
  const queue = await open(url);
  await queue.pause();
  await queue.sendBatch(numbers(0, 5).map((body) => ({ body })));
  expect(await queue.purge()).toEqual({ purged: 5 });
  await queue.send(5);
  await queue.resume();
  await arrives(there, [100, 5]);
  expect(await queue.delete()).toEqual({ deleted: 0 });
  expect((await there.stats()).ready).toBe(2);
});

test("a delay is kept by the server: the message is there long before it ends, and a wrong one is refused here", async () => {
  const { url, there } = await openPlace();
  const queue = await open(url);
  const [hour, at] = [3_600_000, Date.now() + 7_200_000];
  await queue.send(1, { delayMs: hour, headers: { shop: "north" } });
  await queue.sendBatch([{ body: 2, deliverAt: new Date(at) }]);
  const writer = queue.writable({ delayMs: 2 * hour }).getWriter();
  await writer.write(3);
  await arrives(there, [1, 2, 3]);
  const [first, second, third] = await there.peek();
  expect(first).toMatchObject({ state: "delayed", headers: { shop: "north" } });
  // Of what it took to get there nothing is added, and nothing waits for a clock here.
  expect(first?.deliverAt).toBeLessThanOrEqual(Date.now() + hour);
  expect(first?.deliverAt).toBeGreaterThan(Date.now() + hour - 60_000);
  expect(second).toMatchObject({ deliverAt: at, headers: {} });
  expect(third?.deliverAt).toBeGreaterThan(at - 60_000);
  for (const options of [{ delayMs: -1 }, { deliverAt: "tomorrow" as never }, { delayMs: 1, deliverAt: at }])
    await expect(queue.send(4, options)).rejects.toMatchObject({ code: "invalid-argument" });
});

test("a header of the name that delays have on their way is refused, and one that is there stops nothing", async () => {
  const { url, there } = await openPlace();
  const queue = await open(url);
  for (const text of ["tomorrow", "null"]) {
    const headers = { "originmq-delay": text };
    const refused = { code: "invalid-argument", message: expect.stringContaining("originmq-delay") };
    await expect(queue.send(0, { headers })).rejects.toMatchObject(refused);
    await expect(queue.sendBatch([{ body: 0, headers }])).rejects.toMatchObject(refused);
    await queue.local.send(1, { headers });
  }
  await queue.sendBatch([2, 3].map((body) => ({ body })));
  await arrives(there, [1, 1, 2, 3]);
  expect((await there.peek())[0]?.headers).toEqual({ "originmq-delay": "tomorrow" });
});

test("queues for two servers, and those of the application, do not meet", async () => {
  const [north, south] = [await openPlace(), await openPlace()];
  const own = await openQueue<number>("orders", { storage: "memory" });
  closing.push(() => own.close());
  const [up, down] = [await open(north.url), await open(south.url)];
  await Promise.all([up.send(1), down.send(2), own.send(3)]);
  await arrives(north.there, [1]);
  await arrives(south.there, [2]);
  expect(bodies(await own.peek())).toEqual([3]);
});

test("a delivery's ack can send to it in one commit: the server's queue is meant", async () => {
  const { url, there } = await openPlace();
  const queue = await open(url);
  await there.send(1);
  const [delivery] = await queue.receive({ waitMs: 10_000 });
  await delivery?.ack({ send: [{ queue, body: 2 }] });
  expect(bodies(await there.peek())).toEqual([2]);
});

test.each([
  [{ local: true, storage: "memory" }, /local .*url is missing/],
  [{ local: true, url: "ws://localhost/mq/x", storage: "memory", lazy: true }, /lazy is not for/],
  [
    { local: true, url: "ws://localhost/mq/x", storage: "memory", leaseMs: 500 },
    /leaseMs is a setting of the server's/,
  ],
  [{ local: "yes", url: "ws://localhost/mq/x" }, /local/],
  [{ local: true, url: "ws://localhost/mq/x", storage: "memory", database: "d".repeat(250) }, /characters together/],
])("what does not fit together is refused by name: %o", async (options, message) => {
  const opening = openQueue("orders", options as never);
  await expect(opening).rejects.toMatchObject({ code: "invalid-argument", message: expect.stringMatching(message) });
});

test("where nothing is kept, it says so: in memory only when asked for by name", async () => {
  const opening = openQueue("orders", { url: "ws://localhost/mq/x", local: true });
  await expect(opening).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining('storage "memory"'),
  });
});

test("a schema that gives out something else than it takes sees each body once: as it was sent", async () => {
  const { url } = await openPlace();
  const schema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value: unknown) =>
        typeof value === "string" ? { value: Number(value) } : { issues: [{ message: "no text" }] },
    },
  } satisfies StandardSchema;
  const options = { url, token: () => "till", schema } as const;
  const queue = await openQueue("orders", { ...options, local: true, storage: "memory" });
  closing.push(() => queue.close({ force: true }));
  const got: unknown[] = [];
  queue.consume(({ body }) => {
    got.push(body);
  });
  await queue.send("7" as never);
  await vi.waitFor(() => expect(got).toEqual([7]), 15_000);
  expect(await queue.stats()).toMatchObject({ dead: 0 });
});
