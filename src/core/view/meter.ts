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
  /** Time constant 10 s. */
  readonly last10s: number;
  /** Time constant 60 s. */
  readonly last60s: number;
}

/** Percentiles are within 3 %. */
export interface Distribution {
  /** How many it is made of. */
  readonly samples: number;
  /** Exact. */
  readonly mean: number;
  /** The median. */
  readonly p50: number;
  /** Nine of ten are at most this. */
  readonly p90: number;
  /** 99 of 100 are at most this. */
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

const WINDOWS = { last10s: 10_000, last60s: 60_000 } as const;
type WindowName = keyof typeof WINDOWS;

const forWindows = <T>(make: (tauMs: number, span: WindowName) => T): Record<WindowName, T> => ({
  last10s: make(WINDOWS.last10s, "last10s"),
  last60s: make(WINDOWS.last60s, "last60s"),
});

/**
 * A sum that forgets, over both windows: r·e^(−Δt/τ) + n. Divided by τ it is a rate; divided by another of its like, a
 * ratio.
 */
class Decayed {
  private last10s = 0;
  private last60s = 0;
  private last = 0;

  add(count: number, at: number): void {
    this.decayTo(at);
    this.last10s += count;
    this.last60s += count;
  }

  at(at: number, span: WindowName): number {
    this.decayTo(at);
    return this[span];
  }

  private decayTo(at: number): void {
    // A clock that was set back forgets nothing.
    if (at > this.last) {
      this.last10s *= Math.exp((this.last - at) / WINDOWS.last10s);
      this.last60s *= Math.exp((this.last - at) / WINDOWS.last60s);
    }
    this.last = at;
  }
}

export const createMeter = (since: number): Meter => new QueueMeter(since);

/** A class, and most of it made when it is needed: there is one for each queue that anything ever came to. */
class QueueMeter implements Meter {
  private readonly since: number;
  private readonly arrivals = new Decayed();
  private arrivedCount = 0;
  private waits: Stretches | undefined = undefined;
  private work: { readonly served: Decayed; readonly busy: Decayed; readonly services: Stretches } | undefined =
    undefined;

  constructor(since: number) {
    this.since = since;
  }

  arrived(count: number, at: number): void {
    this.arrivedCount += count;
    this.arrivals.add(count, at);
  }

  handedOut(count: number, waitMs: number, at: number): void {
    this.waits ??= new Stretches(this.since);
    record(this.waits.now(at), waitMs, count);
  }

  served(count: number, busyMs: number, at: number): void {
    this.work ??= { served: new Decayed(), busy: new Decayed(), services: new Stretches(this.since) };
    record(this.work.services.now(at), busyMs / count, count);
    this.work.served.add(count, at);
    this.work.busy.add(busyMs, at);
  }

  load(at: number, now: { readonly handlers: number; readonly ready: number; readonly capacity: number }): QueueLoad {
    const { handlers, ready, capacity } = now;
    const lambda = this.arrivalRate(at);
    const mu = this.serviceRate(at);
    const loads =
      lambda &&
      mu &&
      handlers > 0 &&
      forWindows((_, span): Load => ({ arrivalRate: lambda[span], serviceRate: mu[span], servers: handlers }));
    return {
      since: this.since,
      handlers,
      arrivalRate: lambda,
      serviceRate: mu,
      utilisation: loads ? forWindows((_, span) => lambda[span] / (handlers * mu[span])) : null,
      waitMs: this.waits ? distributionOf(this.waits.at(at)) : null,
      serviceMs: this.work ? distributionOf(this.work.services.at(at)) : null,
      drainMs: loads ? drainTimeMs(ready, loads.last10s) : null,
      predicted: loads
        ? { unbounded: predictUnbounded(loads.last60s), bounded: predictBounded(loads.last60s, capacity) }
        : null,
    };
  }

  private arrivalRate(at: number): Windows | null {
    const { since } = this;
    if (this.arrivedCount < SAMPLES_MIN || at - since < WARM_UP_MS) return null;
    // Divided by what a steady stream would have reached by now: without it a young rate is too small.
    return forWindows((tau, span) => (1_000 * this.arrivals.at(at, span)) / tau / (1 - Math.exp((since - at) / tau)));
  }

  private serviceRate(at: number): Windows | null {
    if (this.work === undefined) return null;
    const { served, busy, services } = this.work;
    const all = services.at(at);
    if (all.total < SAMPLES_MIN) return null;
    return forWindows((_, span) => {
      const busyMs = busy.at(at, span);
      // Long idle, both have faded to nothing: what is left is the mean.
      const meanMs = busyMs > 1e-9 ? busyMs / served.at(at, span) : all.sumMs / all.total;
      return 1_000 / Math.max(meanMs, 1e-3);
    });
  }
}

/** A histogram of what is recent: the current stretch of time and the one before. */
class Stretches {
  private current = createHistogram();
  private former = createHistogram();
  private began: number;

  constructor(since: number) {
    this.began = since;
  }

  now(at: number): Histogram {
    if (at - this.began >= STRETCH_MS) {
      this.former = at - this.began < 2 * STRETCH_MS ? this.current : createHistogram();
      this.current = createHistogram();
      this.began = at;
    }
    return this.current;
  }

  at(at: number): Histogram {
    const both = createHistogram();
    merge(both, this.now(at));
    merge(both, this.former);
    return both;
  }
}

function distributionOf(histogram: Histogram): Distribution | null {
  const { total, sumMs } = histogram;
  if (total < SAMPLES_MIN) return null;
  const [p50 = 0, p90 = 0, p99 = 0] = [0.5, 0.9, 0.99].map((share) => percentile(histogram, share));
  return { samples: total, mean: sumMs / total, p50, p90, p99 };
}
