// What a queue stores about itself, with its defaults. Durations are milliseconds.

import {
  type Check,
  check,
  duration,
  type Field,
  integer,
  invalid,
  nullOr,
  oneOf,
  record,
  type Spec,
  span,
} from "./check.js";
import { ttlMs } from "./fields.js";
import { COUNT_MAX, DELIVERIES_MAX } from "./limits.js";
import type { Span } from "./time.js";

export type Jitter = "full" | "none";

/** Wait before attempt n + 1: `exponential` is baseMs · 2^(n − 1), `fixed` is baseMs, both at most maxMs, then jittered. */
export interface Backoff {
  readonly type: "exponential" | "fixed";
  readonly baseMs: Span;
  readonly maxMs: Span;
  readonly jitter: Jitter;
}

/** At most `limit` at once, and then one every `intervalMs / limit`: a bucket of `limit` tokens, full again after `intervalMs`. */
export interface RateLimit {
  readonly limit: number;
  readonly intervalMs: Span;
  /** Of the whole queue, or of each group by itself; what has no group is not limited then. Default queue. */
  readonly per?: "queue" | "group";
}

export interface QueueSettings {
  readonly leaseMs: Span;
  readonly handlerTimeoutMs: Span;
  readonly maxDeliveries: number;
  readonly backoff: Backoff;
  readonly maxDeadLetters: number;
  readonly maxMessages: number;
  /** `null` or missing: no limit. */
  readonly maxBytes?: number | null;
  readonly overflow: "reject" | "block" | "drop-oldest" | "dead-letter";
  /** `null` or missing: messages do not expire. */
  readonly ttlMs?: Span | null;
  readonly deduplicationWindowMs: Span;
  readonly deduplicationMode: "drop" | "replace";
  readonly maxDeduplicationIds: number;
  readonly onGroupFailure: "block" | "skip";
  /** `null` or missing: no limit. */
  readonly maxInFlight?: number | null;
  readonly rateLimit?: RateLimit | null;
  readonly durability: "strict" | "relaxed";
}

const stored = integer(1, COUNT_MAX);

const rateLimitMembers = record({ limit: stored, intervalMs: span(1), per: oneOf("queue", "group") });

const rateLimit: Check = (value, name) => {
  check(rateLimitMembers, value, name);
  const { limit, intervalMs } = value as Partial<RateLimit>;
  if (limit === undefined || intervalMs === undefined) invalid(name, value, "limit and intervalMs, both given");
};

interface Setting<Value> {
  readonly may: Field;
  /** What a queue has that was never told; missing: none. */
  readonly default?: Value;
}

/** What each stored setting may be, and is where nobody said. */
const SETTINGS: { readonly [Name in keyof QueueSettings]-?: Setting<QueueSettings[Name]> } = {
  leaseMs: { may: duration(100), default: 30_000 },
  handlerTimeoutMs: { may: duration(1), default: 300_000 },
  maxDeliveries: { may: integer(1, DELIVERIES_MAX), default: 5 },
  backoff: {
    may: record({
      type: oneOf("exponential", "fixed"),
      baseMs: span(),
      maxMs: span(),
      jitter: oneOf("full", "none"),
    }),
    default: { type: "exponential", baseMs: 1_000, maxMs: 300_000, jitter: "full" },
  },
  maxDeadLetters: { may: stored, default: 10_000 },
  maxMessages: { may: stored, default: 100_000 },
  maxBytes: { may: nullOr(integer(1)) },
  overflow: { may: oneOf("reject", "block", "drop-oldest", "dead-letter"), default: "reject" },
  ttlMs: { may: ttlMs },
  deduplicationWindowMs: { may: span(1), default: 300_000 },
  deduplicationMode: { may: oneOf("drop", "replace"), default: "drop" },
  maxDeduplicationIds: { may: stored, default: 100_000 },
  onGroupFailure: { may: oneOf("block", "skip"), default: "block" },
  maxInFlight: { may: nullOr(stored) },
  rateLimit: { may: nullOr(rateLimit) },
  durability: { may: oneOf("strict", "relaxed"), default: "strict" },
};

const settings = Object.entries<Setting<unknown>>(SETTINGS);

export const SETTINGS_SPEC: Spec = Object.fromEntries(settings.map(([name, { may }]) => [name, may]));

export const DEFAULT_SETTINGS = Object.fromEntries(
  settings.flatMap(([name, setting]) => (setting.default === undefined ? [] : [[name, setting.default]])),
) as unknown as QueueSettings;
