import { describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { encode } from "../../../src/codec/codec.js";
import { SILENT_PORTS_MAX } from "../../../src/core/spec/limits.js";
import { type Connection, connect } from "../../../src/index.js";
import type { Port } from "../../../src/link/rpc/guard.js";
import { setTimer } from "../../../src/link/rpc/timer.js";
import { frame as frameOf, framesOf, KIND } from "../../../src/link/socket/frames.js";
import { createAccount } from "../../../src/server/account.js";
import { admit } from "../../../src/server/admission.js";
import { createDatabases, type Database, type Hearer } from "../../../src/server/databases.js";
import { createLimits } from "../../../src/server/limits.js";
import { type Authorize, type Grant, type ServeOptions, serve } from "../../../src/server.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { settle, socketPair } from "../link/socket/pair.js";
import { atEnd, join, startServer } from "./world.js";

const LIMITS_PARTS = { setTimer, monotonic: () => performance.now() };
const ALL: Grant["queues"] = { "*": ["send", "consume", "peek", "manage"] };

/** Whoever comes is called as its token says. */
const byToken =
  (limits: Record<string, Grant["limits"]> = {}): Authorize =>
  ({ token = "" }) => ({ client: token, queues: ALL, ...(limits[token] && { limits: limits[token] }) });

async function start(options: ServeOptions = {}) {
  const server = await startServer({ authorize: byToken(), ...options });
  const as = (token: string) => join(`${server.url}/mq/shop`, { token: () => token });
  return { server, as, url: `${server.url}/mq/shop` };
}

const full = (limit: string, max: number) => ({ code: "full", detail: { limit, max } });

/** It still can do everything. */
async function works(connection: Connection, name = "q"): Promise<void> {
  const queue = await connection.openQueue<number>(name);
  await queue.send(1);
  const [delivery] = await queue.receive({ waitMs: 2_000 });
  await delivery?.ack();
  expect(delivery?.body).toBe(1);
  expect(await queue.stats()).toMatchObject({ ready: 0, leased: 0 });
}

describe("limits", () => {
  test.each<[ServeOptions, string]>([
    [{ maxConnections: 0 }, "serve().maxConnections"],
    [{ maxBytesInFlight: 1_000 }, "serve().maxBytesInFlight"],
    [{ maxMessageBytes: 100_000, maxBytesInFlight: 100_000 }, "serve().maxBytesInFlight must be at least 101024"],
    [{ perClient: { bytesInFlight: 2 ** 20 } }, "serve().perClient.bytesInFlight must be at least"],
    [{ perClient: { requestsPerSecond: 0.5 } }, "serve().perClient.requestsPerSecond"],
    [{ perClient: { queue: 1 } as object }, 'unknown option "queue"'],
    [{ perDatabase: { consumers: -1 } }, "serve().perDatabase.consumers"],
    [{ idleMs: -1 }, "serve().idleMs"],
  ])("that make no sense are refused at once, by name: %j", async (options, message) => {
    await expect(serve({ memory: true, port: 0, ...options })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining(message),
    });
  });

  test("of a grant that make no sense are its keeper's mistake: it hears, and nobody is let in", async () => {
    const errors: unknown[] = [];
    const heard = new AbortController();
    const { url } = await start({
      authorize: () => ({ client: "a", queues: ALL, limits: { bytesInFlight: 2_000 } }),
      onError(error) {
        errors.push(error);
        heard.abort(new Error("heard"));
      },
    });
    await expect(connect({ url, signal: heard.signal })).rejects.toThrow("heard");
    expect(errors[0]).toMatchObject({ code: "invalid-argument", message: expect.stringContaining("bytesInFlight") });
  });
});

describe("connections", () => {
  test("beyond those of one client wait, and nobody else does", async () => {
    const { as, url } = await start({ perClient: { connections: 1 } });
    const first = await as("till");
    const second = connect({ url, token: () => "till" });
    await works(await as("another"));
    await works(first);
    await first.close();
    const connection = await second;
    atEnd(() => connection.close({ force: true }));
    await works(connection, "another");
  });

  test("beyond those of the server wait until one has gone", async () => {
    const { as, url } = await start({ maxConnections: 1 });
    const first = await as("a");
    const waiting = connect({ url, token: () => "b" });
    await works(first);
    await first.close();
    await works(await waiting, "another");
    await (await waiting).close();
  });
});

test("as many ports as there may be connections wait for their clients' first word, and none is let go for the others", async () => {
  const { perDatabase } = createLimits("limits", { maxConnections: SILENT_PORTS_MAX + 500 }, LIMITS_PARTS);
  const databases = createDatabases({
    openStore: async () => createMemoryStore({ disk: createMemoryDisk() }),
    ...{ reconnectMs: 0, limits: perDatabase, report: () => {} },
  });
  atEnd(() => databases.close());
  const { host } = await databases.open("shop");
  const said: unknown[] = [];
  const port: Port = { postMessage: (message) => said.push(message), addEventListener() {}, removeEventListener() {} };
  for (let i = 0; i < SILENT_PORTS_MAX + 500; i++) host.connect(port);
  expect([host.ports, said]).toEqual([SILENT_PORTS_MAX + 500, []]);
  host.connect(port);
  expect([host.ports, said.length]).toEqual([SILENT_PORTS_MAX + 500, 1]);
});

