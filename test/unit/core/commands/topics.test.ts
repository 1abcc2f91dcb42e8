import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import { decide } from "../../../../src/core/commands/decide.js";
import { passes } from "../../../../src/core/commands/topics.js";
import type { QueueState } from "../../../../src/core/state/state.js";
import { waitingRuns } from "../../../../src/core/state/waiting.js";
import { createEngine, type Engine } from "../engine-fixture.js";

describe("a filter lets through", () => {
  test.each([
    [{}, {}, true],
    [{ a: "x" }, { a: "x", b: "y" }, true],
    [{ a: "x" }, { a: "xy" }, false],
    [{ a: ["x", "y"] }, { a: "y" }, true],
    [{ a: [] }, { a: "y" }, false],
    [{ a: { prefix: "x" } }, { a: "xy" }, true],
    [{ a: { prefix: "" } }, {}, false],
    [{ a: { exists: true } }, { a: "" }, true],
    [{ a: { exists: false } }, { a: "" }, false],
    [{ a: { exists: false } }, {}, true],
    [{ a: "x", b: "y" }, { a: "x" }, false],
    // What every object inherits is no header.
    [{ toString: { exists: true } }, {}, false],
  ])("%j of %j: %s", (filter, headers, isThrough) => {
    expect(passes(filter, headers)).toBe(isThrough);
  });
});

const publish = (engine: Engine, count: number, ids?: readonly string[]) =>
  engine.run({
    type: "publish",
    topic: "t",
    segments: [{ count, priority: 4, ...(ids && { deduplicationIds: ids }) }],
    sizes: Array.from({ length: count }, () => 100),
  });
const subscribe = (engine: Engine, ...names: string[]) => {
  for (const subscription of names) engine.run({ type: "subscribe", topic: "t", subscription });
};
const live = ({ state }: Pick<Engine, "state">) =>
  state.batches.all().flatMap((batch) => state.batches.liveSeqs(batch));

test("a body is kept until the last of its messages is gone, over a checkpoint too", async () => {
  const engine = createEngine();
  subscribe(engine, "a", "b", "c");
  publish(engine, 2);
  expect(live(engine)).toEqual([1, 2]);
  engine.run({ type: "purge", queue: "t/a" });
  engine.run({ type: "deliver", queue: "t/b", client: "x", mode: "receive", max: 1, grant: "g" });
  const [seq] = [...(engine.state.grants.get("g")?.leases.keys() ?? [])] as [number];
  engine.settle("x", "g", [seq, 1], { type: "ack" });
  const state = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
  for (const one of [engine.state, state]) {
    expect([...one.batches.shared]).toEqual([[2, 1]]);
    expect(live({ state: one })).toEqual([1, 2]);
  }
  engine.run({ type: "purge", queue: "t/c" });
  expect(live(engine)).toEqual([2]);
  engine.run({ type: "delete", queue: "t/b" });
  expect(live(engine)).toEqual([]);
});

test("a new body takes the place of the old one in each subscription that replaces", () => {
  const engine = createEngine();
  for (const queue of ["t/a", "t/b"]) {
    engine.run({ type: "configure", queue, settings: { deduplicationMode: "replace" } });
  }
  subscribe(engine, "a", "b", "drops");
  expect(publish(engine, 1, ["x"])).toMatchObject({ value: { subscriptions: [3] } });
  expect(publish(engine, 1, ["x"])).toMatchObject({ value: { subscriptions: [2] } });
  const bodies = ["t/a", "t/b"].map((name) => [
    ...(engine.state.queues.get(name)?.deduplication.replacedBodies.values() ?? []),
  ]);
  expect(bodies[0]).toEqual(bodies[1]);
  for (const queue of ["t/a", "t/b", "t/drops"]) engine.run({ type: "purge", queue });
  expect(live(engine)).toEqual([]);
});

test("a subscription ends with its queue", () => {
  const engine = createEngine();
  subscribe(engine, "a", "b");
  publish(engine, 1);
  engine.run({ type: "delete", queue: "t/a" });
  expect(publish(engine, 1)).toMatchObject({ value: { subscriptions: [1] } });
  expect(engine.state.queues.has("t/a")).toBe(false);
});

test("what was published alike is one change a subscription, whatever else its filter lets through", () => {
  const engine = createEngine();
  subscribe(engine, "all", "some");
  engine.run({ type: "subscribe", topic: "t", subscription: "some", filter: { kind: "a" } });
  const { changes } = decide(
    engine.state,
    {
      type: "publish",
      topic: "t",
      segments: [{ count: 6, priority: 4 }],
      sizes: [100, 100, 100, 100, 100, 100],
      headers: [{ kind: "a" }, { kind: "a" }, { kind: "b" }, { kind: "a" }, { kind: "a" }, { kind: "a" }],
    },
    engine.now,
  );
  const accepted = changes.flatMap((change) =>
    change.type === "accepted" ? [[change.queue, change.bodySeq, change.count]] : [],
  );
  // The bodies of a filter's messages have a gap, and so have its changes.
  expect(accepted).toEqual([
    ["t/all", 1, 6],
    ["t/some", 1, 2],
    ["t/some", 4, 3],
  ]);
});

test("what a filter picks keeps its own deduplication id, priority, group and time", () => {
  const engine = createEngine();
  engine.run({ type: "subscribe", topic: "t", subscription: "s", filter: { to: "s" } });
  engine.run({
    type: "publish",
    topic: "t",
    segments: [
      { count: 2, priority: 4, deduplicationIds: ["x", "y"] },
      { count: 3, priority: 4, delayMs: 1_000, deduplicationIds: ["p", "q", "r"] },
    ],
    sizes: [100, 100, 100, 100, 100],
    groups: ["0", "1", "2", "3", "4"],
    priorities: [0, 1, 2, 3, 4],
    times: [0, 0, 2_000, 3_000, 4_000],
    headers: [undefined, { to: "s" }, undefined, { to: "s" }, { to: "s" }],
  });
  const queue = engine.state.queues.get("t/s") as QueueState;
  const runs = [...waitingRuns(queue)].sort((a, b) => a.seq - b.seq);
  expect(runs.map(({ priority, group, readyAt }) => [priority, group?.id, readyAt - engine.now])).toEqual([
    [1, "1", 0],
    [3, "3", 3_000],
    [4, "4", 4_000],
  ]);
  expect([...queue.deduplication.byId.keys()]).toEqual(["y", "q", "r"]);
});
