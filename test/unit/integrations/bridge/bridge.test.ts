// A bridge over queues in memory, and over a target that fails as it is told.

import { afterEach, expect, test, vi } from "vitest";
import { type BridgeOptions, type BridgeSource, bridge, fromQueue, toQueue } from "../../../../src/bridge.js";
import { connect, type Queue, QueueError } from "../../../../src/index.js";
import { createBridge } from "../../../../src/integrations/bridge/bridge.js";
import { optionsOf, toQueueAs } from "../../../../src/integrations/bridge/queue-target.js";
import { runtime } from "../../../../src/integrations/bridge/runtime.js";
import { deferred } from "../../../../src/link/rpc/deferred.js";
import { createScene, drained, numbers } from "../../../bridge/scene.js";
import { createScriptedTarget } from "./scripted-target.js";

const scene = createScene();
const { open, with: opened } = scene;
afterEach(() => scene.close());

/** As `bridge()`, without the waits between attempts. */
const quick = (source: Queue, target: ReturnType<typeof createScriptedTarget>, options: BridgeOptions = {}) =>
  opened(createBridge(fromQueue(source), target, options, { ...runtime, random: () => 0 }));

const send = (queue: Queue<number>, to: number, groupOf?: (body: number) => string) =>
  queue.sendBatch(numbers(0, to).map((body) => ({ body, ...(groupOf && { groupId: groupOf(body) }) })));
/** Calls wait until what this returns is called. */
const hold = (target: ReturnType<typeof createScriptedTarget>): (() => void) => {
  const { promise, resolve } = deferred();
  target.before = () => promise;
  return resolve;
};
const bodies = (messages: readonly { readonly body: unknown }[]) => messages.map(({ body }) => body);

