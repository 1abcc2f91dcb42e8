import { describe, expect, test } from "vitest";
import { createMeter } from "../../../../src/core/view/meter.js";

const NOW = { handlers: 2, ready: 0, capacity: 1_000 };

describe("a meter", () => {
  test("says nothing before there are 30 samples", () => {
    const meter = createMeter(0);
    for (let i = 1; i <= 29; i++) {
      meter.arrived(1, i * 100);
      meter.handedOut(1, 5, i * 100);
      meter.served(1, 50, i * 100);
    }
    const nothing = { arrivalRate: null, serviceRate: null, utilisation: null, waitMs: null, serviceMs: null };
    expect(meter.load(3_000, NOW)).toMatchObject({ ...nothing, drainMs: null, predicted: null });
    meter.arrived(1, 3_000);
    meter.handedOut(1, 5, 3_000);
    meter.served(1, 50, 3_000);
    const load = meter.load(3_000, NOW);
    for (const key of Object.keys(nothing)) expect(load).not.toMatchObject({ [key]: null });
  });

  test("learns the rates of a steady stream, from the first seconds on", () => {
    const meter = createMeter(1_000);
    for (let at = 1_000; at <= 200_000; at += 50) {
      meter.arrived(1, at);
      meter.served(1, 80, at);
      if (at !== 5_000 && at !== 200_000) continue;
      const { arrivalRate, serviceRate, utilisation } = meter.load(at, NOW);
      expect(arrivalRate?.last10s).toBeCloseTo(20, 0);
      expect(arrivalRate?.last60s).toBeCloseTo(20, 0);
      expect(serviceRate?.last10s).toBeCloseTo(12.5);
      expect(utilisation?.last60s).toBeCloseTo(0.8, 1);
    }
  });

  test("follows a change in 10 s sooner than in 60 s", () => {
    const meter = createMeter(0);
    for (let at = 0; at <= 100_000; at += 100) meter.arrived(1, at);
    for (let at = 100_000; at <= 110_000; at += 10) meter.arrived(1, at);
    const { last10s = 0, last60s = 0 } = meter.load(110_000, NOW).arrivalRate ?? {};
    // e⁻¹ of the old and 1 − e⁻¹ of the new after one time constant.
    expect(last10s).toBeCloseTo(10 * Math.exp(-1) + 100 * (1 - Math.exp(-1)), 0);
    expect(last60s).toBeLessThan(last10s);
    expect(meter.load(400_000, NOW).arrivalRate?.last10s).toBeCloseTo(0);
  });

  test("still knows how fast handlers are after minutes of silence", () => {
    const meter = createMeter(0);
    for (let at = 0; at < 100; at++) meter.served(1, 40, at);
    const { last10s, last60s } = meter.load(500_000, NOW).serviceRate ?? {};
    expect(last10s).toBeCloseTo(25);
    expect(last60s).toBeCloseTo(25);
  });

  test("takes waits and service times of groups, and forgets them after ten minutes", () => {
    const meter = createMeter(0);
    meter.handedOut(90, 10, 1_000);
    meter.handedOut(10, 500, 1_000);
    meter.served(50, 50 * 20, 1_000);
    const { waitMs, serviceMs } = meter.load(2_000, NOW);
    expect(waitMs).toMatchObject({ samples: 100, mean: 59 });
    expect(waitMs?.p50).toBeCloseTo(10, 0);
    expect((waitMs?.p99 as number) / 500).toBeCloseTo(1, 1);
    expect(serviceMs).toMatchObject({ samples: 50, mean: 20 });
    expect(meter.load(400_000, NOW).waitMs).toMatchObject({ samples: 100 });
    expect(meter.load(1_300_000, NOW).waitMs).toBeNull();
  });

  test("predicts from what it measured, and tells when the queue will be drained", () => {
    const meter = createMeter(0);
    for (let at = 0; at <= 300_000; at += 100) {
      meter.arrived(1, at);
      meter.served(1, 150, at);
    }
    const { predicted, drainMs, utilisation } = meter.load(300_000, { ...NOW, ready: 10 });
    expect(utilisation?.last60s).toBeCloseTo(0.75, 2);
    // M/M/2 with a = 1.5: C = 9/14, Wq = C / (cμ − λ).
    expect((predicted?.unbounded?.waitMs as number) / ((1_000 * 9) / 14 / (40 / 3 - 10))).toBeCloseTo(1, 1);
    expect(predicted?.bounded.waitMs).toBeCloseTo(predicted?.unbounded?.waitMs as number, 3);
    expect((drainMs as number) / (10_000 / (40 / 3 - 10))).toBeCloseTo(1, 1);
    const alone = meter.load(300_000, { ...NOW, handlers: 1, ready: 10 });
    expect(alone).toMatchObject({ drainMs: null, predicted: { unbounded: null, bounded: {} } });
    expect(meter.load(300_000, { ...NOW, handlers: 0 })).toMatchObject({ utilisation: null, predicted: null });
  });

  test("goes on when the clock was set back", () => {
    const meter = createMeter(100_000);
    for (let i = 0; i < 100; i++) meter.arrived(1, 100_000 + i * 100);
    meter.arrived(1, 50_000);
    const { arrivalRate } = meter.load(51_000, NOW);
    expect(arrivalRate).toBeNull();
    for (let i = 0; i < 600; i++) meter.arrived(1, 100_000 + i * 100);
    expect(meter.load(160_000, NOW).arrivalRate?.last10s).toBeCloseTo(10, 0);
  });
});
