// What the plots show, made from the queue's running totals: rates over the last second, means over what happened in it.

import type { QueueStats } from "../src/index.js";

export const SAMPLE_MS = 500;
/** Rates are taken over this many samples: one second. */
const SPAN = 2;
export const WINDOW_S = 120;
const SAMPLES_MAX = (WINDOW_S * 1_000) / SAMPLE_MS + 1;

export interface Sample {
  /** Monotonic, ms. */
  readonly at: number;
  readonly arrivals: number;
  readonly services: number;
  readonly ready: number;
  readonly delayed: number;
  readonly leased: number;
  /** Ready to handed out, ms; `null` when nothing was handed out. */
  readonly waitMs: number | null;
  /** Handed out to acknowledged, ms; `null` when nothing was. */
  readonly serviceMs: number | null;
}

export interface Series {
  add(stats: QueueStats): void;
  readonly samples: readonly Sample[];
  readonly last: Sample | undefined;
}

export function createSeries(): Series {
  const samples: Sample[] = [];
  let known: { at: number; totals: QueueStats["totals"] }[] = [];
  return {
    add({ ready, delayed, leased, totals }) {
      const at = performance.now();
      known.push({ at, totals });
      known = known.slice(-SPAN - 1);
      const before = known[0];
      if (before === undefined || before.at === at) return;
      const since = (name: keyof QueueStats["totals"]) => Math.max(0, totals[name] - before.totals[name]);
      const seconds = (at - before.at) / 1_000;
      const mean = (sum: number, n: number) => (n > 0 ? sum / n : null);
      samples.push({
        at,
        arrivals: since("accepted") / seconds,
        services: since("acked") / seconds,
        ready,
        delayed,
        leased,
        waitMs: mean(since("waitedMs"), since("deliveries")),
        serviceMs: mean(since("servedMs"), since("acked")),
      });
      if (samples.length > SAMPLES_MAX) samples.shift();
    },
    samples,
    get last() {
      return samples.at(-1);
    },
  };
}
