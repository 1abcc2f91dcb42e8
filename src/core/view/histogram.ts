// How long things took, as counts in buckets whose width grows with the value: percentiles within 3 %, whatever the
// range, in a few hundred numbers. Buckets are the same everywhere, so that two histograms add up.
// After G. Tene's HdrHistogram: 32 equal buckets for each doubling.

const BUCKETS_PER_DOUBLING = 32;
/** The finest bucket is 1/16 ms wide. */
const UNITS_PER_MS = 16;

export interface Histogram {
  readonly counts: number[];
  total: number;
  sumMs: number;
}

export const createHistogram = (): Histogram => ({ counts: [], total: 0, sumMs: 0 });

/** Notes `count` values alike. */
export function record(histogram: Histogram, ms: number, count = 1): void {
  const { counts } = histogram;
  const bucket = bucketOf(ms * UNITS_PER_MS);
  // Without holes, so that the array stays a list of numbers.
  while (counts.length <= bucket) counts.push(0);
  counts[bucket] = (counts[bucket] as number) + count;
  histogram.total += count;
  histogram.sumMs += ms * count;
}

/** Adds what another one has counted. */
export function merge(into: Histogram, from: Histogram): void {
  from.counts.forEach((count, bucket) => {
    into.counts[bucket] = (into.counts[bucket] ?? 0) + count;
  });
  into.total += from.total;
  into.sumMs += from.sumMs;
}

/** The value that this share of all values does not exceed, within 3 %; 0 when there is none. */
export function percentile({ counts, total }: Histogram, share: number): number {
  let left = share * total;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    left -= counts[bucket] as number;
    if (left <= 0 && (counts[bucket] as number) > 0) return middleOf(bucket) / UNITS_PER_MS;
  }
  return 0;
}

/** Below 64 units a bucket is one unit; from there on, each doubling has 32. */
function bucketOf(units: number): number {
  const whole = Math.floor(Math.max(0, units));
  const doublings = Math.max(0, Math.floor(Math.log2(Math.max(1, whole))) - Math.log2(BUCKETS_PER_DOUBLING));
  return doublings * BUCKETS_PER_DOUBLING + Math.floor(whole / 2 ** doublings);
}

function middleOf(bucket: number): number {
  const doublings = Math.max(0, Math.floor(bucket / BUCKETS_PER_DOUBLING) - 1);
  const width = 2 ** doublings;
  return (bucket - doublings * BUCKETS_PER_DOUBLING) * width + (width - 1) / 2;
}
