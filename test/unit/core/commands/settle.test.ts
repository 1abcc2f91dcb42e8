import { describe, expect, test } from "vitest";
import { takeEndedGrants } from "../../../../src/core/view/view.js";
import { createEngine } from "../engine-fixture.js";

const twoHeld = (settings = {}) => {
  const engine = createEngine({ leaseMs: 100, ...settings });
  engine.send(2);
  engine.deliver("a", 2, "g");
  return engine;
};
const lost = (...seqs: number[]) => ({ ok: true, value: { lost: [{ grant: "g", seqs }] } });
const nothingLost = { ok: true, value: { lost: [] } };
const expire = (engine: ReturnType<typeof createEngine>) =>
  engine.run({ type: "expire", grants: takeEndedGrants(engine.state, engine.now), jitter: 0 });

describe("a settlement is fenced", () => {
  test("by time: when its lease has ended it is lost, even before anybody noticed", () => {
    const engine = twoHeld();
    engine.now += 99;
    expect(engine.settle("a", "g", [1, 1], { type: "ack" })).toEqual(nothingLost);
    engine.now += 1;
    expect(engine.settle("a", "g", [2, 1], { type: "ack" })).toEqual(lost(2, 1));
    expect(engine.queue.leased.has(2)).toBe(true);
  });

  test("by its token and its client", () => {
    const engine = twoHeld();
    expect(engine.settle("b", "g", [1, 1], { type: "ack" })).toEqual(lost(1, 1));
    expect(engine.settle("a", "h", [1, 1], { type: "ack" })).toMatchObject({ value: { lost: [{ grant: "h" }] } });
    expect(engine.queue.counters.acked).toBe(0);
  });

  test("by the first one, in the same command or later", () => {
    const engine = twoHeld();
    expect(engine.settle("a", "g", [1, 1, 1, 1, 3, 1], { type: "ack" })).toEqual(lost(1, 1, 3, 1));
    expect(engine.settle("a", "g", [1, 2], { type: "retry" })).toEqual(lost(1, 1));
  });
});

test("a retry waits as long as it was told, or as the backoff says", () => {
  const engine = twoHeld({ backoff: { type: "exponential", baseMs: 1_000, maxMs: 9_000, jitter: "none" } });
  engine.settle("a", "g", [1, 1], { type: "retry", delayMs: 30, failure: { name: "TypeError", message: "no" } });
  engine.settle("a", "g", [2, 1], { type: "retry" });
  const delayed = [...engine.queue.delayed.items()].sort((a, b) => a.seq - b.seq);
  expect(delayed).toMatchObject([
    { seq: 1, readyAt: 1_030, attempts: 1, failure: { name: "TypeError" } },
    { seq: 2, readyAt: 2_000, attempts: 1 },
  ]);
});

test("messages of one command that fail together come back spread over the whole wait", () => {
  const engine = createEngine({ backoff: { type: "fixed", baseMs: 1_000, maxMs: 1_000, jitter: "full" } });
  engine.send(100);
  engine.deliver("a", 100, "g");
  engine.settle("a", "g", [1, 100], { type: "retry" }, 0.5);
  const waits = engine.queue.delayed.items().map((run) => run.readyAt - engine.now);
  for (let from = 0; from < 1_000; from += 250) {
    const inQuarter = waits.filter((wait) => wait >= from && wait < from + 250).length;
    expect(Math.abs(inQuarter - 25)).toBeLessThanOrEqual(3);
  }
});

test("the last attempt that fails is the end, with the reason of that failure", () => {
  const engine = twoHeld({ maxDeliveries: 1 });
  engine.settle("a", "g", [1, 1], { type: "retry", failure: { name: "Error", message: "no" } });
  expect(engine.queue.dead.get(1)).toMatchObject({
    reason: "max-deliveries",
    attempts: 1,
    failure: { name: "Error", message: "no" },
    diedAt: 1_000,
  });
});

test("a release gives the attempt back, however often", () => {
  const engine = createEngine({ maxDeliveries: 1 });
  engine.send(1);
  for (let i = 0; i < 5; i++) {
    expect(engine.deliver("a", 1, `g${i}`)).toEqual([1]);
    engine.settle("a", `g${i}`, [1, 1], { type: "release" });
  }
  expect(engine.queue.dead.size).toBe(0);
});

test("a release may say when, and that something is wrong with the message", () => {
  const engine = twoHeld();
  engine.settle("a", "g", [1, 1], { type: "release", delayMs: 20 });
  engine.settle("a", "g", [2, 1], { type: "release", suspect: true });
  expect(engine.queue.delayed.peek()).toMatchObject({ seq: 1, readyAt: 1_020, suspect: false });
  expect(engine.queue.suspects.head?.seq).toBe(2);
});