describe("queues", () => {
  test("beyond those that a client may use are refused by name, and nothing is stored", async () => {
    const { as } = await start({ authorize: byToken({ till: { queues: 2 } }) });
    const till = await as("till");
    const [one] = [await till.openQueue("one"), await till.openQueue("two")];
    await expect(till.openQueue("three")).rejects.toMatchObject(full("perClient.queues", 2));
    await one?.send(1);
    const another = await as("another");
    await works(another, "four");
    expect((await another.queues()).map(({ name }) => name).sort()).toEqual(["four", "one", "two"]);
  });

  test("beyond those that a database may hold are refused by name, however they would come about", async () => {
    const { as } = await start({ perDatabase: { queues: 2 } });
    const till = await as("till");
    const queue = await till.openQueue("one");
    const topic = await till.openTopic("news");
    const all = await topic.subscription("all");
    const none = full("perDatabase.queues", 2);
    await expect(till.openQueue("three")).rejects.toMatchObject(none);
    await expect(topic.subscription("some")).rejects.toMatchObject(none);
    await expect(till.transaction((tx) => tx.send("three", 1))).rejects.toMatchObject(none);
    await queue.send(1);
    expect(await topic.publish(1)).toEqual({ subscriptions: 1 });
    expect((await till.queues()).map(({ name }) => name).sort()).toEqual(["news/all", "one"]);
    // Who asks waits for the answer in a queue of its own, which is none of these.
    queue.consume(({ body }) => body);
    expect(await queue.request(7, { timeoutMs: 5_000 })).toBe(7);
    await all.delete();
    await works(till, "three");
  });
});

describe("consumers", () => {
  test.each([
    ["one client", { perClient: { consumers: 2 } }],
    ["a database", { perDatabase: { consumers: 2 } }],
  ])("beyond those of %s wait until one of them ends, on whichever connection", async (_, limits) => {
    const { as, server } = await start(limits);
    const queues = await Promise.all(Array.from({ length: 3 }, async () => (await as("till")).openQueue<number>("q")));
    const taken: number[] = [];
    const [first, ...others] = queues.map((queue, i) => queue.consume(() => void taken.push(i)));
    const here = await (await server.connect({ database: "shop" })).openQueue<number>("q");
    await expect.poll(async () => (await here.stats()).load.handlers).toBe(2);
    await first?.stop();
    await others[0]?.stop();
    await here.send(1);
    await expect.poll(() => taken).toEqual([2]);
    await works(await as("another"), "another");
  });
});

describe("requests", () => {
  test("go on as the client's last grant says, and not as the one before", () => {
    let now = 0;
    const account = createAccount({ setTimer: () => () => {}, monotonic: () => now }, () => {});
    const others = { connections: 1, queues: 1, consumers: 1, bytesInFlight: 1 };
    const takeAll = () => {
      for (let taken = 0; ; taken++) if (account.take() > 0) return taken;
    };
    account.set({ ...others, requestsPerSecond: 1, requestBurst: 100 });
    expect(takeAll()).toBe(100);
    account.set({ ...others, requestsPerSecond: 1_000, requestBurst: 1_000 });
    // What it has used it has used: a hundred.
    expect(takeAll()).toBe(900);
    now += 500;
    account.set({ ...others, requestsPerSecond: 10, requestBurst: 20 });
    expect(takeAll()).toBe(0);
    now += 2_000;
    expect(takeAll()).toBe(20);
  });

  test("that come faster than they may wait, in their order, and none is lost", async () => {
    const { as } = await start({ perClient: { requestsPerSecond: 50, requestBurst: 5 } });
    const queue = await (await as("till")).openQueue<number>("q");
    const begun = performance.now();
    const stats = Array.from({ length: 40 }, () => queue.stats());
    const sends = Array.from({ length: 100 }, (_, i) => queue.send(i));
    await Promise.all([...stats, ...sends]);
    // Forty requests at fifty a second, five of them at once.
    expect(performance.now() - begun).toBeGreaterThan(600);
    expect((await queue.peek({ max: 100 })).map(({ body }) => body)).toEqual(sends.map((_, i) => i));
  });

  test("of one who must wait hold up nobody else", async () => {
    const { as } = await start({ authorize: byToken({ slow: { requestsPerSecond: 10, requestBurst: 3 } }) });
    const slow = await (await as("slow")).openQueue<number>("q");
    const waiting = Promise.allSettled(Array.from({ length: 50 }, () => slow.stats()));
    let isOver = false;
    void waiting.then(() => {
      isOver = true;
    });
    await works(await as("another"), "another");
    expect(isOver).toBe(false);
  });
});

