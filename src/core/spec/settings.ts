// What a queue stores about itself, with its defaults. Durations are milliseconds.

import { type Check, checkOptions, duration, integer, invalid, nullOr, oneOf, record, type Spec } from "./check.js";

export type Jitter = "full" | "none";

/** Wait before attempt n + 1: `exponential` is baseMs · 2^(n − 1), `fixed` is baseMs, both at most maxMs, then jittered. */
export interface Backoff {
  readonly type: "exponential" | "fixed";
  readonly baseMs: number;
  readonly maxMs: number;
  readonly jitter: Jitter;
}

/** At most `limit` at once, and then one every `intervalMs / limit`: a bucket of `limit` tokens, full again after `intervalMs`. */
export interface RateLimit {
  readonly limit: number;
  readonly intervalMs: number;
  /** Of the whole queue, or of each group by itself; what has no group is not limited then. Default queue. */
  readonly per?: "queue" | "group";
}

export interface QueueSettings {
  readonly leaseMs: number;
  readonly handlerTimeoutMs: number;
  readonly maxDeliveries: number;
  readonly backoff: Backoff;
  readonly maxDeadLetters: number;
  readonly maxMessages: number;
  /** `null` or missing: no limit. */
  readonly maxBytes?: number | null;
  readonly overflow: "reject" | "block" | "drop-oldest" | "dead-letter";
  /** `null` or missing: messages do not expire. */
  readonly ttlMs?: number | null;
  readonly deduplicationWindowMs: number;
  readonly deduplicationMode: "drop" | "replace";
  readonly maxDeduplicationIds: number;
  readonly onGroupFailure: "block" | "skip";
  /** `null` or missing: no limit. */
  readonly maxInFlight?: number | null;
  readonly rateLimit?: RateLimit | null;
  readonly durability: "strict" | "relaxed";
}

export const DEFAULT_SETTINGS: QueueSettings = {
  leaseMs: 30_000,
  handlerTimeoutMs: 300_000,
  maxDeliveries: 5,
  backoff: { type: "exponential", baseMs: 1_000, maxMs: 300_000, jitter: "full" },
  maxDeadLetters: 10_000,
  maxMessages: 100_000,
  overflow: "reject",
  deduplicationWindowMs: 300_000,
  deduplicationMode: "drop",
  maxDeduplicationIds: 100_000,
  onGroupFailure: "block",
  durability: "strict",
};

export const PRIORITY_MAX = 9;
export const PRIORITY_DEFAULT = 4;

/** Handing out one message for ever, or counting to no limit, is nobody's wish: a typing error is likelier. */
const COUNT_MAX = 1_000_000_000;

const backoff: Check = record({
  type: oneOf("exponential", "fixed"),
  baseMs: duration(),
  maxMs: duration(),
  jitter: oneOf("full", "none"),
});

const rateLimitSpec: Spec = {
  limit: integer(1, COUNT_MAX),
  intervalMs: duration(1),
  per: oneOf("queue", "group"),
};

const rateLimit: Check = (value, name) => {
  checkOptions(name, value, rateLimitSpec);
  const { limit, intervalMs } = value as Partial<RateLimit>;
  if (limit === undefined || intervalMs === undefined) invalid(name, value, "limit and intervalMs, both given");
};

/** What a stored setting may be. */
export const SETTINGS_SPEC: Spec = {
  leaseMs: duration(100),
  handlerTimeoutMs: duration(1),
  maxDeliveries: integer(1, 1_000),
  backoff,
  maxDeadLetters: integer(1, COUNT_MAX),
  maxMessages: integer(1, COUNT_MAX),
  maxBytes: nullOr(integer(1)),
  overflow: oneOf("reject", "block", "drop-oldest", "dead-letter"),
  ttlMs: nullOr(duration(1)),
  deduplicationWindowMs: duration(1),
  deduplicationMode: oneOf("drop", "replace"),
  maxDeduplicationIds: integer(1, COUNT_MAX),
  onGroupFailure: oneOf("block", "skip"),
  maxInFlight: nullOr(integer(1, COUNT_MAX)),
  rateLimit: nullOr(rateLimit),
  durability: oneOf("strict", "relaxed"),
};

export const QUEUE_NAME_MAX = 256;
/** A topic's name and a subscription's make the name of a queue, with "/" between them. */
export const TOPIC_NAME_MAX = 127;
export const DEDUPLICATION_ID_MAX = 256;
export const GROUP_ID_MAX = 256;
