import { expect, test } from "vitest";
import { dueQueues, forgetfulQueues, nextWakeUp } from "../../../../src/core/commands/due.js";
import { createEngine } from "../engine-fixture.js";

const DAY_MS = 24 * 60 * 60 * 1_000;

test("a turn touches the queues of which something is due, and no others", () => {
  const engine = createEngine();
  const sendTo = (queue: string, delayMs: number, id?: string) => {
    const segment = { count: 1, priority: 4, delayMs, ...(id !== undefined && { deduplicationIds: [id] }) };
    engine.run({ type: "send", queue, atomic: true, segments: [segment], sizes: [100] });
  };
  for (let i = 0; i < 50; i++) sendTo(`later ${i}`, 60_000, "x");
  sendTo("soon", 10);
  sendTo("now", 0);
  expect(dueQueues(engine.state, engine.now + 10).map(({ name }) => name)).toEqual(["soon"]);
  expect(nextWakeUp(engine.state)).toBe(engine.now + 10);
  // To forget an id nobody has to wake, but every turn does it that comes after.
  expect(forgetfulQueues(engine.state, engine.now + 299_999)).toEqual([]);
  expect(forgetfulQueues(engine.state, engine.now + 300_000)).toHaveLength(50);
  engine.now += 300_000;
  engine.run({ type: "pause", queue: "soon", paused: true });
  expect(engine.state.queues.get("later 7")?.deduplication.byId.size).toBe(0);
  expect(engine.state.queues.get("later 7")?.readyCount).toBe(1);
  expect(nextWakeUp(engine.state)).toBe(Number.POSITIVE_INFINITY);
});

test("a tick that waits for room is awaited no longer, and again when there is some", () => {
  const engine = createEngine({ maxMessages: 1 });
  engine.send(1);
  const spec = { everyMs: 1_000, catchUp: "one", priority: 4 } as const;
  engine.run({ type: "schedule", queue: "orders", id: "s", spec, sizes: [10] });
  expect(nextWakeUp(engine.state)).toBe(engine.now + 1_000);
  engine.now += 1_000;
  engine.run({ type: "pause", queue: "other", paused: true });
  expect(nextWakeUp(engine.state)).toBe(Number.POSITIVE_INFINITY);
  engine.run({ type: "purge", queue: "orders" });
  expect(nextWakeUp(engine.state)).toBe(engine.now);
});

test("a queue that is gone is awaited no longer", () => {
  const engine = createEngine();
  engine.send(1, { delayMs: 1_000 });
  expect(nextWakeUp(engine.state)).toBe(engine.now + 1_000);
  engine.run({ type: "delete", queue: "orders" });
  expect(nextWakeUp(engine.state)).toBe(Number.POSITIVE_INFINITY);
});

test("a delay of years is as long as it says", () => {
  const engine = createEngine();
  engine.send(1, { delayMs: 1_000 * DAY_MS });
  expect(nextWakeUp(engine.state)).toBe(engine.now + 1_000 * DAY_MS);
  engine.now += 1_000 * DAY_MS - 1;
  expect(engine.deliver("a", 1, "g1")).toEqual([]);
  engine.now += 1;
  expect(engine.deliver("a", 1, "g2")).toEqual([1]);
});