describe("a lease that ends", () => {
  test("counts as an attempt where a receiver had it in hand", () => {
    const engine = createEngine({ leaseMs: 100, maxDeliveries: 1 });
    engine.send(2);
    engine.deliver("a", 2, "g", "receive");
    engine.now += 100;
    expire(engine);
    expect([...engine.queue.dead.values()]).toMatchObject([
      { seq: 1, failure: { name: "lease-expired" } },
      { seq: 2, failure: { name: "lease-expired" } },
    ]);
  });

  test("does not where its handler may never have started, but makes a suspect of it the second time", () => {
    const engine = twoHeld({ maxDeliveries: 1 });
    engine.now += 100;
    expire(engine);
    expect(engine.queue.lanes[4]?.front.head).toMatchObject({ count: 2, attempts: 0, suspect: false });
    engine.deliver("b", 2, "again");
    engine.now += 100;
    engine.run({ type: "expire", grants: ["again"], jitter: 0 });
    expect(engine.queue.dead.size).toBe(0);
    expect([...engine.queue.suspects]).toMatchObject([{ seq: 1, count: 2, attempts: 0 }]);
  });

  test("ends once, however often it was renewed before", () => {
    const engine = twoHeld();
    for (const ms of [10, 20, 30]) {
      engine.now = 1_000 + ms;
      engine.run({ type: "renew", client: "a", held: [{ grant: "g", seqs: [1, 2] }] });
    }
    engine.now = 5_000;
    expire(engine);
    expect(engine.queue.readyCount).toBe(2);
  });
});

describe("a lease goes on", () => {
  test("when its client says that it holds it, and only that one", () => {
    const engine = twoHeld();
    engine.now += 50;
    engine.run({ type: "renew", client: "a", held: [{ grant: "g", seqs: [2, 1] }] });
    engine.run({ type: "renew", client: "b", held: [{ grant: "g", seqs: [1, 1] }] });
    engine.now += 50;
    expire(engine);
    expect([...engine.queue.leased.keys()]).toEqual([2]);
    expect(engine.state.leaseEnds.next).toBe(1_150);
  });

  test("but never again once it has ended", () => {
    const engine = twoHeld();
    engine.now += 100;
    engine.run({ type: "renew", client: "a", held: [{ grant: "g", seqs: [1, 2] }] });
    expect(engine.run({ type: "extend", client: "a", grant: "g", seq: 1, ms: 50 })).toMatchObject({
      code: "lease-lost",
    });
    expire(engine);
    expect(engine.queue.leased.size).toBe(0);
  });

  test("as long as it was extended, whatever is renewed meanwhile", () => {
    const engine = twoHeld();
    expect(engine.run({ type: "extend", client: "a", grant: "g", seq: 1, ms: 9_000 })).toEqual({
      ok: true,
      value: { until: 10_000 },
    });
    engine.run({ type: "renew", client: "a", held: [{ grant: "g", seqs: [1, 2] }] });
    expect(engine.run({ type: "extend", client: "a", grant: "g", seq: 1, ms: 5 })).toMatchObject({
      value: { until: 10_000 },
    });
    expect([...engine.queue.leased.values()].map((lease) => lease.until)).toEqual([10_000, 1_100]);
  });
});

test("a handler that ran too long failed, once, however often it is named", () => {
  const engine = twoHeld({ handlerTimeoutMs: 70 });
  const held = [
    { grant: "g", seqs: [1, 1, 1, 1] },
    { grant: "g", seqs: [1, 1] },
  ];
  engine.run({ type: "time-out", client: "b", held, jitter: 0 });
  expect(engine.queue.leased.size).toBe(2);
  engine.run({ type: "time-out", client: "a", held, jitter: 0 });
  expect(engine.queue.counters.retried).toBe(1);
  const failure = { name: "timeout", message: "the handler ran longer than 70 ms" };
  expect(engine.queue.delayed.peek()).toMatchObject({ seq: 1, attempts: 1, failure });
});

test("a client that is back keeps what it names; the rest never reached it and is not counted", () => {
  const engine = twoHeld();
  engine.run({ type: "reclaim", client: "a", held: [{ grant: "g", seqs: [2, 1, 77, 1] }] });
  expect([...engine.queue.leased.keys()]).toEqual([2]);
  expect(engine.queue.lanes[4]?.front.head).toMatchObject({ seq: 1, attempts: 0, suspect: false });
  engine.run({ type: "reclaim", client: "nobody", held: [] });
});

test("a client that says goodbye is forgotten with all it held", () => {
  const engine = twoHeld();
  engine.run({ type: "forget-client", client: "a" });
  expect([engine.state.clients.size, engine.state.grants.size, engine.queue.readyCount]).toEqual([0, 0, 2]);
  expect(engine.run({ type: "forget-client", client: "a" })).toEqual({ ok: true });
});

test("two queues' messages settled in one command end in their own queue", () => {
  const engine = twoHeld();
  engine.run({ type: "send", queue: "other", atomic: true, segments: [{ count: 1, priority: 4 }], sizes: [1] });
  engine.run({ type: "deliver", queue: "other", client: "a", mode: "consume", max: 1, grant: "o" });
  const ack = { type: "ack" } as const;
  const settlements = [
    { grant: "g", seqs: [1, 1], verdict: ack },
    { grant: "o", seqs: [3, 1], verdict: ack },
    { grant: "g", seqs: [2, 1], verdict: ack },
  ];
  expect(engine.run({ type: "settle", client: "a", settlements, jitter: 0 })).toEqual(nothingLost);
  expect([engine.queue.counters.acked, engine.state.queues.get("other")?.counters.acked]).toEqual([2, 1]);
});
