// What the journal stores: one record a commit, each a list of changes.
// Invariant: the state after a crash is `apply` over checkpoint and journal, nothing else, so a change
// carries every value that was decided (times, tokens, jitter) and nothing that would be decided again.

import type { QueueErrorCode } from "../spec/errors.js";
import type { ScheduleSpec } from "../spec/schedule-spec.js";
import type { QueueSettings } from "../spec/settings.js";
import type { SubscriptionFilter } from "../spec/subscription.js";
import type { Instant, Span } from "../spec/time.js";

/** Number of a message, rising over all queues of a database. Also names a body. */
export type Seq = number;
/** Log sequence number: the place of a record in the journal, rising by one. */
export type Lsn = number;
/** Number of a host's term; rises with every take-over. */
export type Epoch = number;
/** Stretches of consecutive numbers, flat: first, count, first, count, … */
export type Ranges = readonly number[];

export const JOURNAL_VERSION = 1;

/** One commit. `at` is the host's time in epoch milliseconds, the time at which every change in it was decided. */
export interface JournalRecord {
  readonly v: number;
  readonly lsn: Lsn;
  readonly epoch: Epoch;
  readonly at: Instant;
  readonly changes: readonly Change[];
}

/** Why an attempt did not end with an acknowledgement. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** Why a message died, and how its last attempt failed, hidden. */
export interface HiddenEnding {
  readonly seq: Seq;
  readonly reason?: string;
  readonly failure?: Failure;
}

/** What the host answered to a numbered command; kept until the client confirms that it has read it. */
export type Outcome = OutcomeOk | OutcomeFailed;
export interface OutcomeOk {
  readonly ok: true;
  readonly value?: unknown;
}
export interface OutcomeFailed {
  readonly ok: false;
  readonly code: QueueErrorCode;
  readonly message: string;
  readonly detail?: unknown;
}

/** Which of the waiting messages were purged: those that meet every given limit. */
export interface PurgeLimits {
  readonly state?: "ready" | "delayed" | "blocked";
  readonly priority?: number;
  /** Epoch milliseconds at which they had been accepted. */
  readonly sentBefore?: Instant;
}

