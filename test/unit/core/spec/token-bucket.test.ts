import { expect, test } from "vitest";
import { spent, tokenAt, tokensAt } from "../../../../src/core/spec/token-bucket.js";

const rate = { limit: 4, intervalMs: 1_000 };

test("a bucket holds as many as its limit, and one more comes back each part of the interval", () => {
  expect(tokensAt(0, rate, 5_000)).toBe(4);
  const fullAt = spent(0, rate, 4, 5_000);
  expect([5_000, 5_249, 5_250, 5_500, 6_000, 9_000].map((now) => tokensAt(fullAt, rate, now))).toEqual([
    0, 0, 1, 2, 4, 4,
  ]);
  expect(tokenAt(fullAt, rate)).toBe(5_250);
});

test("what is owed is paid back before there is another", () => {
  const fullAt = spent(0, rate, 6, 5_000);
  expect(tokenAt(fullAt, rate)).toBe(5_750);
  expect(tokensAt(fullAt, rate, 5_749)).toBe(0);
});

test("tolerance makes a token that is nearly there one", () => {
  const fullAt = spent(0, rate, 4, 5_000);
  expect(tokensAt(fullAt, rate, 5_249)).toBe(0);
  expect(tokensAt(fullAt, rate, 5_249, 0.01)).toBe(1);
  expect(tokenAt(fullAt, rate, 0.01)).toBe(5_248);
});
