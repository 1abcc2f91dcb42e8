// The checkpoint before the one that counts, where a build that knows nothing of it has written in between.

import { expect, test } from "vitest";
import { formerOf, NO_CHECKPOINT, oldestKept, pointerAfter } from "../../../src/store/format.js";

const checkpoint = (generation: number) => ({ generation, uptoLsn: 10 * generation, chunks: 3 });

test("the pointer names the one before, and not those before that", () => {
  const second = pointerAfter(pointerAfter(NO_CHECKPOINT, checkpoint(1)), checkpoint(2));
  expect(second).toEqual({ ...checkpoint(2), former: checkpoint(1) });
  expect(formerOf(second)).toEqual(checkpoint(1));
  expect(formerOf(pointerAfter(NO_CHECKPOINT, checkpoint(1)))).toEqual(NO_CHECKPOINT);
});

test("what is named is no former one once another build has written checkpoints since, or none", () => {
  expect(formerOf(checkpoint(2))).toBeUndefined();
  expect(formerOf({ ...checkpoint(4), former: checkpoint(2) })).toBeUndefined();
});

test("a database without a checkpoint keeps all there is", () => {
  expect(oldestKept(NO_CHECKPOINT)).toBe(0);
  expect(oldestKept(checkpoint(3))).toBe(2);
});