describe("bytes in flight", () => {
  const message = (value: unknown) => [...framesOf(encode(value))];
  const call = (id: string, value: unknown) =>
    message({ id, type: "APPLY", path: [], argumentList: [{ type: "RAW", value }] });

  /** A raw socket that is let in and has said hello, and reads on. */
  async function open(url: string, token: string) {
    const socket = new WebSocket(url, "originmq.1") as unknown as globalThis.WebSocket;
    socket.binaryType = "arraybuffer";
    const closed = new Promise<string>((resolve) =>
      socket.addEventListener("close", ({ code, reason }) => resolve(`${code} ${reason}`)),
    );
    let heard = 0;
    let wake = () => {};
    socket.addEventListener("message", ({ data }) => {
      if (new Uint8Array(data)[0] === KIND.message) heard++;
      wake();
    });
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    const say = (frames: readonly Uint8Array[]) => {
      for (const frame of frames) socket.send(frame as Uint8Array<ArrayBuffer>);
    };
    const hear = async (count: number) => {
      while (heard < count)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    };
    say(message({ type: "originmq:greet", token }));
    await hear(1);
    say(call("hello", { op: "hello", wire: [1, 3], client: "raw", held: [] }));
    await hear(2);
    return { say, closed, socket };
  }
  const small = { maxMessageBytes: 100_000, perClient: { bytesInFlight: 400_000 } };

  test("of requests that are not answered end the connection that has them, and no other", async () => {
    const { as, url } = await start(small);
    const { say, closed } = await open(url, "flood");
    // Each waits until the queue is idle, which it is not.
    const another = await as("another");
    const queue = await another.openQueue("q");
    await queue.send(1);
    for (let i = 0; i < 400; i++) say(call(`${i}`, { op: "idle", waiter: `w${i}`, queue: "q" }));
    expect(await closed).toBe("1013 more bytes in flight than perClient.bytesInFlight, 400000");
    await works(another, "another");
  });

  test("of messages that are never completed end the connections that have them", async () => {
    const { as, url } = await start({ ...small, maxBytesInFlight: 300_000 });
    const another = await as("another");
    const half = [...framesOf(encode(new Uint8Array(90_000)))].slice(0, 1);
    const lines = await Promise.all(["a", "b", "c", "d", "e"].map((token) => open(url, token)));
    for (const { say } of lines) say(half);
    expect(await Promise.race(lines.map(({ closed }) => closed))).toBe(
      "1013 more bytes in flight than maxBytesInFlight, 300000",
    );
    await works(another);
    for (const { socket } of lines) socket.close();
  });

  test("are those of the first message few: who is not known says nothing large", async () => {
    const { server, as } = await start();
    const socket = new WebSocket(`${server.url}/mq/shop`, "originmq.1") as unknown as globalThis.WebSocket;
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    const closed = new Promise((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
    for (const frame of framesOf(new Uint8Array(200_000))) socket.send(frame);
    expect(await closed).toBe(1009);
    await works(await as("another"));
  });

  test("of one client that sends much at once on many connections are its own matter: all of it arrives", async () => {
    const { as } = await start(small);
    const queues = await Promise.all(
      Array.from({ length: 8 }, async () => (await as("till")).openQueue<Uint8Array>("q", { maxMessages: 1_000 })),
    );
    const sends = queues.flatMap((queue) => Array.from({ length: 12 }, () => queue.send(new Uint8Array(60_000))));
    await Promise.all(sends);
    expect(await queues[0]?.stats()).toMatchObject({ ready: 96, totals: { accepted: 96 } });
  });
});

test("a connection that is shed while it joins is told nothing any more, and nobody remembers it", async () => {
  const limits = createLimits("limits", { maxMessageBytes: 1_024, perClient: { bytesInFlight: 2_048 } }, LIMITS_PARTS);
  const [socket, client] = socketPair();
  const listening = new Set<Hearer>();
  const hear = (hearer: Hearer) => {
    listening.add(hearer);
    return () => listening.delete(hearer);
  };
  const connect = vi.fn();
  const database = { host: { hasQueue: () => true, connect }, hear } as unknown as Database;
  admit(
    socket,
    { database: "shop", origin: undefined, headers: {} },
    {
      ...{ setTimer, limits },
      authorize: () => ({ client: "till", queues: ALL }),
      openDatabase: async () => database,
      report: () => {},
    },
  );
  for (const frame of framesOf(encode({ type: "originmq:greet" }))) client.send(frame);
  // Half of a message that is larger than what this client may have under way.
  client.send(frameOf(KIND.piece, new Uint8Array(8_000)));
  await settle();
  expect([socket.closedWith, listening.size, connect.mock.calls]).toEqual([[1013], 0, []]);
});
