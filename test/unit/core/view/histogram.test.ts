import { describe, expect, test } from "vitest";
import { createHistogram, merge, percentile, record } from "../../../../src/core/view/histogram.js";
import { createRandom } from "../../../sim/random.js";

describe("a histogram", () => {
  test.each([0, 0.05, 0.5, 1, 3.9, 4, 7, 99, 1_000, 123_456, 2 ** 31])("knows %f ms within 3 %", (ms) => {
    const histogram = createHistogram();
    record(histogram, ms);
    expect(Math.abs(percentile(histogram, 0.5) - ms)).toBeLessThanOrEqual(Math.max(1 / 16, ms * 0.03));
  });

  test("knows the percentiles of a crowd within 3 %", () => {
    const random = createRandom(7);
    const values = Array.from({ length: 20_000 }, () => -Math.log(1 - random.next()) * 250);
    const histogram = createHistogram();
    for (const value of values) record(histogram, value);
    const sorted = [...values].sort((a, b) => a - b);
    for (const share of [0.1, 0.5, 0.9, 0.99, 0.999]) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1] as number;
      expect(Math.abs(percentile(histogram, share) / exact - 1)).toBeLessThan(0.03);
    }
    expect(histogram.sumMs / histogram.total).toBeCloseTo(values.reduce((sum, value) => sum + value) / values.length);
  });

  test("merged with another is the histogram of both", () => {
    const [both, one, other] = [createHistogram(), createHistogram(), createHistogram()];
    for (const [i, ms] of [1, 5, 70, 900, 12_000, 3].entries()) {
      record(both, ms, i + 1);
      record(i % 2 ? one : other, ms, i + 1);
    }
    merge(one, other);
    expect(one.total).toBe(both.total);
    for (const share of [0.01, 0.3, 0.6, 0.99]) expect(percentile(one, share)).toBe(percentile(both, share));
  });

  test("of nothing has percentiles of 0, and a time below zero counts as none", () => {
    const histogram = createHistogram();
    expect(percentile(histogram, 0.5)).toBe(0);
    record(histogram, -5);
    expect(percentile(histogram, 0.5)).toBe(0);
  });
});
