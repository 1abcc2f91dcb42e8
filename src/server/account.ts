// One client of a server, by its identity in a database: what its connections have together. Invariant: a client that comes
// again has no more than one that stayed.

import { QueueError } from "../core/spec/errors.js";
import { spent, tokenAt, tokenMs } from "../core/spec/token-bucket.js";
import type { ClientLimits } from "../host/clients/client-limits.js";

/** Limits, each of which is known. */
export type Known = { readonly [Name in keyof ClientLimits]-?: number };

export interface LimitsParts {
  setTimer(callback: () => void, ms: number): () => void;
  /** By a clock that is never set, in milliseconds. */
  monotonic(): number;
}

export const limitReached = (limit: string, max: number, what: string): QueueError =>
  new QueueError("full", `${what}: ${limit} is ${max}`, { detail: { limit, max } });

/** Bytes that several lines hold together, and a bound. */
export interface Pool {
  /** What the bound is called. */
  readonly limit: string;
  readonly holders: Set<Holder>;
  /** One of them holds so many more. */
  grow(bytes: number): void;
  max: number;
}
export interface Holder {
  bytes(): number;
  shed(reason: string): void;
}

export function createPool(limit: string, max: number): Pool {
  const holders = new Set<Holder>();
  let held = 0;
  const pool: Pool = {
    limit,
    holders,
    max,
    grow(bytes) {
      held += bytes;
      while (bytes > 0 && held > pool.max && holders.size > 0) {
        let most: Holder | undefined;
        for (const one of holders) if (most === undefined || one.bytes() > most.bytes()) most = one;
        most?.shed(`more bytes in flight than ${limit}, ${pool.max}`);
      }
    },
  };
  return pool;
}

export interface Account {
  readonly limits: Known;
  readonly pool: Pool;
  set(limits: Known): void;
  /** Milliseconds until the next request is taken; 0: it is taken now. */
  take(): number;
  useQueue(name: string, hasQueue: (name: string) => boolean): void;
  /** One of its connections has ended. */
  left(): void;
}

/** A queue that was asked for may be there only after the next commit. */
const QUEUE_AWAITED_MS = 10_000;

export function createAccount({ setTimer, monotonic }: LimitsParts, forget: () => unknown): Account {
  const pool = createPool("perClient.bytesInFlight", Number.POSITIVE_INFINITY);
  /** With the time at which each was first used. */
  const queues = new Map<string, number>();
  let limits: Known;
  /** The bucket of its requests, as in core/spec/token-bucket.ts. */
  let fullAt = 0;
  const rate = () => ({
    limit: limits.requestBurst,
    intervalMs: (1_000 * limits.requestBurst) / limits.requestsPerSecond,
  });
  /** Those that are gone count no more. */
  const forgetGone = (hasQueue: (name: string) => boolean) => {
    const before = monotonic() - QUEUE_AWAITED_MS;
    for (const [name, since] of queues) if (since < before && !hasQueue(name)) queues.delete(name);
  };
  const left = () => {
    if (pool.holders.size > 0) return;
    queues.clear();
    // Who comes again at once has not got a full bucket by that.
    const leftMs = fullAt - monotonic();
    if (leftMs > 0) setTimer(left, leftMs);
    else forget();
  };
  return {
    pool,
    get limits() {
      return limits;
    },
    set(given) {
      const now = monotonic();
      // Tokens, not the time in which they come back: that is another one now.
      const missing = fullAt > now ? (fullAt - now) / tokenMs(rate()) : 0;
      limits = given;
      fullAt = now + Math.min(missing, given.requestBurst) * tokenMs(rate());
      pool.max = given.bytesInFlight;
    },
    take() {
      const now = monotonic();
      const waitMs = tokenAt(fullAt, rate()) - now;
      if (waitMs > 0) return waitMs;
      fullAt = spent(fullAt, rate(), 1, now);
      return 0;
    },
    useQueue(name, hasQueue) {
      // Nobody counts them: then nobody remembers them.
      if (limits.queues === Number.POSITIVE_INFINITY || queues.has(name)) return;
      if (queues.size >= limits.queues) forgetGone(hasQueue);
      if (queues.size >= limits.queues)
        throw limitReached("perClient.queues", limits.queues, "this client uses as many queues as it may");
      queues.set(name, monotonic());
    },
    left,
  };
}
