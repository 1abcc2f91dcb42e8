// How long a failed message waits before its next attempt.

import type { Backoff } from "../spec/settings.js";

/**
 * Milliseconds to wait after failed attempt number `attempt` (1 = the first). Exponential:
 * `random(0, min(maxMs, baseMs · 2^(attempt − 1)))`, the "full jitter" of M. Brooker, Exponential Backoff And
 * Jitter (AWS Architecture Blog, 2015). `random` is in [0, 1).
 */
export function retryDelayMs(attempt: number, backoff: Backoff, random: number): number {
  const growth = backoff.type === "exponential" ? 2 ** Math.max(0, attempt - 1) : 1;
  const ceiling = Math.min(backoff.maxMs, backoff.baseMs * growth);
  return Math.round(backoff.jitter === "full" ? ceiling * random : ceiling);
}

/** A number in [0, 1) of its own for each message of one command: steps of the golden ratio, which spread evenly. */
export const spreadJitter = (jitter: number, seq: number): number => (jitter + seq * 0.618_033_988_749_894_9) % 1;
