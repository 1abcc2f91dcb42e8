// What a queue stores about itself, with its defaults. Durations are milliseconds.

export type Jitter = "full" | "none";

/** Wait before attempt n + 1: `exponential` is baseMs · 2^(n − 1), `fixed` is baseMs, both at most maxMs, then jittered. */
export interface Backoff {
  readonly type: "exponential" | "fixed";
  readonly baseMs: number;
  readonly maxMs: number;
  readonly jitter: Jitter;
}

export interface QueueSettings {
  readonly leaseMs: number;
  readonly handlerTimeoutMs: number;
  readonly maxDeliveries: number;
  readonly backoff: Backoff;
  readonly maxDeadLetters: number;
  readonly maxMessages: number;
  readonly durability: "strict" | "relaxed";
}

export const DEFAULT_SETTINGS: QueueSettings = {
  leaseMs: 30_000,
  handlerTimeoutMs: 300_000,
  maxDeliveries: 5,
  backoff: { type: "exponential", baseMs: 1_000, maxMs: 300_000, jitter: "full" },
  maxDeadLetters: 10_000,
  maxMessages: 100_000,
  durability: "strict",
};

export const PRIORITY_MAX = 9;
export const PRIORITY_DEFAULT = 4;