test("forwards what waits and what comes, in order, with all that belongs to a message, and then acknowledges it", async () => {
  const [source, target] = [await open<unknown>(), await open<unknown>()];
  const headers = { shop: "north", traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  const { id } = await source.send({ at: new Date(5) }, { headers, priority: 4, groupId: "a", ttlMs: 60_000 });
  const up = opened(bridge(source, target));
  await source.sendBatch(numbers(0, 500).map((body) => ({ body })));
  await drained(source);
  const all = await target.peek({ max: 1_000 });
  expect(all[0]).toMatchObject({ body: { at: new Date(5) }, headers, priority: 4, groupId: "a" });
  expect(bodies(all.slice(1))).toEqual(numbers(0, 500));
  expect((await target.receive())[0]?.expiresAt).toBeGreaterThan(Date.now());
  expect(up.stats()).toMatchObject({
    state: "flowing",
    forwarded: 501,
    duplicates: 0,
    refused: 0,
    inFlight: 0,
    error: null,
  });
  // What was forwarded and not acknowledged would be sent again under the same id.
  expect(await target.send("again", { deduplicationId: id })).toMatchObject({ duplicate: true });
});

test("tells of what was forwarded by its ids", async () => {
  const [source, target] = [await open<number>(), await open<number>()];
  const told: string[] = [];
  const up = opened(bridge(source, target));
  up.addEventListener("forwarded", ({ detail }) => told.push(...detail.ids));
  const receipts = await send(source, 300);
  await drained(source);
  expect(told).toEqual(receipts.map(({ id }) => id));
});

test("gives the target batches of at most `batch`, and has at most `inFlight` out", async () => {
  const source = await open<number>();
  await send(source, 100);
  const target = createScriptedTarget();
  const answer = hold(target);
  const up = quick(source, target, { batch: 10, inFlight: 30 });
  await vi.waitFor(() => expect(target.calls.flat()).toEqual(numbers(0, 30)));
  expect(target.calls.every((call) => call.length <= 10)).toBe(true);
  expect(up.stats().inFlight).toBe(30);
  expect((await source.stats()).leased).toBe(30);
  answer();
});

test("sends what was not known again under the same id, before what is behind it in its line", async () => {
  const source = await open<number>();
  await send(source, 100);
  const target = createScriptedTarget();
  const failing = new Set([5, 6, 30]);
  // Nothing behind them is stored either: so it is when a connection ends.
  let isCut = false;
  target.judge = ({ body }) => {
    isCut ||= failing.delete(body as number);
    return isCut ? { type: "unknown", error: new Error("lost") } : undefined;
  };
  target.before = async () => {
    isCut = false;
  };
  const up = quick(source, target, { batch: 10 });
  await drained(source);
  expect(bodies(target.stored)).toEqual(numbers(0, 100));
  expect(up.stats()).toMatchObject({ forwarded: 100, state: "flowing" });
  expect(up.stats().sentAgain).toBeGreaterThan(0);
  expect((await source.stats()).totals.acked).toBe(100);
});

test("one line whose message is not taken holds up no other", async () => {
  const source = await open<number>();
  await send(source, 40, (body) => (body % 2 ? "odd" : "even"));
  const target = createScriptedTarget();
  let isOpen = false;
  target.judge = ({ body }) => (body === 1 && !isOpen ? { type: "unknown", error: new Error("not now") } : undefined);
  quick(source, target);
  await vi.waitFor(() => expect(bodies(target.stored)).toEqual(numbers(0, 40).filter((body) => body % 2 === 0)));
  isOpen = true;
  await drained(source);
  expect(bodies(target.stored).slice(20)).toEqual(numbers(0, 40).filter((body) => body % 2 === 1));
});

test("nor does it while nothing else waits: what comes later in another line is forwarded", async () => {
  const source = await open<string>();
  await source.send("full", { groupId: "full" });
  const target = createScriptedTarget();
  target.judge = ({ groupId }) => (groupId === "full" ? { type: "unknown", error: new Error("no room") } : undefined);
  const up = quick(source, target);
  await vi.waitFor(() => expect(up.stats().state).toBe("stalled"));
  await source.send("other", { groupId: "other" });
  await vi.waitFor(() => expect(bodies(target.stored)).toEqual(["other"]));
});

test("a final refusal is a dead letter in the target's words, and those behind it go on", async () => {
  const source = await open<number>();
  const receipts = await send(source, 5);
  const target = createScriptedTarget();
  target.judge = ({ body }) => (body === 2 ? { type: "refused", reason: "no such thing" } : undefined);
  const up = quick(source, target);
  const refused: unknown[] = [];
  up.addEventListener("refused", ({ detail }) => refused.push(detail));
  await drained(source);
  expect(bodies(target.stored)).toEqual([0, 1, 3, 4]);
  expect(await source.deadLetters.list()).toMatchObject([{ body: 2, reason: "no such thing" }]);
  expect(refused).toEqual([{ id: receipts[2]?.id, reason: "no such thing" }]);
  expect(up.stats()).toMatchObject({ forwarded: 4, refused: 1 });
});

test("a queue that refuses one message for good takes those beside it, in order", async () => {
  const [source, target] = [await open<unknown>(), await open<unknown>()];
  await source.sendBatch([{ body: 0 }, { body: 1, headers: { long: "x".repeat(60_000) } }, { body: 2 }]);
  const picky: Queue = {
    ...target,
    sendBatch: (items) =>
      target.sendBatch(items.map((item) => (item.headers?.long ? { ...item, priority: 99 } : item))),
    send: (body, options) => target.send(body, options?.headers?.long ? { ...options, priority: 99 } : options),
  };
  opened(bridge(source, toQueue(picky)));
  await drained(source);
  expect(bodies(await target.peek())).toEqual([0, 2]);
  expect((await source.deadLetters.list())[0]?.reason).toContain("priority");
});

test("what comes behind a call that a queue refuses stays behind it, whoever is first to answer", async () => {
  const [source, target] = [await open<number>({ onGroupFailure: "skip" }), await open<number>()];
  await send(source, 30, (body) => `${body % 2}`);
  await send(source, 30);
  const picky: Queue<number> = {
    ...target,
    sendBatch: async (items, options) => {
      // As a server far away refuses.
      if (items.some(({ body }) => body === 3)) await new Promise((resolve) => setTimeout(resolve, 20));
      return target.sendBatch(
        items.map((item) => (item.body === 3 ? { ...item, priority: 99 } : item)),
        options,
      );
    },
    send: (body, options) => target.send(body, body === 3 ? { ...options, priority: 99 } : options),
  };
  const up = opened(bridge(source, toQueue(picky as Queue), { batch: 10 }));
  await drained(source);
  const stored = await target.peek({ max: 100 });
  const expected = numbers(0, 30).filter((body) => body !== 3);
  expect(bodies(stored.filter(({ groupId }) => groupId === null))).toEqual(expected);
  expect(bodies(stored.filter(({ groupId }) => groupId === "0"))).toEqual(expected.filter((body) => body % 2 === 0));
  expect(bodies(stored.filter(({ groupId }) => groupId === "1"))).toEqual(expected.filter((body) => body % 2 === 1));
  expect(up.stats()).toMatchObject({ forwarded: 58, refused: 2 });
});

test("a message of which nothing can be made to send is refused alone", async () => {
  const [source, target] = [await open<number>(), await open<number>()];
  await send(source, 5);
  const unfit = toQueueAs(target as Queue, (message) => {
    if (message.body === 2) throw new SyntaxError("no options for this one");
    return optionsOf(message);
  });
  opened(bridge(source, unfit));
  await drained(source);
  expect(bodies(await target.peek())).toEqual([0, 1, 3, 4]);
  expect(await source.deadLetters.list()).toMatchObject([{ body: 2, reason: "no options for this one" }]);
});

test("what a session has sent to a queue that is full does not wait there any more when it is closed", async () => {
  const [source, target] = [await open<number>(), await open<number>({ maxMessages: 10, overflow: "block" })];
  await send(source, 20);
  await target.sendBatch(numbers(100, 110).map((body) => ({ body })));
  const waiting: Promise<unknown>[] = [];
  const seen: Queue<number> = {
    ...target,
    sendBatch: (items, options) => {
      const sent = target.sendBatch(items, options);
      waiting.push(sent);
      return sent;
    },
  };
  const up = opened(bridge(source, toQueue(seen as Queue), { batch: 5 }));
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  await target.stats();
  await up.close({ waitMs: 0 });
  await expect(waiting[0]).rejects.toMatchObject({ code: "closed" });
  await target.purge();
  await target.send(7);
  expect(bodies(await target.peek())).toEqual([7]);
  expect(await source.stats()).toMatchObject({ ready: 20, leased: 0 });
});

test("a source that hands over no more, and why, is told of, and tried again", async () => {
  const [source, target] = [await open<number>(), createScriptedTarget()];
  let refusals = 1;
  const denied = new QueueError("denied", "this client may not consume it");
  const refusing: Queue<number> = {
    ...source,
    consume: (handler, options) => {
      const consumer = source.consume(handler, options);
      if (refusals-- <= 0) return consumer;
      void consumer.stop();
      return { ...consumer, closed: Promise.reject(denied) };
    },
  };
  const up = quick(refusing as Queue, target);
  const stalled: unknown[] = [];
  up.addEventListener("stalled", ({ detail }) => stalled.push(detail.error));
  await vi.waitFor(() => expect(stalled).toEqual([denied]));
  // Once it hands over again, whether or not there is anything.
  await vi.waitFor(() => expect(up.stats().state).toBe("flowing"));
  await send(source, 5);
  await drained(source);
  expect(bodies(target.stored)).toEqual(numbers(0, 5));
  expect(up.stats()).toMatchObject({ state: "flowing", error: null });
});

test("a bridge whose source is closed by the application is closed, too", async () => {
  const connection = await connect({ storage: "memory", database: "bridge-closed" });
  const source = await connection.openQueue<number>("orders");
  const target = createScriptedTarget();
  const up = quick(source, target);
  await send(source, 5);
  await drained(source);
  await connection.close();
  await vi.waitFor(() => expect(up.stats().state).toBe("closed"));
  await up.close();
});

test("is stalled from the moment at which its session ends, also while what is under way is waited for", async () => {
  const [source, target] = [await open<number>(), createScriptedTarget()];
  const release = hold(target);
  const up = quick(source, target);
  await send(source, 5);
  await vi.waitFor(() => expect(up.stats().inFlight).toBe(5));
  target.cut(new Error("gone"));
  await vi.waitFor(() => expect(up.stats().state).toBe("stalled"));
  release();
});

test("a batch for which there is no room at once goes in parts, in order", async () => {
  const source = await open<number>();
  await send(source, 40);
  const target = await open<number>({ maxMessages: 7 });
  const up = opened(bridge(source, toQueue(target), { batch: 40 }));
  const handled: number[] = [];
  const stalled: unknown[] = [];
  up.addEventListener("stalled", ({ detail }) => stalled.push(detail.error));
  target.consume(({ body }) => {
    handled.push(body);
  });
  await vi.waitFor(() => expect(handled).toEqual(numbers(0, 40)), 5_000);
  expect(stalled).toEqual([]);
});

test("closing leaves no timer, whatever was under way or waited for", async () => {
  const running = new Set<() => void>();
  const counting = {
    ...runtime,
    random: () => 1,
    setTimer(callback: () => void, ms: number) {
      const end = () => void running.delete(end);
      running.add(end);
      const cancel = runtime.setTimer(() => {
        end();
        callback();
      }, ms);
      return () => {
        end();
        cancel();
      };
    },
  };
  const source = await open<number>();
  await send(source, 5);
  const silent = createScriptedTarget();
  silent.before = () => new Promise(() => {});
  const waiting = opened(createBridge(fromQueue(source as Queue), silent, {}, counting));
  await vi.waitFor(() => expect(silent.calls.length).toBeGreaterThan(0));
  await waiting.close({ waitMs: 0 });
  expect(running.size).toBe(0);
  const away = createScriptedTarget();
  away.onOpen = () => Promise.reject(new Error("nobody there"));
  const resting = opened(createBridge(fromQueue(source as Queue), away, {}, counting));
  await vi.waitFor(() => expect(running.size).toBe(1));
  await resting.close();
  expect(running.size).toBe(0);
});

test("waits for a target that cannot be reached, holds nothing meanwhile, and goes on by itself", async () => {
  const source = await open<number>();
  await send(source, 10);
  const target = createScriptedTarget();
  let isDown = true;
  target.onOpen = async () => {
    if (isDown) throw new Error("nobody there");
  };
  const up = quick(source, target);
  const stalled: QueueError[] = [];
  const flowing: unknown[] = [];
  up.addEventListener("stalled", ({ detail }) => stalled.push(detail.error));
  up.addEventListener("flowing", ({ detail }) => flowing.push(detail.stalledSince));
  await vi.waitFor(() => expect(up.stats()).toMatchObject({ state: "stalled", error: { code: "host-lost" } }));
  const since = up.stats().stalledSince;
  expect(await source.stats()).toMatchObject({ ready: 10, leased: 0 });
  isDown = false;
  await drained(source);
  expect(bodies(target.stored)).toEqual(numbers(0, 10));
  expect(up.stats()).toMatchObject({ state: "flowing", stalledSince: null, error: null });
  // However often it was tried.
  expect(stalled.map(({ message }) => message)).toEqual(["the scripted target cannot be reached: nobody there"]);
  expect(since).toEqual(expect.any(Number));
  expect(flowing).toEqual([since]);
});

test("a target that takes nothing is asked by one message at a time, and what is not out is back in its place", async () => {
  const source = await open<number>({ maxDeliveries: 2 });
  await send(source, 100);
  const target = createScriptedTarget();
  let isFull = true;
  target.judge = () => (isFull ? { type: "unknown", error: new QueueError("full", "no room") } : undefined);
  const up = quick(source, target, { batch: 10 });
  await vi.waitFor(() => expect(up.stats()).toMatchObject({ state: "stalled", error: { code: "full" } }));
  const before = target.calls.length;
  await vi.waitFor(() => expect(target.calls.length).toBeGreaterThan(before + 20));
  expect(new Set(target.calls.slice(before + 1).map((call) => JSON.stringify(call)))).toEqual(new Set(["[0]"]));
  isFull = false;
  await drained(source);
  expect(bodies(target.stored)).toEqual(numbers(0, 100));
  expect((await source.stats()).dead).toBe(0);
});

test("a session that ends is opened again, and what was under way is sent again in order", async () => {
  const source = await open<number>();
  const target = createScriptedTarget();
  const sent = send(source, 1_000);
  const up = quick(source, target, { batch: 20, inFlight: 100 });
  let cuts = 0;
  target.judge = () => {
    if (target.stored.length > 150 * (cuts + 1) && cuts < 3) {
      cuts++;
      target.cut(new Error("connection closed"));
    }
    return undefined;
  };
  await sent;
  await drained(source);
  expect(bodies(target.stored)).toEqual(numbers(0, 1_000));
  expect(target.opened).toBeGreaterThan(1);
  expect(up.stats().state).toBe("flowing");
});

test("an answer that comes after the message was given back is remembered: it is not sent again", async () => {
  const source = await open<number>();
  await send(source, 3);
  const target = createScriptedTarget();
  const answer = hold(target);
  // The patience of seconds is over at once.
  const impatient = { ...runtime, setTimer: (callback: () => void) => runtime.setTimer(callback, 5), random: () => 0 };
  let isDown = true;
  target.onOpen = async () => {
    if (isDown && target.opened > 0) throw new Error("nobody there");
  };
  const up = opened(createBridge(fromQueue(source), target, {}, impatient));
  await vi.waitFor(() => expect(target.calls.flat()).toEqual([0, 1, 2]));
  await vi.waitFor(async () => expect(await source.stats()).toMatchObject({ ready: 3, leased: 0 }));
  answer();
  await vi.waitFor(() => expect(up.stats().forwarded).toBe(3));
  isDown = false;
  await drained(source);
  expect(target.calls.flat()).toEqual([0, 1, 2]);
});

test("closing waits for what is under way, gives the rest back uncounted, and can be repeated", async () => {
  const source = await open<number>();
  await send(source, 50);
  const target = createScriptedTarget();
  const answer = hold(target);
  const up = quick(source, target, { batch: 10, inFlight: 10 });
  await vi.waitFor(() => expect(target.calls.flat()).toEqual(numbers(0, 10)));
  const closings = [up.close(), up.close()];
  answer();
  await Promise.all(closings);
  expect(up.stats()).toMatchObject({ state: "closed", forwarded: 10, inFlight: 0 });
  expect(await source.stats()).toMatchObject({ ready: 40, leased: 0, totals: { acked: 10 } });
  const [next] = await source.receive();
  expect(next).toMatchObject({ body: 10, attempt: 1 });
  await up.close();
});

test("closing does not wait for a target that never answers", async () => {
  const source = await open<number>();
  await send(source, 5);
  const target = createScriptedTarget();
  target.before = () => new Promise(() => {});
  const up = quick(source, target);
  await vi.waitFor(() => expect(target.calls.length).toBeGreaterThan(0));
  await up.close({ waitMs: 20 });
  expect(await source.stats()).toMatchObject({ ready: 5, leased: 0 });
  expect((await source.receive())[0]).toMatchObject({ body: 0, attempt: 1 });
});

test("of two bridges over one queue one forwards, and the other when that is closed: each message once, in order", async () => {
  const database = "bridge-of-two";
  const [source, sourceOfAnother] = [await open<number>({}, database), await open<number>({}, database)];
  const target = createScriptedTarget();
  // So that messages are under way whenever it is closed.
  target.before = () => new Promise((resolve) => setTimeout(resolve, 20));
  const first = quick(source, target, { batch: 10, inFlight: 40 });
  const second = quick(sourceOfAnother, target, { batch: 10, inFlight: 40 });
  const sent = send(source, 2_000);
  await vi.waitFor(() => expect(target.stored.length).toBeGreaterThan(300));
  const third = quick(source, target, { batch: 10, inFlight: 40 });
  await first.close();
  await vi.waitFor(() => expect(target.stored.length).toBeGreaterThan(800));
  await second.close();
  await sent;
  await drained(source);
  expect(bodies(target.stored)).toEqual(numbers(0, 2_000));
  const stats = [first, second, third].map((one) => one.stats());
  const [, , last = 0] = stats.map(({ forwarded }) => forwarded);
  expect(last > 0 && last < 2_000).toBe(true);
  expect(stats.reduce((sum, { forwarded }) => sum + forwarded, 0)).toBe(2_000);
});

test("closing does not wait for ever for a source that stores no settlement", async () => {
  const target = createScriptedTarget();
  const source: BridgeSource = {
    name: "a source",
    keepsGroups: true,
    open: async () => ({ ended: new Promise(() => {}), close: () => new Promise(() => {}) }),
  };
  const impatient = { ...runtime, setTimer: (callback: () => void) => runtime.setTimer(callback, 5) };
  const up = opened(createBridge(source, target, {}, impatient));
  await vi.waitFor(() => expect(up.stats().state).toBe("flowing"));
  await up.close();
  expect(up.stats().state).toBe("closed");
});

test("a signal closes it, also while the target cannot be reached", async () => {
  const source = await open<number>();
  const target = createScriptedTarget();
  target.onOpen = () => new Promise(() => {});
  const controller = new AbortController();
  const up = quick(source, target, { signal: controller.signal });
  expect(up.stats().state).toBe("opening");
  controller.abort();
  await vi.waitFor(() => expect(up.stats().state).toBe("closed"));
});

test("says which side cannot be reached", async () => {
  const away = { name: "a source", keepsGroups: false, open: () => Promise.reject(new Error("nobody there")) };
  const up = opened(createBridge(away, createScriptedTarget(), {}, runtime));
  await vi.waitFor(() => expect(up.stats().error?.message).toBe("a source cannot be reached: nobody there"));
});

test("says which argument is wrong", async () => {
  const source = await open<number>();
  const target = createScriptedTarget();
  expect(() => bridge({} as never, target)).toThrow(/bridge\(source\) must be a queue, or a source/);
  expect(() => bridge(source, 5 as never)).toThrow(/must be a queue, or a target/);
  expect(() => bridge(target as never, source)).toThrow(/bridge\(source\) must be a queue, or a source/);
  const from: BridgeSource = { name: "a source", keepsGroups: false, open: () => new Promise(() => {}) };
  expect(() => bridge(source, from as never)).toThrow(/must be a queue, or a target/);
  expect(() => bridge(source, target, { inFlight: 0 })).toThrow(/inFlight/);
  expect(() => bridge(source, target, { inflight: 5 } as never)).toThrow(/inflight/);
});

test.each(["reject", "block"] as const)(
  "what never fits into a queue (overflow: %s) is refused for good, once nothing else is in its way",
  async (overflow) => {
    const source = await open<string>();
    const target = await open<string>({ maxBytes: 1_000, overflow });
    await source.sendBatch([{ body: "a" }, { body: "x".repeat(2_000) }, { body: "b" }]);
    const up = opened(createBridge(fromQueue(source), toQueue(target), {}, { ...runtime, random: () => 0 }));
    await vi.waitFor(async () => expect(await target.peek()).toHaveLength(1), 5_000);
    const got: string[] = [];
    target.consume(({ body }) => {
      got.push(body);
    });
    await drained(source);
    await vi.waitFor(() => expect(got).toEqual(["a", "b"]), 5_000);
    expect(up.stats()).toMatchObject({ forwarded: 2, refused: 1 });
    expect(bodies(await source.deadLetters.list())).toEqual(["x".repeat(2_000)]);
  },
);

test("a queue is not forwarded to itself, where each message would come again for ever", async () => {
  const queue = await open<number>();
  expect(() => bridge(queue, queue)).toThrow(/another queue than its source/);
});

test("closing does not wait for a source that never opens, and what opens late is closed again", async () => {
  const { promise, resolve } = deferred<void>();
  const closed = vi.fn(async () => {});
  const letGo = vi.fn(async () => {});
  const source: BridgeSource = {
    name: "a source that takes its time",
    keepsGroups: false,
    async open() {
      await promise;
      return { ended: new Promise(() => {}), close: closed };
    },
    close: letGo,
  };
  const up = opened(bridge(source, createScriptedTarget()));
  await new Promise((next) => setTimeout(next, 20));
  await up.close({ waitMs: 0 });
  expect(up.stats().state).toBe("closed");
  resolve();
  // Once when the bridge was closed, and once for what has come since.
  await vi.waitFor(() => expect(letGo).toHaveBeenCalledTimes(2));
  expect(closed).toHaveBeenCalledOnce();
});

test("a refusal that comes after the message was given back is not told of: it will be refused again", async () => {
  const source = await open<number>();
  const target = createScriptedTarget();
  target.judge = () => ({ type: "refused", reason: "no" });
  const answer = hold(target);
  await source.send(1);
  const up = quick(source, target);
  const refused: string[] = [];
  up.addEventListener("refused", ({ detail }) => refused.push(detail.id));
  await vi.waitFor(() => expect(target.calls).toHaveLength(1));
  await up.close({ waitMs: 0 });
  answer();
  await new Promise((next) => setTimeout(next, 20));
  expect(refused).toEqual([]);
  expect(up.stats().refused).toBe(0);
});
