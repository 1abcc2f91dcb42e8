import { describe, expect, test } from "vitest";
import { nextWakeUp } from "../../../../src/core/commands/due.js";
import { isConserved } from "../../../../src/core/state/state.js";
import { listDead, peek, statsOf } from "../../../../src/core/view/view.js";
import { createEngine } from "../engine-fixture.js";

function createExpiringEngine(settings: Parameters<typeof createEngine>[0] = {}) {
  const engine = createEngine(settings);
  return {
    engine,
    expireAt(now: number) {
      engine.now = now;
      engine.run({ type: "expire-messages" });
      expect(isConserved(engine.queue)).toBe(true);
      return listDead(engine.queue, 100_000, 0)?.map(({ seq, reason }) => [seq, reason]);
    },
  };
}

test("a message that waits for longer than it may becomes a dead letter, without a consumer", () => {
  const { engine, expireAt } = createExpiringEngine();
  engine.send(2, { ttlMs: 500 });
  engine.send(1);
  expect(nextWakeUp(engine.state)).toBe(1_500);
  expect(expireAt(1_499)).toEqual([]);
  expect(expireAt(1_500)).toEqual([
    [1, "expired"],
    [2, "expired"],
  ]);
  expect(nextWakeUp(engine.state)).toBe(Number.POSITIVE_INFINITY);
  expect(engine.deliver("a", 9, "g")).toEqual([3]);
});

test("the send's own time comes before the queue's, and `null` before both", () => {
  const { engine, expireAt } = createExpiringEngine({ ttlMs: 1_000 });
  engine.send(1);
  engine.send(1, { ttlMs: 100 });
  engine.send(1, { ttlMs: null });
  const ends = peek(engine.queue, { max: 9, states: ["ready"], after: 0 }).map(({ expiresAt }) => expiresAt);
  expect(ends).toEqual([2_000, 1_100, undefined]);
  expect(expireAt(9_000)).toEqual([
    [2, "expired"],
    [1, "expired"],
  ]);
  engine.configure({ ttlMs: null });
  engine.send(1);
  expect(nextWakeUp(engine.state)).toBe(Number.POSITIVE_INFINITY);
});

test("one that is delayed for longer expires before it is due, and is no longer awaited", () => {
  const { engine, expireAt } = createExpiringEngine();
  engine.send(1, { ttlMs: 100, delayMs: 5_000 });
  expect(expireAt(1_100)).toEqual([[1, "expired"]]);
  expect(statsOf(engine.queue, 1_100)).toMatchObject({ delayed: 0, nextDueAt: null });
});

describe("a leased message", () => {
  test("does not expire, and is gone once it is acknowledged", () => {
    const { engine, expireAt } = createExpiringEngine();
    engine.send(1, { ttlMs: 100 });
    engine.deliver("a", 1, "g");
    expect(expireAt(5_000)).toEqual([]);
    engine.settle("a", "g", [1, 1], { type: "ack" });
    expect(expireAt(5_000)).toEqual([]);
  });

  test.each(["retry", "release"] as const)(
    "expires when it comes back too late by %s, and is not handed out",
    (type) => {
      const { engine, expireAt } = createExpiringEngine();
      engine.send(1, { ttlMs: 100 });
      engine.deliver("a", 1, "g");
      engine.now = 1_200;
      engine.settle("a", "g", [1, 1], { type });
      expect(engine.deliver("b", 1, "h")).toEqual([]);
      expect(nextWakeUp(engine.state)).toBeLessThanOrEqual(1_200);
      expect(expireAt(1_200)).toEqual([[1, "expired"]]);
    },
  );
});

test("a queue that is full of dead letters keeps what has expired until there is room", () => {
  const { engine, expireAt } = createExpiringEngine({ maxDeadLetters: 3 });
  engine.send(5, { ttlMs: 100 });
  expect(expireAt(2_000)).toHaveLength(3);
  expect(nextWakeUp(engine.state)).toBe(Number.POSITIVE_INFINITY);
  engine.run({ type: "purge-dead", queue: "orders", filter: {} });
  expect(engine.deliver("a", 9, "g")).toEqual([]);
  expect(nextWakeUp(engine.state)).toBeLessThanOrEqual(2_000);
  expect(expireAt(2_000)).toEqual([
    [4, "expired"],
    [5, "expired"],
  ]);
});

test("a redriven message does not expire again", () => {
  const { engine, expireAt } = createExpiringEngine();
  engine.send(1, { ttlMs: 100 });
  expireAt(2_000);
  engine.run({ type: "redrive", queue: "orders", filter: {} });
  expect(expireAt(900_000)).toEqual([]);
  expect(engine.deliver("a", 1, "g")).toEqual([1]);
});

test("a clock that is set back leaves the time that a message may wait as long as it was", () => {
  const { engine, expireAt } = createExpiringEngine();
  engine.now = 1_000_000;
  engine.send(1, { ttlMs: 500 });
  engine.send(1, { ttlMs: 500 });
  engine.deliver("a", 1, "g");
  engine.now = 1_000;
  engine.run({ type: "set-clock-back", byMs: 999_000 });
  expect(expireAt(1_499)).toEqual([]);
  expect(expireAt(1_500)).toEqual([[2, "expired"]]);
  engine.settle("a", "g", [1, 1], { type: "release" });
  expect(expireAt(1_500)).toHaveLength(2);
});

test("many that expire out of the middle of long lines cost little, and leave nothing behind", () => {
  const { engine, expireAt } = createExpiringEngine({ maxDeadLetters: 1_000_000, maxMessages: 1_000_000 });
  for (let i = 0; i < 20_000; i++) {
    engine.send(1);
    engine.send(1, { ttlMs: 1 + (i % 50) });
    engine.send(1, { ttlMs: 60 + i, delayMs: 10_000_000 });
  }
  const startedAt = performance.now();
  expect(expireAt(2_000_000)).toHaveLength(40_000);
  // Taking each out of its list would take minutes.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  const { queue } = engine;
  expect([queue.readyCount, queue.delayedCount, queue.delayed.size]).toEqual([20_000, 0, 0]);
  // The messages that never expire stand apart: nothing joins them.
  expect(queue.lanes[4]?.tail.runs).toBeLessThan(20_000 + 4_096);
  expect(engine.deliver("a", 30_000, "g")).toHaveLength(20_000);
});

test("what is remembered of expiry follows the messages that wait", () => {
  const { engine } = createExpiringEngine();
  for (let i = 0; i < 10_000; i++) {
    engine.send(1, { ttlMs: 1_000_000 + i });
    const [seq] = engine.deliver("a", 1, `g${i}`) as [number];
    engine.settle("a", `g${i}`, [seq, 1], { type: "ack" });
  }
  expect(engine.queue.expiries.due(Number.POSITIVE_INFINITY)).toEqual([]);
  expect(engine.queue.expiries.size).toBeLessThanOrEqual(1_024);
});
