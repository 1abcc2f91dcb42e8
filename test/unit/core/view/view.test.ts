import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import { nextWakeUp } from "../../../../src/core/commands/due.js";
import { idOf } from "../../../../src/core/log/ids.js";
import { LEFT_PLACES_MAX } from "../../../../src/core/spec/limits.js";
import { PEEKABLE } from "../../../../src/core/spec/message-states.js";
import type { QueueState } from "../../../../src/core/state/state.js";
import { isIdle, listDead, peek, statsOf } from "../../../../src/core/view/view.js";
import { createEngine, type Engine } from "../engine-fixture.js";

/** 1 leased, 2 dead, 3 and 4 ready, 5 and 6 delayed, 7 ready with a high priority, 8 a suspect. */
const mixed = () => {
  const engine = createEngine({ leaseMs: 100 });
  engine.send(4);
  engine.deliver("a", 2, "g");
  engine.settle("a", "g", [2, 1], { type: "dead", reason: "bad", failure: { name: "E", message: "m" } });
  engine.send(2, { delayMs: 40 });
  engine.now += 10;
  engine.send(1, { priority: 9 });
  engine.send(1, { priority: 9 });
  engine.deliver("b", 2, "h", "receive");
  engine.settle("b", "h", [7, 1], { type: "release" });
  engine.run({ type: "client-gone", client: "b" });
  return engine;
};
const pageOf = (max: number, after: number, states = PEEKABLE) => peek(mixed().queue, { max, after, states });
const seqsOf = (entries: readonly { seq: number }[]) => entries.map((entry) => entry.seq);

