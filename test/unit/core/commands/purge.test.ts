import { describe, expect, test } from "vitest";
import { decide } from "../../../../src/core/commands/decide.js";
import { idOf } from "../../../../src/core/log/ids.js";
import type { PurgeFilter } from "../../../../src/core/spec/filters.js";
import { PEEKABLE } from "../../../../src/core/spec/message-states.js";
import { fatesOf, peek } from "../../../../src/core/view/view.js";
import { createEngine } from "../engine-fixture.js";

/** 1 to 3 ready, 4 and 5 delayed, 6 ready with a high priority and ten ms younger. */
const mixed = () => {
  const engine = createEngine();
  engine.send(3);
  engine.send(2, { delayMs: 40 });
  engine.now += 10;
  engine.send(1, { priority: 9 });
  return engine;
};

describe("a purge by filter", () => {
  const rest = (filter: PurgeFilter) => {
    const engine = mixed();
    const outcome = engine.run({ type: "purge", queue: "orders", filter });
    const left = peek(engine.queue, { max: 99, after: 0, states: PEEKABLE }).map(({ seq }) => seq);
    expect(outcome).toEqual({ ok: true, value: { purged: 6 - left.length } });
    expect(engine.queue.counters.purged).toBe(6 - left.length);
    expect(engine.queue.readyCount + engine.queue.delayedCount).toBe(left.length);
    return { left, engine };
  };

  test.each<[PurgeFilter, number[]]>([
    [{}, []],
    [{ state: "ready" }, [4, 5]],
    [{ state: "delayed" }, [1, 2, 3, 6]],
    [{ state: "blocked" }, [1, 2, 3, 4, 5, 6]],
    [{ priority: 9 }, [1, 2, 3, 4, 5]],
    [{ olderThanMs: 10 }, [6]],
    [{ olderThanMs: 11 }, [1, 2, 3, 4, 5, 6]],
    [{ state: "ready", priority: 4, olderThanMs: 5 }, [4, 5, 6]],
  ])("%j leaves %j", (filter, left) => {
    expect(rest(filter).left).toEqual(left);
  });

  test("frees the bodies of what went, and hands out what stayed, delayed ones at their time", () => {
    const { engine } = rest({ state: "ready", priority: 4 });
    expect(engine.deliver("a", 9, "g")).toEqual([6]);
    engine.settle("a", "g", [6, 1], { type: "ack" });
    engine.now += 40;
    expect(engine.deliver("a", 9, "h")).toEqual([4, 5]);
    engine.settle("a", "h", [4, 2], { type: "ack" });
    expect(engine.state.batches.size).toBe(0);
  });

  test("lets the next of a group go on whose head went", () => {
    const engine = createEngine();
    engine.send(1, {}, "g");
    engine.send(1, { priority: 9 }, "g");
    expect(engine.run({ type: "purge", queue: "orders", filter: { state: "ready" } })).toMatchObject({
      value: { purged: 1 },
    });
    expect(engine.deliver("a", 9, "g")).toEqual([2]);
  });
});

test("a redrive takes the longest dead first, at most so many, and none that died later than it may", () => {
  const engine = createEngine();
  engine.send(4);
  engine.deliver("a", 4, "g");
  for (const seq of [3, 1]) engine.settle("a", "g", [seq, 1], { type: "dead", reason: "bad" });
  const diedBy = engine.now;
  engine.now += 5;
  for (const seq of [4, 2]) engine.settle("a", "g", [seq, 1], { type: "dead", reason: "bad" });
  const redrive = (more: object) => engine.run({ type: "redrive", queue: "orders", filter: {}, ...more });
  expect(redrive({ max: 1 })).toEqual({ ok: true, value: { redriven: 1 } });
  expect([...engine.queue.dead.keys()]).toEqual([1, 4, 2]);
  expect(redrive({ diedBy })).toEqual({ ok: true, value: { redriven: 1, beforePlace: 5 } });
  const older = { type: "purge-dead", queue: "orders", filter: { olderThanMs: 1 } } as const;
  expect(engine.run(older)).toEqual({ ok: true, value: { purged: 0 } });
  engine.now += 1;
  expect(engine.run(older)).toEqual({ ok: true, value: { purged: 2 } });
});

test("what a redrive in parts has sent back and dies again in the same millisecond is not sent back again", () => {
  const engine = createEngine();
  engine.send(2);
  engine.deliver("a", 2, "g");
  const die = (grant: string, seq: number) => engine.settle("a", grant, [seq, 1], { type: "dead", reason: "bad" });
  die("g", 1);
  die("g", 2);
  const part = { type: "redrive", queue: "orders", filter: {}, max: 1, diedBy: engine.now } as const;
  const first = engine.run(part);
  expect(first).toEqual({ ok: true, value: { redriven: 1, beforePlace: 3 } });
  engine.deliver("a", 1, "h");
  die("h", 1);
  const rest = { ...part, beforePlace: 3 };
  expect(engine.run(rest)).toEqual({ ok: true, value: { redriven: 1, beforePlace: 3 } });
  expect(engine.run(rest)).toEqual({ ok: true, value: { redriven: 0, beforePlace: 3 } });
  expect([...engine.queue.dead.keys()]).toEqual([1]);
});

