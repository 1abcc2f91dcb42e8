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
  /** Whether each wait is twice the one before, or all are the same. Default exponential. */
  readonly type: "exponential" | "fixed";
  /** The wait after the first failure, in ms. Default 1,000. */
  readonly baseMs: Span;
  /** The longest wait, in ms. Default 300,000. */
  readonly maxMs: Span;
  /** `full`: a random time from 0 to the computed wait; `none`: the computed wait. Default full. */
  readonly jitter: Jitter;
}

/** At most `limit` at once, and then one every `intervalMs / limit`: a bucket of `limit` tokens, full again after `intervalMs`. */
export interface RateLimit {
  /** Hand-outs in `intervalMs`, and at once at most. */
  readonly limit: number;
  /** In ms, from 1 on. */
  readonly intervalMs: Span;
  /** Of the whole queue, or of each group by itself; what has no group is not limited then. Default queue. */
  readonly per?: "queue" | "group";
}

/** What a queue stores about itself, the same for every context that opens it; whoever gives an option last has set it. */
export interface QueueSettings {
  /**
   * How long a delivery belongs to its consumer unless that is renewed, in ms, from 100 on; handlers of `consume` are
   * renewed by the host. Default 30,000.
   */
  readonly leaseMs: Span;
  /**
   * How long a handler may run, in ms: then its signal aborts, and the attempt ends with reason `timeout`. Default
   * 300,000.
   */
  readonly handlerTimeoutMs: Span;
  /** Attempts, 1 to 1,000, after which a message becomes a dead letter with reason `max-deliveries`. Default 5. */
  readonly maxDeliveries: number;
  /** Wait between two attempts. Default exponential, from 1,000 to 300,000 ms, full jitter. */
  readonly backoff: Backoff;
  /** Dead letters kept; at that many the queue hands out nothing until some are redriven or purged. Default 10,000. */
  readonly maxDeadLetters: number;
  /** Messages that may wait or be in work; `overflow` says what happens beyond. Default 100,000. */
  readonly maxMessages: number;
  /** `null` or missing: no limit. */
  readonly maxBytes?: number | null;
  /**
   * What happens to a send beyond `maxMessages` or `maxBytes`: `reject` (the sender hears `full`), `block` (it waits for
   * room), `drop-oldest`, or `dead-letter` (it dies at once, with reason `overflow`). Default reject.
   */
  readonly overflow: "reject" | "block" | "drop-oldest" | "dead-letter";
  /** `null` or missing: messages do not expire. */
  readonly ttlMs?: Span | null;
  /**
   * How long a `deduplicationId` is remembered after its send, in ms, also after its message was acknowledged. Default
   * 300,000.
   */
  readonly deduplicationWindowMs: Span;
  /**
   * What a send under a remembered id does: `drop` nothing, or `replace` the body of the message that still waits.
   * Default drop.
   */
  readonly deduplicationMode: "drop" | "replace";
  /** Ids remembered at once; a send with a new one beyond them is `full`. Default 100,000. */
  readonly maxDeduplicationIds: number;
  /** Whether a dead letter keeps back those behind it in its group (`block`) or not (`skip`). Default block. */
  readonly onGroupFailure: "block" | "skip";
  /** `null` or missing: no limit. */
  readonly maxInFlight?: number | null;
  /** Hand-outs in a time, over all consumers; `null` or missing: no limit. */
  readonly rateLimit?: RateLimit | null;
  /**
   * Whether commits ask the browser to flush to the disk (`strict`) or leave that to the system (`relaxed`), which a loss
   * of power may undo. Default strict.
   */
  readonly durability: "strict" | "relaxed";
  /** Id of the key that all it holds is encrypted with; missing: it is not encrypted. No option: see docs/encryption.md. */
  readonly encryption?: string;
  /** Present while what it held before it had that key is not yet encrypted with it. No option either. */
  readonly encrypting?: Encrypting | null;
}

/** How far the encryption of a queue is that held something. */
export interface Encrypting {
  /** Bodies with a smaller number are not encrypted. */
  readonly below: number;
  /** Deduplication ids of messages up to this number are hidden. */
  readonly idsTo: number;
  /** Whether it is to be paused once it is encrypted: until then it is. */
  readonly isPaused: boolean;
  /** Nothing is left: what the log said before is to be forgotten. */
  readonly isSealed?: true;
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
const SETTINGS: {
  readonly [Name in Exclude<keyof QueueSettings, "encryption" | "encrypting">]-?: Setting<QueueSettings[Name]>;
} = {
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
