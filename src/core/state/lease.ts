// What is handed out. Invariant: a lease belongs to one grant, from its hand-out until it ends.

import type { Failure, LeaseMode, Seq } from "../log/journal.js";
import type { Instant } from "../spec/time.js";
import type { Group } from "./run.js";

/** One hand-out: messages that left together, under one token. */
export interface OpenHandOut {
  readonly id: string;
  readonly client: string;
  readonly queue: string;
  readonly mode: LeaseMode;
  until: Instant;
  /** Not yet settled, in hand-out order. */
  readonly leases: Map<Seq, Lease>;
}

export interface Lease {
  readonly seq: Seq;
  readonly bodySeq: Seq;
  readonly priority: number;
  /** Attempts including this one. */
  readonly attempts: number;
  readonly sentAt: Instant;
  readonly readyAt: Instant;
  readonly leasedAt: Instant;
  expiresAt?: Instant | undefined;
  /** Was delivered alone, because those who held it before died. */
  readonly suspect: boolean;
  /** It may have been handed to a handler before this time. */
  readonly redelivered: boolean;
  readonly failure?: Failure | undefined;
  readonly group: Group | undefined;
  readonly size: number;
  readonly grant: OpenHandOut;
  until: Instant;
}