test("what became of messages is told in the order of the question", () => {
  const engine = mixed();
  engine.deliver("a", 2, "g");
  engine.settle("a", "g", [1, 1], { type: "dead", reason: "bad", failure: { name: "E", message: "m" } });
  engine.settle("a", "g", [6, 1], { type: "ack" });
  engine.deliver("a", 1, "h");
  expect(fatesOf(engine.queue, [5, 6, 1, 2, undefined, 3, 99])).toEqual([
    { state: "waiting" },
    { state: "gone" },
    { state: "dead", reason: "bad", failure: { name: "E", message: "m" } },
    { state: "leased" },
    { state: "gone" },
    { state: "waiting" },
    { state: "gone" },
  ]);
});

describe("a purge by id", () => {
  const named = (engine: ReturnType<typeof createEngine>, seqs: readonly number[], filter: PurgeFilter = {}) => {
    const ids = seqs.map((seq) => idOf(engine.state, seq));
    return engine.run({ type: "purge", queue: "orders", filter: { ...filter, ids } });
  };
  const leftOf = (engine: ReturnType<typeof createEngine>) =>
    peek(engine.queue, { max: 99, after: 0, states: PEEKABLE }).map(({ seq }) => seq);

  test("takes those named, from the front, the middle and the end of what waits alike", () => {
    const engine = createEngine();
    engine.send(6);
    expect(named(engine, [6, 1, 3, 4, 99, 3])).toMatchObject({ value: { purged: 4 } });
    expect(leftOf(engine)).toEqual([2, 5]);
    expect(engine.queue.counters).toMatchObject({ purged: 4, dropped: 0 });
    expect(engine.deliver("a", 9, "g")).toEqual([2, 5]);
    engine.settle("a", "g", [2, 1, 5, 1], { type: "ack" });
    expect(engine.state.batches.size).toBe(0);
  });

  test("leaves those around it in their places", () => {
    const engine = createEngine();
    engine.send(2);
    engine.now++;
    engine.send(3);
    engine.now++;
    engine.send(1);
    named(engine, [4]);
    expect(engine.deliver("a", 9, "g")).toEqual([1, 2, 3, 5, 6]);
    // What came back goes first, and in its order, too.
    engine.settle("a", "g", [1, 2, 3, 1, 5, 2], { type: "release" });
    engine.send(1);
    named(engine, [5]);
    expect(engine.deliver("a", 9, "h")).toEqual([1, 2, 3, 6, 7]);
  });

  test("takes them wherever they wait, and only what meets the limits, too", () => {
    const engine = mixed();
    expect(named(engine, [1, 4, 6], { priority: 4 })).toMatchObject({ value: { purged: 2 } });
    expect(leftOf(engine)).toEqual([2, 3, 5, 6]);
    expect(engine.queue).toMatchObject({ readyCount: 3, delayedCount: 1 });
    expect(named(engine, [2, 5], { state: "delayed" })).toMatchObject({ value: { purged: 1 } });
    expect(leftOf(engine)).toEqual([2, 3, 6]);
  });

  test("ends the hand-outs of what is in work, whose consumer cannot settle it any more", () => {
    const engine = createEngine();
    engine.send(3);
    engine.deliver("a", 3, "g");
    expect(named(engine, [2])).toMatchObject({ value: { purged: 1 } });
    expect(engine.settle("a", "g", [1, 3], { type: "ack" })).toMatchObject({
      value: { lost: [{ grant: "g", seqs: [2, 1] }] },
    });
    expect(engine.queue.counters).toMatchObject({ acked: 2, purged: 1 });
    expect(engine.state.clients.get("a")?.held).toBe(0);
    expect(engine.state.batches.size).toBe(0);
  });

  test("lets the next of a group go on, whether the head waited or was in work, and skips those that went with it", () => {
    const engine = createEngine();
    engine.send(4, {}, "g");
    named(engine, [1, 3]);
    expect(engine.deliver("a", 9, "g")).toEqual([2]);
    named(engine, [2]);
    expect(engine.deliver("a", 9, "h")).toEqual([4]);
  });

  test("with nothing named purges nothing", () => {
    const engine = mixed();
    expect(named(engine, [])).toMatchObject({ value: { purged: 0 } });
    expect(leftOf(engine)).toHaveLength(6);
  });

  test("is stored as what builds before read: they count it as dropped and acknowledged", () => {
    const engine = createEngine();
    engine.send(3);
    engine.deliver("a", 1, "g");
    const ids = [1, 3].map((seq) => idOf(engine.state, seq));
    const { changes } = decide(engine.state, { type: "purge", queue: "orders", filter: { ids } }, engine.now);
    expect(changes).toEqual([
      { type: "dropped", queue: "orders", seqs: [3, 1], isPurged: true },
      { type: "acked", queue: "orders", seqs: [1, 1], purgedFrom: { client: "a", grant: "g" } },
    ]);
  });
});
