import { expect, test } from "vitest";
import { fullJitter, growingMs } from "../../../../src/core/spec/waits.js";

const growth = { baseMs: 1_000, maxMs: 60_000 };

test("the longest wait doubles with each failure, up to its limit", () => {
  expect([0, 1, 2, 3, 7, 1_000_000].map((n) => growingMs(n, growth))).toEqual([
    1_000, 1_000, 2_000, 4_000, 60_000, 60_000,
  ]);
});

test("any part of a wait is as likely", () => {
  expect([0, 0.25, 0.5, 1 - Number.EPSILON].map((random) => fullJitter(2_000, random))).toEqual([0, 500, 1_000, 2_000]);
});
