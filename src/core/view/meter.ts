// What a queue does per second and how long it takes, measured while its host lives. Nothing of it is stored: rates
// and histograms begin anew with each host, the totals beside them are durable.
// Invariant: costs a few operations a commit and group of messages, never more than that for one message.

import { createHistogram, type Histogram, merge, percentile, record } from "./histogram.js";
import { drainTimeMs, type Load, type Prediction, predictBounded, predictUnbounded } from "./queueing.js";

/** Fewer samples say nothing. */
export const SAMPLES_MIN = 30;
/** A rate over less time than this is chance. */
const WARM_UP_MS = 1_000;
/** Percentiles cover the current stretch of this length and the one before. */
const STRETCH_MS = 300_000;

/** The same number over the last seconds, exponentially decayed with a time constant of 10 s and of 60 s. */
export interface Windows {
  readonly last10s: number;
  readonly last60s: number;
}

/** Percentiles are within 3 %. */
export interface Distribution {
  readonly samples: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/**
 * How busy a queue is, as its host has seen it since it began: rates and histograms start anew with each host, unlike
 * `totals`. Each is `null` as long as there are fewer than 30 samples, or something it is made of is `null`.
 */
export interface QueueLoad {
  /** Epoch milliseconds since which this host measures. */
  readonly since: number;
  /** c: handlers that can run at once, over all consumers of all clients that do not pause. */
  readonly handlers: number;
  /** λ: messages accepted or redriven per second. */
  readonly arrivalRate: Windows | null;
  /** μ: messages that one handler acknowledges per second of being busy; failed attempts do not count. */
  readonly serviceRate: Windows | null;
  /** ρ = λ/(cμ): the share of their time that handlers are busy. From 1 on the queue grows. `null` without handlers. */
  readonly utilisation: Windows | null;
  /**
   * Time between ready (for a delayed message its due time) and handed out, in ms, each hand-out counted, over the last
   * 5 to 10 minutes. With `prefetch` above `concurrency` a message then also waits in its consumer, which is not in it.
   */
  readonly waitMs: Distribution | null;
  /**
   * Time that handlers took for what they acknowledged, in ms, over the last 5 to 10 minutes. For deliveries of
   * `receive`: from the hand-out to the acknowledgement.
   */
  readonly serviceMs: Distribution | null;
  /** Time until nothing is ready if the last 10 s go on, in ms: ready / (cμ − λ). `null` when that is never. */
  readonly drainMs: number | null;
  /**
   * What theory says for the rates of the last 60 s, to be held against `waitMs`: Poisson arrivals, exponential service
   * times. Real arrivals in bursts wait longer, handlers that always take as long wait less.
   */
  readonly predicted: {
    /** M/M/c, room without end; `null` when ρ ≥ 1. */
    readonly unbounded: Prediction | null;
    /** M/M/c/K with K = `maxMessages`. */
    readonly bounded: Prediction;
  } | null;
}

export interface Meter {
  /** Messages came: `at` and all times are epoch milliseconds. */
  arrived(count: number, at: number): void;
  /** Messages were handed out that had waited this long. */
  handedOut(count: number, waitMs: number, at: number): void;
  /** Messages were acknowledged; together they kept handlers busy for so long. */
  served(count: number, busyMs: number, at: number): void;
  load(at: number, now: { readonly handlers: number; readonly ready: number; readonly capacity: number }): QueueLoad;
}

/** A sum that forgets: r·e^(−Δt/τ) + n. Divided by τ it is a rate; divided by another of its like, a ratio. */
interface Decayed {
  add(count: number, at: number): void;
  at(at: number): number;
}

function createDecayed(tauMs: number): Decayed {
  let sum = 0;
  let last = 0;
  const decayTo = (at: number) => {
    // A clock that was set back forgets nothing.
    if (at > last) sum *= Math.exp((last - at) / tauMs);
    last = at;
    return sum;
  };
  return {
    add(count, at) {
      sum = decayTo(at) + count;
    },
    at: decayTo,
  };
}

const WINDOWS = { last10s: 10_000, last60s: 60_000 } as const;
type Span = keyof typeof WINDOWS;

const forWindows = <T>(make: (tauMs: number, span: Span) => T): Record<Span, T> => ({
  last10s: make(WINDOWS.last10s, "last10s"),
  last60s: make(WINDOWS.last60s, "last60s"),
});

export function createMeter(since: number): Meter {
  const arrivals = forWindows(createDecayed);
  const served = forWindows(createDecayed);
  const busy = forWindows(createDecayed);
  const waits = createStretches(since);
  const services = createStretches(since);
  let arrived = 0;

  const arrivalRate = (at: number): Windows | null =>
    arrived < SAMPLES_MIN || at - since < WARM_UP_MS
      ? null
      : // Divided by what a steady stream would have reached by now: without it a young rate is too small.
        forWindows((tau, span) => (1_000 * arrivals[span].at(at)) / tau / (1 - Math.exp((since - at) / tau)));

  const serviceRate = (at: number): Windows | null => {
    const all = services.at(at);
    if (all.total < SAMPLES_MIN) return null;
    return forWindows((_, span) => {
      const busyMs = busy[span].at(at);
      // Long idle, both have faded to nothing: what is left is the mean.
      const meanMs = busyMs > 1e-9 ? busyMs / served[span].at(at) : all.sumMs / all.total;
      return 1_000 / Math.max(meanMs, 1e-3);
    });
  };

  return {
    arrived(count, at) {
      arrived += count;
      arrivals.last10s.add(count, at);
      arrivals.last60s.add(count, at);
    },
    handedOut: (count, waitMs, at) => record(waits.now(at), waitMs, count),
    served(count, busyMs, at) {
      record(services.now(at), busyMs / count, count);
      forWindows((_, span) => {
        served[span].add(count, at);
        busy[span].add(busyMs, at);
      });
    },
    load(at, { handlers, ready, capacity }) {
      const lambda = arrivalRate(at);
      const mu = serviceRate(at);
      const loads =
        lambda &&
        mu &&
        handlers > 0 &&
        forWindows(
          (_, span): Load => ({
            arrivalRate: lambda[span],
            serviceRate: mu[span],
            servers: handlers,
          }),
        );
      return {
        since,
        handlers,
        arrivalRate: lambda,
        serviceRate: mu,
        utilisation: loads ? forWindows((_, span) => lambda[span] / (handlers * mu[span])) : null,
        waitMs: distributionOf(waits.at(at)),
        serviceMs: distributionOf(services.at(at)),
        drainMs: loads ? drainTimeMs(ready, loads.last10s) : null,
        predicted: loads
          ? { unbounded: predictUnbounded(loads.last60s), bounded: predictBounded(loads.last60s, capacity) }
          : null,
      };
    },
  };
}

/** A histogram of what is recent: the current stretch of time and the one before. */
function createStretches(since: number) {
  let current = createHistogram();
  let former = createHistogram();
  let began = since;
  const now = (at: number): Histogram => {
    if (at - began >= STRETCH_MS) {
      former = at - began < 2 * STRETCH_MS ? current : createHistogram();
      current = createHistogram();
      began = at;
    }
    return current;
  };
  return {
    now,
    at(at: number): Histogram {
      const both = createHistogram();
      merge(both, now(at));
      merge(both, former);
      return both;
    },
  };
}

function distributionOf(histogram: Histogram): Distribution | null {
  const { total, sumMs } = histogram;
  if (total < SAMPLES_MIN) return null;
  const [p50 = 0, p90 = 0, p99 = 0] = [0.5, 0.9, 0.99].map((share) => percentile(histogram, share));
  return { samples: total, mean: sumMs / total, p50, p90, p99 };
}
