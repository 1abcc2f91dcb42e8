import { describe, expect, test } from "vitest";
import { drainTimeMs, erlangB, erlangC, predictBounded, predictUnbounded } from "../../../../src/core/view/queueing.js";
import { createRandom } from "../../../sim/random.js";

describe("Erlang's formulas", () => {
  // Any table of Erlang B; the last one is the classical 1 % grade of service for 10 lines.
  test.each([
    [1, 1, 0.5],
    [2, 1, 0.2],
    [3, 2, 4 / 19],
    [5, 3, 0.1101],
    [10, 5, 0.0184],
    [10, 4.461, 0.01],
    [100, 84.06, 0.01],
  ])("B with %i servers and %f erlangs", (c, a, expected) => {
    expect(erlangB(c, a)).toBeCloseTo(expected, 4);
  });

  test.each([
    [1, 0.5, 0.5],
    [1, 0.9, 0.9],
    [2, 1, 1 / 3],
    [3, 2, 4 / 9],
    [5, 4, 0.5541],
    [10, 8, 0.4092],
  ])("C with %i servers and %f erlangs", (c, a, expected) => {
    expect(erlangC(c, a)).toBeCloseTo(expected, 4);
  });

  test("C is 1 where the servers cannot keep up", () => {
    expect([erlangC(2, 2), erlangC(2, 5)]).toEqual([1, 1]);
  });

  test("hold for thousands of servers without overflow", () => {
    expect(erlangB(10_000, 10_000)).toBeCloseTo(Math.sqrt(2 / (Math.PI * 10_000)), 3);
    expect(erlangB(5, 0)).toBe(0);
  });
});

/** The steady state by the definition of pₙ, in logarithms. */
function bySummation(lambda: number, mu: number, c: number, capacity: number) {
  const logs = [0];
  for (let n = 1; n <= capacity; n++) logs.push((logs[n - 1] as number) + Math.log(lambda / (mu * Math.min(n, c))));
  const most = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const p = weights.map((weight) => weight / total);
  const full = p[capacity] as number;
  const queued = p.reduce((sum, share, n) => sum + Math.max(0, n - c) * share, 0);
  const busy = p.reduce((sum, share, n) => sum + (n >= c && n < capacity ? share : 0), 0);
  return {
    waitMs: (1_000 * queued) / (lambda * (1 - full)),
    waitProbability: busy / (1 - full),
    blockingProbability: full,
  };
}

describe("predictions", () => {
  test("M/M/1 waits ρ/(μ − λ)", () => {
    const { waitMs, waitProbability } = predictUnbounded({ arrivalRate: 8, serviceRate: 10, servers: 1 }) as never;
    expect(waitMs).toBeCloseTo(400);
    expect(waitProbability).toBeCloseTo(0.8);
  });

  test("without end there is none once the handlers cannot keep up", () => {
    expect(predictUnbounded({ arrivalRate: 20, serviceRate: 10, servers: 2 })).toBeNull();
    expect(predictUnbounded({ arrivalRate: 1, serviceRate: 10, servers: 0 })).toBeNull();
  });

  test("a full M/M/10/30 under too much load blocks one in six", () => {
    const { waitMs, blockingProbability } = predictBounded({ arrivalRate: 12, serviceRate: 1, servers: 10 }, 30);
    expect(blockingProbability).toBeCloseTo(0.1686, 4);
    expect(waitMs / 1_000).toBeCloseTo(1.5346, 4);
  });

  test.each([
    [12, 1, 10, 30],
    [5, 1, 10, 10],
    [5, 1, 10, 12],
    [10, 1, 10, 200],
    [9.99, 1, 10, 5_000],
    [10.01, 1, 10, 5_000],
    [1_000, 1, 10, 500],
    [0.3, 1, 1, 1],
    [3, 1, 1, 2],
    [50, 1, 8, 5],
  ])("λ = %f, μ = %f, c = %i, K = %i are what the sums over all states give", (lambda, mu, c, capacity) => {
    const predicted = predictBounded({ arrivalRate: lambda, serviceRate: mu, servers: c }, capacity);
    const summed = bySummation(lambda, mu, Math.min(c, capacity), capacity);
    for (const key of ["waitMs", "waitProbability", "blockingProbability"] as const) {
      expect(predicted[key]).toBeCloseTo(summed[key], 6);
    }
  });

  test("a bound too large to be met changes nothing, however large, on either side of ρ = 1", () => {
    const load = { arrivalRate: 8, serviceRate: 1, servers: 10 };
    const bounded = predictBounded(load, 1_000_000_000);
    expect(bounded.waitMs).toBeCloseTo(predictUnbounded(load)?.waitMs as number, 6);
    expect(bounded.blockingProbability).toBe(0);
    const over = predictBounded({ ...load, arrivalRate: 20 }, 1_000_000_000);
    expect(over.blockingProbability).toBeCloseTo(0.5, 6);
    expect(over.waitMs).toBeGreaterThan(9e10);
  });

  test("nothing comes, nothing waits", () => {
    expect(predictBounded({ arrivalRate: 0, serviceRate: 1, servers: 1 }, 5)).toEqual({
      waitMs: 0,
      waitProbability: 0,
      blockingProbability: 0,
    });
  });
});

