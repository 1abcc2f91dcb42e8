// What README and docs/cost.md say of sizes is near the limits that `npm test` holds. Against the build itself: test/docs.

import { expect, test } from "vitest";
import { SIZE_LIMITS } from "../../../scripts/package-layout.mjs";
import { readmeSizes, writtenSizes } from "../../../scripts/sizes.mjs";

/** How far a limit may have been lowered before `npm run size -- --write` has to be run. */
const LOWERED = 0.7;

const said = writtenSizes();

test.each([
  ["client", readmeSizes().client, SIZE_LIMITS.client],
  ["worker", readmeSizes().worker, SIZE_LIMITS.worker],
  ["`originmq`", said.get("`originmq`"), SIZE_LIMITS.client],
  ["the worker", said.get("the worker"), SIZE_LIMITS.worker],
])("what is said of %s is at most its limit, and not far below", (_, bytes, limit) => {
  expect(bytes).toBeLessThanOrEqual(limit + 500);
  expect(bytes).toBeGreaterThan(limit * LOWERED);
});
