import { expect, test } from "vitest";
import { REGRESSION_SEEDS } from "./regression-seeds.js";
import { runSeed } from "./run-seeds.js";
import { runWorld } from "./world.js";

const LIMIT_MS = 600_000;

test.each(REGRESSION_SEEDS)("seed %i stays mended: %s", { timeout: LIMIT_MS }, (seed) => runSeed(seed));

test("the same seed is the same world", { timeout: LIMIT_MS }, async () => {
  const [first, second] = [await runWorld({ seed: 6, steps: 100 }), await runWorld({ seed: 6, steps: 100 })];
  expect(second.history).toEqual(first.history);
  expect(second.trace).toEqual(first.trace);
  expect(second.tasks).toBe(first.tasks);
});