describe("peek", () => {
  test("shows messages in the order they were accepted, whatever their state", () => {
    expect(pageOf(99, 0).map(({ seq, state }) => [seq, state])).toEqual([
      [1, "leased"],
      [2, "dead"],
      [3, "ready"],
      [4, "ready"],
      [5, "delayed"],
      [6, "delayed"],
      [7, "ready"],
      [8, "ready"],
    ]);
  });

  test("goes on after the last one seen", () => {
    const seen: number[] = [];
    for (let page = pageOf(3, 0); page.length > 0; page = pageOf(3, seen[seen.length - 1] as number)) {
      expect(page.length).toBeLessThanOrEqual(3);
      seen.push(...seqsOf(page));
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("passes over as many as it is told, of those that it would show", () => {
    for (let skip = 0; skip < 10; skip++) {
      const skipped = (after: number, states = PEEKABLE) =>
        seqsOf(peek(mixed().queue, { max: 3, after, states, skip }));
      expect(skipped(0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].slice(skip, skip + 3));
      expect(skipped(3)).toEqual([4, 5, 6, 7, 8].slice(skip, skip + 3));
      expect(skipped(0, ["ready"])).toEqual([3, 4, 7, 8].slice(skip, skip + 3));
    }
  });

  test("makes nothing of what it passes over: any of a million is as near as the first", () => {
    const engine = createEngine({ maxMessages: 2_000_000 });
    for (let i = 0; i < 10; i++) engine.send(100_000);
    const found = peek(engine.queue, { max: 2, after: 0, states: PEEKABLE, skip: 999_998 });
    expect(seqsOf(found)).toEqual([999_999, 1_000_000]);
    const startedAt = performance.now();
    for (let i = 0; i < 1_000; i++) peek(engine.queue, { max: 100, after: 0, states: PEEKABLE, skip: 999_900 });
    expect((performance.now() - startedAt) / 1_000).toBeLessThan(5);
  });

  test.each([
    ["ready", [3, 4, 7, 8]],
    ["delayed", [5, 6]],
    ["leased", [1]],
    ["blocked", []],
    ["dead", [2]],
  ] as const)("shows only messages that are %s", (state, seqs) => {
    expect(seqsOf(pageOf(99, 0, [state]))).toEqual(seqs);
    expect(seqsOf(pageOf(99, 2, [state]))).toEqual(seqs.filter((seq) => seq > 2));
  });

  test("tells of each what there is to tell", () => {
    const [leased, dead, , , delayed, , high] = pageOf(99, 0);
    expect(leased).toMatchObject({ attempts: 1, priority: 4, sentAt: 1_000 });
    expect(dead).toMatchObject({ attempts: 1, reason: "bad", failure: { name: "E" }, diedAt: 1_000 });
    expect(delayed).toMatchObject({ attempts: 0, deliverAt: 1_040 });
    expect(high).toMatchObject({ priority: 9, sentAt: 1_010 });
    expect(high).not.toHaveProperty("deliverAt");
  });

  test("changes nothing", () => {
    const engine = mixed();
    const before = JSON.stringify([engine.queue, [...engine.queue.leased.keys()]]);
    peek(engine.queue, { max: 2, after: 0, states: PEEKABLE });
    expect(JSON.stringify([engine.queue, [...engine.queue.leased.keys()]])).toBe(before);
  });
});

test("dead letters are listed in the order they died, page by page", () => {
  const engine = createEngine();
  engine.send(5);
  engine.deliver("a", 5, "g");
  for (const seq of [4, 1, 5, 2]) engine.settle("a", "g", [seq, 1], { type: "dead", reason: "bad" });
  const page = (after: number) => seqsOf(listDead(engine.queue, 2, after) ?? []);
  expect(page(0)).toEqual([4, 1]);
  expect(page(1)).toEqual([5, 2]);
  expect(page(2)).toEqual([]);
});

describe("dead letters after one that has left", () => {
  const withDead = () => {
    const engine = createEngine();
    engine.send(6);
    engine.deliver("a", 6, "g");
    for (const seq of [4, 1, 5, 2, 3]) engine.settle("a", "g", [seq, 1], { type: "dead", reason: "bad" });
    return engine;
  };
  const ids = (engine: Engine, ...seqs: number[]) => ({ ids: seqs.map((seq) => idOf(engine.state, seq)) });

  test("go on behind its place, over a checkpoint too", async () => {
    const engine = withDead();
    engine.run({ type: "redrive", queue: "orders", filter: ids(engine, 1) });
    engine.run({ type: "purge-dead", queue: "orders", filter: ids(engine, 5) });
    const state = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
    for (const queue of [engine.queue, state.queues.get("orders") as QueueState]) {
      expect(seqsOf(listDead(queue, 9, 1) ?? [])).toEqual([2, 3]);
      expect(seqsOf(listDead(queue, 9, 5) ?? [])).toEqual([2, 3]);
    }
  });

  test("are not listed when nobody knows where it stood", () => {
    expect(listDead(withDead().queue, 9, 6)).toBeUndefined();
  });

  test("are remembered in bounded memory, the latest first", () => {
    const engine = createEngine({ maxDeadLetters: 100_000 });
    const count = 2 * LEFT_PLACES_MAX + 2;
    engine.send(count);
    engine.deliver("a", count, "g");
    for (let seq = 1; seq <= count; seq++) engine.settle("a", "g", [seq, 1], { type: "dead", reason: "bad" });
    // Every second one, so that no two of them are one stretch.
    for (let seq = 2; seq <= count; seq += 2) engine.change({ type: "redriven", queue: "orders", seqs: [seq, 1] });
    expect(engine.queue.deadLeft?.length).toBeLessThanOrEqual(LEFT_PLACES_MAX);
    expect(listDead(engine.queue, 1, 2)).toBeUndefined();
    expect(seqsOf(listDead(engine.queue, 1, count - 4) ?? [])).toEqual([count - 3]);
  });
});

describe("stats", () => {
  test("count what there is, and tell how long the oldest waits", () => {
    const engine = mixed();
    const stats = statsOf(engine.queue, engine.now + 5);
    expect(stats).toMatchObject({
      ready: 4,
      delayed: 2,
      leased: 1,
      blocked: 0,
      dead: 1,
      paused: false,
      pausedBy: null,
    });
    expect([stats.oldestAgeMs, stats.nextDueAt]).toEqual([15, 1_040]);
    expect(stats.byPriority.map(({ ready }) => ready)).toEqual([0, 0, 0, 0, 2, 0, 0, 0, 0, 2]);
    expect([stats.byPriority[4], stats.byPriority[9], stats.byPriority[0]]).toEqual([
      { ready: 2, oldestAgeMs: 15 },
      { ready: 2, oldestAgeMs: 5 },
      { ready: 0, oldestAgeMs: null },
    ]);
    expect(stats.totals).toMatchObject({ accepted: 8, died: 1, deliveries: 4 });
  });

  test("show no age where nothing waits, and none below zero where the clock was set back", () => {
    const engine = createEngine();
    expect(statsOf(engine.queue, 0)).toMatchObject({ oldestAgeMs: null, nextDueAt: null });
    engine.send(1);
    expect(statsOf(engine.queue, 0).oldestAgeMs).toBe(0);
  });

  test("count waiting from the due time, and service from the hand-out", () => {
    const engine = createEngine();
    engine.send(1, { delayMs: 100 });
    engine.now += 130;
    engine.deliver("a", 1, "g");
    engine.now += 7;
    engine.settle("a", "g", [1, 1], { type: "ack" });
    expect(engine.queue.counters).toMatchObject({ waitedMs: 30, servedMs: 7 });
  });

  test("tell who paused the queue", () => {
    const engine = createEngine({ maxDeadLetters: 1 });
    engine.send(1);
    engine.deliver("a", 1, "g");
    engine.settle("a", "g", [1, 1], { type: "dead", reason: "bad" });
    expect(statsOf(engine.queue, 0)).toMatchObject({ paused: true, pausedBy: "dead-letters" });
    engine.run({ type: "pause", queue: "orders", paused: true });
    expect(statsOf(engine.queue, 0)).toMatchObject({ paused: true, pausedBy: "caller" });
  });
});

test("a queue is idle when nothing is ready or leased, whatever is delayed", () => {
  const engine = createEngine();
  expect([isIdle(undefined), isIdle(engine.queue)]).toEqual([true, true]);
  engine.send(1, { delayMs: 50 });
  expect(isIdle(engine.queue)).toBe(true);
  engine.now += 50;
  engine.deliver("a", 1, "g");
  expect(isIdle(engine.queue)).toBe(false);
  engine.settle("a", "g", [1, 1], { type: "release" });
  expect(isIdle(engine.queue)).toBe(false);
});

test("the next time to look is when something falls due or a lease may end", () => {
  const engine = createEngine({ leaseMs: 100 });
  expect(nextWakeUp(engine.state)).toBe(Number.POSITIVE_INFINITY);
  engine.send(1);
  engine.deliver("a", 1, "g");
  expect(nextWakeUp(engine.state)).toBe(1_100);
  engine.send(1, { delayMs: 40 });
  expect(nextWakeUp(engine.state)).toBe(1_040);
});
