// A clock that is set back by an hour must neither stall what waits a while nor deliver early what names an instant.

import { expect, test } from "vitest";
import { advance } from "../../../src/core/commands/clock.js";
import { isConserved } from "../../../src/core/state/state.js";
import { statsOf, takeEndedGrants } from "../../../src/core/view/view.js";
import { createEngine } from "./engine-fixture.js";

const HOUR = 3_600_000;

function createEngineAt(now: number) {
  const engine = createEngine();
  engine.now = now;
  return {
    engine,
    setBack(byMs: number) {
      engine.now -= byMs;
      engine.run({ type: "set-clock-back", byMs });
    },
    readyAt(now: number) {
      advance(engine.state, now);
      return statsOf(engine.queue, now).ready;
    },
  };
}

test("a delay lasts as long as it was asked for", () => {
  const { engine, setBack, readyAt } = createEngineAt(10 * HOUR);
  engine.send(1, { delayMs: 1_000 });
  setBack(HOUR);
  expect(readyAt(9 * HOUR + 999)).toBe(0);
  expect(readyAt(9 * HOUR + 1_000)).toBe(1);
});

test("an instant that the sender named stays where it is", () => {
  const { engine, setBack, readyAt } = createEngineAt(10 * HOUR);
  engine.send(1, { deliverAt: 10 * HOUR + 1_000 });
  setBack(HOUR);
  expect(readyAt(9 * HOUR + 1_000)).toBe(0);
  expect(readyAt(10 * HOUR + 1_000)).toBe(1);
});

test("a back-off lasts as long as was decided", () => {
  const { engine, setBack, readyAt } = createEngineAt(10 * HOUR);
  engine.send(1);
  engine.deliver("a", 1, "g");
  engine.settle("a", "g", [1, 1], { type: "retry", delayMs: 500 });
  setBack(HOUR);
  expect(readyAt(9 * HOUR + 499)).toBe(0);
  expect(readyAt(9 * HOUR + 500)).toBe(1);
});

test("a lease ends when it would have ended, and fences as before", () => {
  const { engine, setBack } = createEngineAt(10 * HOUR);
  engine.send(2);
  engine.deliver("a", 2, "g");
  setBack(HOUR);
  expect(takeEndedGrants(engine.state, 9 * HOUR + 29_999)).toEqual([]);
  engine.now = 9 * HOUR + 29_999;
  expect(engine.settle("a", "g", [1, 1], { type: "ack" })).toMatchObject({ ok: true, value: { lost: [] } });
  expect(takeEndedGrants(engine.state, 9 * HOUR + 30_000)).toEqual(["g"]);
  engine.now = 9 * HOUR + 30_000;
  expect(engine.settle("a", "g", [2, 1], { type: "ack" })).toMatchObject({ value: { lost: [{ grant: "g" }] } });
  expect(isConserved(engine.queue)).toBe(true);
});
