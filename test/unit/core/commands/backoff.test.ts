import { describe, expect, test } from "vitest";
import { retryDelayMs, spreadJitter } from "../../../../src/core/commands/backoff.js";
import type { Backoff } from "../../../../src/core/spec/settings.js";

const backoff = (over: Partial<Backoff> = {}): Backoff => ({
  type: "exponential",
  baseMs: 1_000,
  maxMs: 60_000,
  jitter: "none",
  ...over,
});
const delays = (given: Backoff, random = 0) =>
  [1, 2, 3, 7, 1_000].map((attempt) => retryDelayMs(attempt, given, random));

test("without jitter the wait doubles with each attempt, up to its limit", () => {
  expect(delays(backoff())).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
});

test("a fixed wait is always the same, and within the limit", () => {
  expect(delays(backoff({ type: "fixed" }))).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
  expect(delays(backoff({ type: "fixed", maxMs: 10 }))).toEqual([10, 10, 10, 10, 10]);
});

test("a wait based on nothing is none, however often it failed", () => {
  expect(delays(backoff({ baseMs: 0 }))).toEqual([0, 0, 0, 0, 0]);
  expect(retryDelayMs(1_000_000, backoff({ baseMs: 0 }), 0)).toBe(0);
});

describe("full jitter", () => {
  test("goes from nothing to the whole wait", () => {
    expect(delays(backoff({ jitter: "full" }), 0)).toEqual([0, 0, 0, 0, 0]);
    const most = delays(backoff({ jitter: "full" }), 1 - Number.EPSILON);
    expect(most).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
  });

  test.each([0, 0.3, 0.9999])("spreads the messages of one command evenly, from %d on", (jitter) => {
    const buckets = Array.from({ length: 10 }, () => 0);
    const count = 1_000;
    for (let seq = 123_456_789; seq < 123_456_789 + count; seq++) {
      const random = spreadJitter(jitter, seq);
      expect(random >= 0 && random < 1).toBe(true);
      const bucket = Math.min(9, Math.floor(retryDelayMs(1, backoff({ jitter: "full" }), random) / 100));
      buckets[bucket] = (buckets[bucket] as number) + 1;
    }
    for (const filled of buckets) expect(Math.abs(filled - count / 10)).toBeLessThanOrEqual(5);
  });
});
