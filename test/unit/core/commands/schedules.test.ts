import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import { applyRecord } from "../../../../src/core/commands/apply.js";
import { nextWakeUp } from "../../../../src/core/commands/due.js";
import { SCHEDULES_MAX } from "../../../../src/core/spec/limits.js";
import type { ScheduleSpec } from "../../../../src/core/spec/schedule-spec.js";
import type { QueueSettings } from "../../../../src/core/spec/settings.js";
import { createState, isConserved } from "../../../../src/core/state/state.js";
import { createEngine, type Engine } from "../engine-fixture.js";

const EVERY: ScheduleSpec = { everyMs: 500, catchUp: "one", priority: 4 };

const schedule = (engine: Engine, id = "s", spec: Partial<ScheduleSpec> = {}, nextAt?: number) =>
  engine.run({ type: "schedule", queue: "orders", id, spec: { ...EVERY, ...spec }, sizes: [100], nextAt });
const tick = (engine: Engine, due: readonly number[], nextAt: number, id = "s") =>
  engine.run({ type: "tick", queue: "orders", id, due, nextAt });
const live = ({ state }: Pick<Engine, "state">) =>
  state.batches.all().flatMap((batch) => state.batches.liveSeqs(batch));
const withSchedule = (settings: Partial<QueueSettings> = {}) => {
  const engine = createEngine(settings);
  schedule(engine);
  return engine;
};
const nextAtOf = (engine: Engine, id = "s") => engine.queue.schedules.get(id)?.nextAt;

describe("a schedule", () => {
  test("first ticks after its interval, and wakes the host for it", () => {
    const engine = createEngine();
    expect(schedule(engine)).toEqual({ ok: true, value: { nextAt: 1_500 } });
    expect(nextWakeUp(engine.state)).toBe(1_500);
  });

  test("sends one message for each tick, all with its body", () => {
    const engine = withSchedule();
    engine.now = 2_100;
    tick(engine, [1_500, 2_000], 2_500);
    expect(engine.queue.counters.accepted).toBe(2);
    expect(engine.queue.bytes).toBe(200);
    const seqs = engine.deliver("a", 9, "g");
    expect(seqs).toEqual([2, 3]);
    expect([...engine.queue.leased.values()].map(({ bodySeq, sentAt }) => [bodySeq, sentAt])).toEqual([
      [1, 2_100],
      [1, 2_100],
    ]);
    expect(nextAtOf(engine)).toBe(2_500);
    expect(isConserved(engine.queue)).toBe(true);
  });

  test("gives its messages priority, group and time to live", () => {
    const engine = createEngine();
    schedule(engine, "s", { priority: 7, groupId: "g", ttlMs: 50 });
    engine.now = 1_500;
    tick(engine, [1_500], 2_000);
    engine.deliver("a", 1, "g");
    const [lease] = engine.queue.leased.values();
    expect(lease).toMatchObject({ priority: 7, expiresAt: 1_550, group: { id: "g" } });
  });

  test("keeps its body while it or one of its messages lives, over a checkpoint too", async () => {
    const engine = withSchedule();
    tick(engine, [1_500], 2_000);
    engine.deliver("a", 1, "g");
    engine.settle("a", "g", [2, 1], { type: "ack" });
    expect(live(engine)).toEqual([1]);
    tick(engine, [2_000], 2_500);
    expect([...engine.state.batches.shared]).toEqual([[1, 1]]);
    const state = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
    expect([...state.batches.shared]).toEqual([[1, 1]]);
    expect(state.queues.get("orders")?.schedules).toEqual(engine.queue.schedules);
    engine.run({ type: "unschedule", queue: "orders", id: "s" });
    expect(live(engine)).toEqual([1]);
    engine.run({ type: "purge", queue: "orders" });
    expect(live(engine)).toEqual([]);
  });

  test("goes on as it did when only its body or options are replaced, and anew with another interval", () => {
    const engine = withSchedule();
    engine.now = 1_200;
    expect(schedule(engine, "s", { priority: 9 })).toMatchObject({ value: { nextAt: 1_500 } });
    expect(live(engine)).toEqual([2]);
    expect(schedule(engine, "s", { everyMs: 1_000 })).toMatchObject({ value: { nextAt: 2_200 } });
    expect(schedule(engine, "s", { everyMs: undefined, cron: "x" }, 9_000)).toMatchObject({ value: { nextAt: 9_000 } });
    expect(live(engine)).toEqual([4]);
  });

  test("ends with its queue, and when it is removed", () => {
    const engine = withSchedule();
    schedule(engine, "t");
    expect(engine.run({ type: "unschedule", queue: "orders", id: "t" })).toMatchObject({ value: { removed: true } });
    expect(engine.run({ type: "unschedule", queue: "orders", id: "t" })).toMatchObject({ value: { removed: false } });
    expect(live(engine)).toEqual([1]);
    engine.run({ type: "delete", queue: "orders" });
    expect(live(engine)).toEqual([]);
    expect(nextWakeUp(engine.state)).toBe(Number.POSITIVE_INFINITY);
    tick(engine, [1_500], 2_000);
    expect(engine.state.queues.size).toBe(0);
  });

  test("is refused where there are too many", () => {
    const engine = createEngine();
    for (let i = 0; i < SCHEDULES_MAX; i++) schedule(engine, `s${i}`);
    expect(schedule(engine)).toMatchObject({ ok: false, code: "full" });
    expect(schedule(engine, "s0")).toMatchObject({ ok: true });
  });

  test("that runs every so often goes back with the clock; a cron tick keeps its instant", () => {
    const engine = withSchedule();
    schedule(engine, "c", { everyMs: undefined, cron: "x" }, 1_700);
    engine.now = 800;
    engine.run({ type: "set-clock-back", byMs: 200 });
    expect([nextAtOf(engine), nextAtOf(engine, "c")]).toEqual([1_300, 1_700]);
  });

  test("does not keep the history of the terms from being forgotten", async () => {
    const engine = withSchedule();
    for (const term of ["a", "b", "c"]) {
      engine.send(1);
      engine.change({ type: "took-over", term });
    }
    engine.run({ type: "purge", queue: "orders" });
    const state = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
    expect(state.terms.map(({ term }) => term)).toEqual(["c"]);
    tick(engine, [1_500], 2_000);
    expect([...encodeCheckpoint(engine.state)][0]).toMatchObject({ terms: engine.state.terms });
  });
});

