// How long a failed message waits before its next attempt.

import type { Backoff } from "../spec/settings.js";
import { fullJitter, growingMs } from "../spec/waits.js";

/** Milliseconds to wait after failed attempt number `attempt` (1 = the first). `random` is in [0, 1). */
export function retryDelayMs(attempt: number, backoff: Backoff, random: number): number {
  const { type, baseMs, maxMs, jitter } = backoff;
  const mostMs = type === "exponential" ? growingMs(attempt, backoff) : Math.min(maxMs, baseMs);
  return jitter === "full" ? fullJitter(mostMs, random) : Math.round(mostMs);
}

/** A number in [0, 1) of its own for each message of one command: steps of the golden ratio, which spread evenly. */
export const spreadJitter = (jitter: number, seq: number): number => (jitter + seq * 0.618_033_988_749_894_9) % 1;
