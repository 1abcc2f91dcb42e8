// How a wait grows from failure to failure, and how it is spread over those who failed together.

export interface Growth {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Doublings beyond which any wait has long reached its most, and none is infinite. */
const DOUBLINGS_MAX = 1_000;

/** The longest wait after failure number `n` (1 = the first): `min(maxMs, baseMs · 2^(n − 1))`. */
export const growingMs = (n: number, { baseMs, maxMs }: Growth): number =>
  Math.min(maxMs, baseMs * 2 ** Math.min(DOUBLINGS_MAX, Math.max(0, n - 1)));

/**
 * `random(0, ms)`, in whole milliseconds: the "full jitter" of M. Brooker, Exponential Backoff And Jitter (AWS
 * Architecture Blog, 2015). `random` is in [0, 1).
 */
export const fullJitter = (ms: number, random: number): number => Math.round(ms * random);