export type Change =
  | { readonly type: "took-over"; readonly term: string }
  | {
      readonly type: "configured";
      readonly queue: string;
      readonly settings: Partial<QueueSettings>;
      /** A new rate limit counts from now on what was taken under the old one. Builds before let it wait as it was. */
      readonly isRebased?: true;
    }
  | { readonly type: "stored"; readonly firstSeq: Seq; readonly count: number; readonly bytes: number }
  | {
      readonly type: "accepted";
      readonly queue: string;
      readonly seq: Seq;
      readonly bodySeq: Seq;
      readonly count: number;
      readonly priority: number;
      /** In place of `priority`, one for each message, where they are not alike. */
      readonly priorities?: readonly number[];
      /** Present on a delayed message: epoch milliseconds before which it is not delivered. */
      readonly dueAt?: Instant;
      /** In place of `dueAt`, one for each message, where they are not alike. */
      readonly dueAts?: readonly number[];
      /** `dueAt` is an instant the sender named, not a delay: it stays when the clock is set back. */
      readonly isInstant?: true;
      /** Epoch milliseconds from which it is given up, if it waits then. */
      readonly expiresAt?: Instant;
      /** Others refer to the same bodies: this is one more reference. */
      readonly isShared?: true;
      /** One for each message, where they have any. */
      readonly deduplicationIds?: readonly string[];
      /** The group of all of them, or of each; "" is none. */
      readonly groups?: string | readonly string[];
      /** Estimated bytes of each: their mean, rounded down. */
      readonly size?: number;
    }
  /** Accepted for a queue that has no room: dead letters at once. */
  | {
      readonly type: "overflowed";
      readonly queue: string;
      readonly seq: Seq;
      readonly bodySeq: Seq;
      readonly count: number;
      readonly priority: number;
      readonly priorities?: readonly number[];
      readonly deduplicationIds?: readonly string[];
      readonly groups?: string | readonly string[];
      readonly size?: number;
      readonly isShared?: true;
    }
  /** Waiting messages that made room for newer ones, or, by name, were purged: builds before count these as dropped. */
  | { readonly type: "dropped"; readonly queue: string; readonly seqs: Ranges; readonly isPurged?: true }
  /** A waiting message has another body from now on. */
  | {
      readonly type: "replaced";
      readonly queue: string;
      readonly seq: Seq;
      readonly bodySeq: Seq;
      readonly isShared?: true;
    }
  /**
   * What a queue held before it was encrypted: these messages, waiting or dead, have other bodies, from `bodySeq` on, and their groups
   * and deduplication ids other names. Builds before do not read it: see `encrypting` of the settings.
   */
  | {
      readonly type: "hidden";
      readonly queue: string;
      readonly seqs: Ranges;
      readonly bodySeq: Seq;
      /** Which key, and how far: said each time, for a record before may be unreadable. */
      readonly settings: Pick<QueueSettings, "encryption" | "encrypting">;
      /** In place of what is told of how they ended, of those of which something is. */
      readonly endings?: readonly HiddenEnding[];
      readonly groups?: readonly (readonly [plain: string, hidden: string])[];
      /** By the number of the message that was accepted under it. */
      readonly ids?: readonly (readonly [seq: Seq, hidden: string])[];
    }
  | {
      readonly type: "subscribed";
      readonly topic: string;
      readonly subscription: string;
      readonly filter: SubscriptionFilter;
    }
  | { readonly type: "unsubscribed"; readonly topic: string; readonly subscription: string }
  /** The schedule owns the reference that its body was stored with; of the one before, if there was one, it is gone. */
  | {
      readonly type: "scheduled";
      readonly queue: string;
      readonly id: string;
      readonly spec: ScheduleSpec;
      readonly bodySeq: Seq;
      readonly size: number;
      /** Epoch milliseconds of the next tick; missing when there is none any more. */
      readonly nextAt?: Instant;
    }
  | { readonly type: "unscheduled"; readonly queue: string; readonly id: string }
  /** Every tick before the next one was sent, in this record or earlier, or is given up. */
  | { readonly type: "ticked"; readonly queue: string; readonly id: string; readonly nextAt?: Instant }
  /** The reference that a body was stored with is gone: others keep it. */
  | { readonly type: "released"; readonly seqs: Ranges }
  | {
      readonly type: "leased";
      readonly queue: string;
      readonly client: string;
      readonly grant: string;
      readonly mode: LeaseMode;
      readonly until: Instant;
      readonly seqs: Ranges;
    }
  | { readonly type: "renewed"; readonly grant: string; readonly until: Instant; readonly seqs?: Ranges }
  | {
      readonly type: "acked";
      readonly queue: string;
      readonly seqs: Ranges;
      /** They were purged by name while this hand-out had them: builds before count them as acknowledged. */
      readonly purgedFrom?: { readonly client: string; readonly grant: string };
    }
  | {
      /** The attempt failed and counts; the message comes back at `dueAt`. */
      readonly type: "retried";
      readonly queue: string;
      readonly seq: Seq;
      readonly dueAt: Instant;
      readonly failure?: Failure;
    }
  | {
      /** The lease ended without a verdict on the message. */
      readonly type: "returned";
      readonly queue: string;
      readonly seqs: Ranges;
      readonly counted: boolean;
      readonly suspect: boolean;
      /** No handler has seen it: the client says so. */
      readonly unstarted?: true;
      readonly dueAt?: Instant;
      readonly failure?: Failure;
    }
  | {
      readonly type: "dead";
      readonly queue: string;
      readonly seq: Seq;
      readonly reason: string;
      readonly failure?: Failure;
    }
  /** They waited for longer than they may: dead letters from now on, in this order. */
  | { readonly type: "expired"; readonly queue: string; readonly seqs: Ranges }
  /** Their bodies cannot be read: taken out of the queue, kept in the store. */
  | { readonly type: "quarantined"; readonly queue: string; readonly seqs: Ranges }
  | { readonly type: "redriven"; readonly queue: string; readonly seqs: Ranges }
  /** All that waits goes; what is leased stays with its consumers. */
  | { readonly type: "purged"; readonly queue: string; readonly only?: PurgeLimits }
  /** The queue is gone, with its settings and totals. Nothing was left in it. */
  | { readonly type: "deleted"; readonly queue: string }
  | { readonly type: "dead-purged"; readonly queue: string; readonly seqs: Ranges }
  | { readonly type: "paused"; readonly queue: string; readonly paused: boolean }
  | {
      readonly type: "rewritten";
      readonly removed: readonly Seq[];
      readonly added: readonly { firstSeq: Seq; seqs: Ranges; bytes: number }[];
    }
  | {
      readonly type: "answered";
      readonly client: string;
      readonly number: number;
      readonly confirmed: number;
      readonly outcome: Outcome;
    }
  | { readonly type: "client-forgotten"; readonly client: string }
  /** What is a time from some moment on, leases and delays, ends earlier by as much, so that it lasts as long. */
  | { readonly type: "clock-set-back"; readonly byMs: Span };

export type ChangeOf<Type extends Change["type"]> = Extract<Change, { type: Type }>;

/** `receive`: handed to the caller at once. `consume`: may wait in the client's buffer before its handler starts. */
export type LeaseMode = "receive" | "consume";
