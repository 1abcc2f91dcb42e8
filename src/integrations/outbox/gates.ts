// One gate per origin that requests go to: a rate limit, and a circuit breaker. Pure but for its state: time and chance
// come in.
//
//   closed ──`threshold` failures in a row, or Retry-After──▶ open ──its time is over──▶ half open: one request at a time
//     ▲                                                        ▲                             │
//     └──────────────────── any other answer ──────────────────┼─────────────────────────────┤
//                                                               └────────── failure ─────────┘

import { type FullAt, type Rate, spent, tokenAt } from "../../core/spec/token-bucket.js";
import { fullJitter, type Growth, growingMs } from "../../core/spec/waits.js";

export interface GateOptions {
  /** However long a server asks to be left alone, it is for no longer than this. */
  readonly maxRetryAfterMs: number;
  /** Wait after the n-th failure in a row: `random(0, min(maxMs, baseMs · 2^(n − 1)))`. */
  readonly backoff: Growth;
  /** Failures in a row after which the origin is left alone; 0 is never. */
  readonly threshold: number;
  readonly rateLimit: Rate | undefined;
  random(): number;
}

/** `go`: now, or after so many ms. `wait`: come back after so many ms; the origin is to be left alone. */
export type Pass = { readonly type: "go" | "wait"; readonly ms: number };

export interface Gates {
  enter(origin: string, now: number): Pass;
  /** The server answered as servers should. */
  succeeded(origin: string): void;
  /**
   * It did not, or could not be reached. `afterMs`: it asked to be left alone for so long; `attempt`: so often this
   * request has failed; `maxMs`: in place of that of the backoff, where it is less. Returns how long it is to wait: the backoff at least, `maxRetryAfterMs` and a backoff at most.
   */
  failed(origin: string, now: number, how: Failed): number;
  /** Whoever entered has left without having asked. */
  left(origin: string): void;
  /** The network is another one: what was learned of failures no longer holds, what servers asked for does. */
  reset(): void;
}

export interface Failed {
  readonly afterMs?: number | undefined;
  readonly attempt: number;
  readonly maxMs?: number;
}

interface Gate {
  failures: number;
  openUntil: number;
  /** Asked for by the server. */
  askedUntil: number;
  isProbing: boolean;
  /** Of the bucket that its requests take a token from; they may owe it, and wait until it is there. */
  fullAt: FullAt;
}

export function createGates({ backoff, maxRetryAfterMs, threshold, rateLimit, random }: GateOptions): Gates {
  const gates = new Map<string, Gate>();
  const gateOf = (origin: string): Gate => {
    let gate = gates.get(origin);
    if (gate === undefined) {
      gate = { failures: 0, openUntil: 0, askedUntil: 0, isProbing: false, fullAt: 0 };
      gates.set(origin, gate);
    }
    return gate;
  };
  const isTripped = (gate: Gate) => threshold > 0 && gate.failures >= threshold;

  return {
    enter(origin, now) {
      const gate = gateOf(origin);
      const closedMs = Math.max(gate.openUntil, gate.askedUntil) - now;
      // Spread: those that wait for one gate do not all come back at its first moment.
      if (closedMs > 0)
        return { type: "wait", ms: Math.ceil(closedMs + random() * Math.min(backoff.baseMs, closedMs)) };
      if (isTripped(gate)) {
        if (gate.isProbing) return { type: "wait", ms: Math.ceil(backoff.baseMs * (0.5 + random())) };
        gate.isProbing = true;
      }
      if (rateLimit === undefined) return { type: "go", ms: 0 };
      const atMs = tokenAt(gate.fullAt, rateLimit);
      gate.fullAt = spent(gate.fullAt, rateLimit, 1, now);
      return { type: "go", ms: Math.max(0, atMs - now) };
    },
    succeeded(origin) {
      const gate = gateOf(origin);
      gate.failures = 0;
      gate.openUntil = 0;
      gate.isProbing = false;
    },
    failed(origin, now, { afterMs, attempt, maxMs = Number.POSITIVE_INFINITY }) {
      const gate = gateOf(origin);
      gate.failures++;
      gate.isProbing = false;
      const growth = { ...backoff, maxMs: Math.min(backoff.maxMs, maxMs) };
      const ms = fullJitter(growingMs(Math.max(gate.failures, attempt), growth), random());
      const askedMs = Math.min(afterMs ?? 0, maxRetryAfterMs);
      gate.askedUntil = Math.max(gate.askedUntil, now + askedMs);
      if (isTripped(gate)) gate.openUntil = Math.max(gate.openUntil, now + ms);
      // Its own backoff is the least, whatever the server says; beyond it the server's word is, and on top of that
      // clients that were told the same come back spread out.
      return askedMs > ms ? askedMs + ms : ms;
    },
    left(origin) {
      gateOf(origin).isProbing = false;
    },
    reset() {
      for (const gate of gates.values()) {
        gate.failures = 0;
        gate.openUntil = 0;
        gate.isProbing = false;
      }
    },
  };
}