test("a queue drains as fast as its handlers outrun what comes, or never", () => {
  expect(drainTimeMs(100, { arrivalRate: 5, serviceRate: 10, servers: 2 })).toBeCloseTo(100_000 / 15);
  expect(drainTimeMs(100, { arrivalRate: 20, serviceRate: 10, servers: 2 })).toBeNull();
  expect(drainTimeMs(0, { arrivalRate: 20, serviceRate: 10, servers: 2 })).toBe(0);
});

/** Event by event: arrivals take a free server, or wait while there is room, or are lost. Seeded. */
function simulate({
  lambda,
  mu,
  c,
  capacity,
  arrivals,
}: Record<"lambda" | "mu" | "c" | "capacity" | "arrivals", number>) {
  const random = createRandom(20_240_501);
  const exponential = (rate: number) => -Math.log(1 - random.next()) / rate;
  const busyUntil: number[] = [];
  /** Starts of service of those accepted: first come, first served, so they rise. */
  const starts: number[] = [];
  let served = 0;
  let now = 0;
  let waited = 0;
  let waiting = 0;
  let lost = 0;
  for (let i = 0; i < arrivals; i++) {
    now += exponential(lambda);
    while (served < starts.length && (starts[served] as number) <= now) served++;
    const inService = busyUntil.filter((end) => end > now).length;
    if (inService + starts.length - served >= capacity) {
      lost++;
      continue;
    }
    const free = busyUntil.length < c ? busyUntil.push(0) - 1 : busyUntil.indexOf(Math.min(...busyUntil));
    const start = Math.max(now, busyUntil[free] as number);
    busyUntil[free] = start + exponential(mu);
    starts.push(start);
    waited += start - now;
    if (start > now) waiting++;
  }
  const accepted = arrivals - lost;
  return { waitMs: (1_000 * waited) / accepted, waitProbability: waiting / accepted, blocking: lost / arrivals };
}

describe("a simulation of 400,000 arrivals comes out as predicted", () => {
  test("M/M/3 at 80 %", () => {
    const load = { arrivalRate: 2.4, serviceRate: 1, servers: 3 };
    const predicted = predictUnbounded(load);
    const seen = simulate({ lambda: 2.4, mu: 1, c: 3, capacity: Number.POSITIVE_INFINITY, arrivals: 400_000 });
    expect(seen.waitMs / (predicted?.waitMs as number)).toBeCloseTo(1, 1);
    expect(seen.waitProbability).toBeCloseTo(predicted?.waitProbability as number, 2);
  });

  test("M/M/4/12 at 120 %", () => {
    const predicted = predictBounded({ arrivalRate: 4.8, serviceRate: 1, servers: 4 }, 12);
    const seen = simulate({ lambda: 4.8, mu: 1, c: 4, capacity: 12, arrivals: 400_000 });
    expect(seen.blocking).toBeCloseTo(predicted.blockingProbability, 2);
    expect(seen.waitMs / predicted.waitMs).toBeCloseTo(1, 1);
    expect(seen.waitProbability).toBeCloseTo(predicted.waitProbability, 2);
  });
});
