import { describe, expect, test } from "vitest";
import { idOf } from "../../../../src/core/log/ids.js";
import { createEngine } from "../engine-fixture.js";

/** Messages 1 to 4, of which 3, 1 and 2 died, in this order. */
const withDead = (settings = {}) => {
  const engine = createEngine(settings);
  engine.send(4);
  engine.deliver("a", 4, "g");
  engine.settle("a", "g", [3, 1], { type: "dead", reason: "bad" });
  engine.settle("a", "g", [1, 1], { type: "dead", reason: "worse" });
  engine.settle("a", "g", [2, 1], { type: "dead", reason: "bad" });
  return engine;
};
const filterOf = {
  none: {},
  "a reason": { reason: "bad" },
  "an unknown reason": { reason: "?" },
};

describe.each([
  ["none", [3, 1, 2]],
  ["a reason", [3, 2]],
  ["an unknown reason", []],
] as const)("filtered by %s", (by, chosen) => {
  test("dead letters go back to the queue, with their attempts at zero, in the order they died", () => {
    const engine = withDead();
    const outcome = engine.run({ type: "redrive", queue: "orders", filter: filterOf[by] });
    expect(outcome).toEqual({ ok: true, value: { redriven: chosen.length } });
    expect(engine.deliver("b", 9, "h")).toEqual(chosen);
    for (const seq of chosen) expect(engine.queue.leased.get(seq)).toMatchObject({ attempts: 1, failure: undefined });
  });

  test("dead letters are purged, and their bodies with them", () => {
    const engine = withDead();
    const outcome = engine.run({ type: "purge-dead", queue: "orders", filter: filterOf[by] });
    expect(outcome).toEqual({ ok: true, value: { purged: chosen.length } });
    expect(engine.queue.dead.size).toBe(3 - chosen.length);
    expect(engine.queue.counters.purged).toBe(chosen.length);
    expect(engine.state.batches.find(4)?.live).toBe(4 - chosen.length);
  });
});

test("a filter by ids takes those, and both filters those that match both", () => {
  const engine = withDead();
  const ids = [1, 2, 4, 99].map((seq) => idOf(engine.state, seq));
  const filter = { ids: [...ids, "nonsense"], reason: "bad" };
  expect(engine.run({ type: "redrive", queue: "orders", filter })).toMatchObject({ value: { redriven: 1 } });
  expect([...engine.queue.dead.keys()]).toEqual([3, 1]);
});

test("a redrive that does not fit moves nothing", () => {
  const engine = withDead({ maxMessages: 4 });
  engine.send(1);
  const outcome = engine.run({ type: "redrive", queue: "orders", filter: {} });
  expect(outcome).toMatchObject({ ok: false, code: "full", detail: { queue: "orders", maxMessages: 4, waiting: 2 } });
  expect(engine.queue.dead.size).toBe(3);
});

test("an unknown queue has no dead letters", () => {
  const engine = createEngine();
  expect(engine.run({ type: "redrive", queue: "?", filter: {} })).toEqual({ ok: true, value: { redriven: 0 } });
  expect(engine.run({ type: "purge-dead", queue: "?", filter: {} })).toEqual({ ok: true, value: { purged: 0 } });
});