describe("a tick that finds a full queue", () => {
  test("stays due, and wakes the host only when there is room", () => {
    const engine = withSchedule({ maxMessages: 1 });
    engine.send(1);
    engine.now = 1_500;
    tick(engine, [1_500], 2_000);
    expect([nextAtOf(engine), engine.queue.counters.accepted]).toEqual([1_500, 1]);
    expect(nextWakeUp(engine.state)).toBe(Number.POSITIVE_INFINITY);
    engine.run({ type: "purge", queue: "orders" });
    expect(nextWakeUp(engine.state)).toBeLessThanOrEqual(1_500);
    tick(engine, [1_500], 2_000);
    expect([nextAtOf(engine), engine.queue.counters.accepted]).toEqual([2_000, 2]);
  });

  test("is the first to wait, when there is room for some", () => {
    const engine = withSchedule({ maxMessages: 2 });
    engine.now = 3_000;
    tick(engine, [1_500, 2_000, 2_500, 3_000], 3_500);
    expect([nextAtOf(engine), engine.queue.counters.accepted]).toEqual([2_500, 2]);
  });

  test("overflows as the queue says", () => {
    const engine = withSchedule({ maxMessages: 2, overflow: "drop-oldest" });
    engine.now = 3_000;
    tick(engine, [1_500, 2_000, 2_500, 3_000], 3_500);
    expect(engine.queue.counters).toMatchObject({ accepted: 4, dropped: 2 });
    engine.configure({ overflow: "dead-letter" });
    tick(engine, [3_500], 4_000);
    expect([...engine.queue.dead.values()]).toMatchObject([{ reason: "overflow", bodySeq: 1 }]);
    expect(isConserved(engine.queue)).toBe(true);
  });
});

test("a journal with schedules gives the same state again", () => {
  const engine = withSchedule();
  tick(engine, [1_500], 2_000);
  const replayed = createState();
  const spec = EVERY;
  const changes = [
    { type: "took-over", term: "t" },
    { type: "configured", queue: "orders", settings: {} },
    { type: "stored", firstSeq: 1, count: 1, bytes: 100 },
    { type: "scheduled", queue: "orders", id: "s", spec, bodySeq: 1, size: 100, nextAt: 1_500 },
    { type: "accepted", queue: "orders", seq: 2, bodySeq: 1, count: 1, priority: 4, size: 100, isShared: true },
    { type: "ticked", queue: "orders", id: "s", nextAt: 2_000 },
  ] as const;
  applyRecord(replayed, { v: 1, lsn: 1, epoch: 1, at: 1_000, changes });
  expect(replayed.queues.get("orders")?.schedules).toEqual(engine.queue.schedules);
  expect(replayed.nextSeq).toBe(engine.state.nextSeq);
  expect(live({ state: replayed })).toEqual([1]);
});
