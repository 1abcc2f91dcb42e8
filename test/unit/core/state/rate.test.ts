import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import { nextWakeUp } from "../../../../src/core/commands/due.js";
import { rangesOf } from "../../../../src/core/log/ranges.js";
import { hasReady } from "../../../../src/core/state/rate.js";
import { createEngine } from "../engine-fixture.js";

const ACK = { type: "ack" } as const;

test("at most maxInFlight messages are in work, whoever holds them", () => {
  const engine = createEngine({ maxInFlight: 3 });
  engine.send(9);
  expect(engine.deliver("a", 2, "g1")).toEqual([1, 2]);
  expect(engine.deliver("b", 9, "g2")).toEqual([3]);
  expect(hasReady(engine.queue, engine.now)).toBe(false);
  engine.settle("a", "g1", [1, 1], ACK);
  expect(engine.deliver("b", 9, "g3")).toEqual([4]);
  engine.configure({ maxInFlight: null });
  expect(engine.deliver("b", 9, "g4")).toEqual([5, 6, 7, 8, 9]);
});

describe("a rate limit", () => {
  test("hands out as many as there are tokens, and wakes for the next", () => {
    const engine = createEngine({ rateLimit: { limit: 3, intervalMs: 1_000 }, leaseMs: 60_000 });
    engine.send(9);
    expect(engine.deliver("a", 9, "g1")).toEqual([1, 2, 3]);
    expect(nextWakeUp(engine.state)).toBe(engine.now + 333);
    engine.now += 332;
    expect(engine.deliver("a", 9, "g2")).toEqual([]);
    engine.now += 1;
    expect(engine.deliver("a", 9, "g3")).toEqual([4]);
    engine.now += 10_000;
    expect(engine.deliver("a", 9, "g4")).toEqual([5, 6, 7]);
  });

  test("never lets more through in any stretch of time than its bucket holds and gets, whatever hosts come and go", async () => {
    const limit = { limit: 7, intervalMs: 90 };
    const engine = createEngine({ rateLimit: limit, maxMessages: 10_000 });
    engine.now = 1_790_000_000_000;
    engine.send(5_000);
    const times: number[] = [];
    for (let i = 0; i < 2_000; i++) {
      engine.now += (i * 7) % 11;
      const seqs = engine.deliver("a", 9, `g${i}`);
      for (const _ of seqs) times.push(engine.now);
      engine.settle("a", `g${i}`, rangesOf(seqs), ACK);
      if (i % 200 > 0) continue;
      const { queues } = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
      expect(queues.get("orders")?.fullAt).toBe(engine.queue.fullAt);
    }
    expect(times.length).toBeGreaterThan(700);
    const isTooMany = (i: number, count: number) => {
      const stretch = (times[i + count - 1] as number) - (times[i] as number);
      return count > limit.limit * (1 + stretch / limit.intervalMs) + 0.01;
    };
    const stretches = times.flatMap((_, i) => [8, 9, 12, 20, 40].map((count) => [i, count] as const));
    expect(stretches.filter(([i, count]) => i + count <= times.length && isTooMany(i, count))).toEqual([]);
  });

  test("that is raised takes effect at once, for a replay of the same journal too", () => {
    const engine = createEngine({ rateLimit: { limit: 1, intervalMs: 3_600_000 }, leaseMs: 60_000 });
    engine.send(3);
    expect(engine.deliver("a", 9, "g1")).toEqual([1]);
    expect(engine.deliver("a", 9, "g2")).toEqual([]);
    engine.configure({ rateLimit: { limit: 100, intervalMs: 1_000 } });
    expect(engine.deliver("a", 9, "g3")).toEqual([2, 3]);
    // What was taken still counts: 3 of 100.
    expect(engine.queue.fullAt).toBe(engine.now + 30);
  });

  test("that is lowered keeps what was taken, and no more than the bucket holds", () => {
    const engine = createEngine({ rateLimit: { limit: 100, intervalMs: 1_000 }, leaseMs: 60_000 });
    engine.send(90);
    engine.deliver("a", 50, "g1");
    engine.configure({ rateLimit: { limit: 10, intervalMs: 1_000 } });
    expect(engine.deliver("a", 9, "g2")).toEqual([]);
    expect(nextWakeUp(engine.state)).toBe(engine.now + 100);
  });

  test("of an older journal, in which nothing was counted anew, is replayed as it was", () => {
    const engine = createEngine({ rateLimit: { limit: 1, intervalMs: 3_600_000 } });
    engine.send(2);
    engine.deliver("a", 9, "g1");
    const rateLimit = { limit: 1, intervalMs: 1_000 };
    engine.change({ type: "configured", queue: "orders", settings: { rateLimit } });
    expect(engine.queue.fullAt).toBe(engine.now + 3_600_000);
  });

  test("of groups that is raised lets their heads go, but not before a delay of their own", async () => {
    const engine = createEngine({ rateLimit: { limit: 1, intervalMs: 3_600_000, per: "group" }, leaseMs: 60_000 });
    engine.send(2, {}, "a");
    engine.send(1, {}, "b");
    engine.send(1, { delayMs: 5_000 }, "b");
    for (const [i, seq] of engine.deliver("c", 9, "g1").entries()) {
      expect([1, 3][i]).toBe(seq);
      engine.settle("c", "g1", [seq, 1], ACK);
    }
    expect(engine.deliver("c", 9, "g2")).toEqual([]);
    const { queues } = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
    const stored = [...(queues.get("orders")?.delayed.items() ?? [])].map(({ untokenedAt }) => untokenedAt);
    expect(stored.sort()).toEqual([engine.now, engine.now + 5_000]);
    engine.configure({ rateLimit: { limit: 100, intervalMs: 1_000, per: "group" } });
    expect(engine.deliver("c", 9, "g3")).toEqual([2]);
    engine.now += 4_999;
    expect(engine.deliver("c", 9, "g4")).toEqual([]);
    engine.now += 1;
    expect(engine.deliver("c", 9, "g5")).toEqual([4]);
  });

  test("waits for nobody when nothing is ready", () => {
    const engine = createEngine({ rateLimit: { limit: 1, intervalMs: 1_000 }, leaseMs: 60_000 });
    engine.send(1);
    engine.deliver("a", 9, "g1");
    expect(nextWakeUp(engine.state)).toBe(engine.now + 60_000);
  });

  test("per group limits each by itself, and what has no group not at all", () => {
    const engine = createEngine({ rateLimit: { limit: 1, intervalMs: 100, per: "group" }, leaseMs: 60_000 });
    engine.send(6, {}, ["a", "a", "b", "b", "", ""]);
    expect(engine.deliver("x", 9, "g1")).toEqual([1, 3, 5, 6]);
    engine.settle("x", "g1", [1, 1], ACK);
    engine.settle("x", "g1", [3, 1], { type: "release" });
    expect(engine.deliver("x", 9, "g2")).toEqual([]);
    expect(nextWakeUp(engine.state)).toBe(engine.now + 100);
    engine.now += 100;
    expect(engine.deliver("x", 9, "g3")).toEqual([2, 3]);
  });

  test("per group outlives the group, and is forgotten when its bucket is full", () => {
    const engine = createEngine({ rateLimit: { limit: 1, intervalMs: 100, per: "group" } });
    engine.send(1, {}, "a");
    engine.deliver("x", 9, "g1");
    engine.settle("x", "g1", [1, 1], ACK);
    engine.send(1, {}, "a");
    expect(engine.deliver("x", 9, "g2")).toEqual([]);
    engine.now += 100;
    expect(engine.deliver("x", 9, "g3")).toEqual([2]);
    engine.now += 100;
    engine.send(1, {}, "b");
    expect(engine.deliver("x", 9, "g4")).toEqual([3]);
    expect([...engine.queue.groupsFullAt.keys()]).toEqual(["b"]);
  });

  test("is set back with the clock", () => {
    const engine = createEngine({ rateLimit: { limit: 1, intervalMs: 100 } });
    engine.now = 5_000_000;
    engine.send(2);
    engine.deliver("a", 1, "g1");
    engine.now -= 3_600_000;
    engine.change({ type: "clock-set-back", byMs: 3_600_000 });
    expect(engine.deliver("a", 1, "g2")).toEqual([]);
    engine.now += 100;
    expect(engine.deliver("a", 1, "g3")).toEqual([2]);
  });
});
