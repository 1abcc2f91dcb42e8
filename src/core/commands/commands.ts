// What can be asked of the engine. A command carries its ids, tokens and jitter, fixed by the host before it decides at a
// time that it says, so that the decision depends on nothing else.

import type { Change, Failure, LeaseMode, Outcome, OutcomeFailed, Ranges, Seq } from "../log/journal.js";
import type { QueueErrorCode } from "../spec/errors.js";
import type { DeadLetterFilter, PurgeSelection } from "../spec/filters.js";
import type { ScheduleSpec } from "../spec/schedule-spec.js";
import type { QueueSettings } from "../spec/settings.js";
import type { SubscriptionFilter } from "../spec/subscription.js";
import type { Instant, Span } from "../spec/time.js";

/** Consecutive messages of one send that share their attributes. */
export interface SendSegment {
  readonly count: number;
  readonly priority: number;
  /** Delay from now, or the instant itself; neither: at once. */
  readonly delayMs?: Span | undefined;
  readonly deliverAt?: Instant | undefined;
  /** Time from acceptance until it expires; `null`: never; missing: as the queue says. */
  readonly ttlMs?: Span | null | undefined;
  /** One for each message, where they have any: none is accepted twice in the queue's window. */
  readonly deduplicationIds?: readonly string[] | undefined;
  /** Id of the key that the bodies are encrypted with. */
  readonly sealed?: string | undefined;
}

/** What differs from message to message of a send, an entry each; the segments say what it is for the others. */
export interface SendColumns {
  /** The group of all of them, or of each; "" is none. */
  readonly groups?: string | readonly string[] | undefined;
  /** In place of the priority of a segment. */
  readonly priorities?: readonly number[] | undefined;
  /** In place of the `delayMs` or `deliverAt` of a segment, whichever it has; nothing for one that has neither. */
  readonly times?: readonly number[] | undefined;
}

/** The entries at these places. */
export const pickColumns = ({ groups, priorities, times }: SendColumns, places: readonly number[]): SendColumns => ({
  groups: typeof groups === "object" ? places.map((i) => groups[i] ?? "") : groups,
  priorities: priorities && places.map((i) => priorities[i] as number),
  times: times && places.map((i) => times[i] as number),
});

export interface Send extends SendColumns {
  readonly type: "send";
  readonly queue: string;
  /** All or none; otherwise as many as fit, from the front. */
  readonly atomic: boolean;
  readonly segments: readonly SendSegment[];
  /** Estimated size of each body, in bytes. */
  readonly sizes: readonly number[];
  /** Where bodies have something in common that is stored once in each batch: how many beside each other, one after the other. */
  readonly sharers?: readonly number[] | undefined;
}

export type Verdict =
  | { readonly type: "ack" }
  | { readonly type: "retry"; readonly delayMs?: Span | undefined; readonly failure?: Failure | undefined }
  /**
   * Back to the queue, the attempt uncounted. `suspect`: to be delivered alone, since something is wrong with it.
   * `unstarted`: no handler has seen it.
   */
  | {
      readonly type: "release";
      readonly delayMs?: Span | undefined;
      readonly suspect?: boolean | undefined;
      readonly unstarted?: boolean | undefined;
    }
  | { readonly type: "dead"; readonly reason: string; readonly failure?: Failure | undefined };

/** The same verdict on messages of one grant. */
export interface Settlement {
  readonly grant: string;
  readonly seqs: Ranges;
  readonly verdict: Verdict;
}

/** Messages of one grant that a client says it holds. */
export interface Held {
  readonly grant: string;
  readonly seqs: Ranges;
}

/** Of one that is encrypted now: why it died, and how its last attempt failed. */
export interface HiddenMessage {
  readonly id: string;
  readonly reason?: string | undefined;
  readonly failure?: Failure | undefined;
}

export type Command =
  | Send
  | {
      readonly type: "configure";
      readonly queue: string;
      readonly settings: Partial<QueueSettings>;
      /** Id of the key that the queue is, or is to be, encrypted with. */
      readonly sealed?: string | undefined;
      /** The id in place of which that is stored. */
      readonly replacing?: string | undefined;
      /** Of who may not manage the queue, as its host says: it is refused where it would change anything. */
      readonly asIs?: true;
    }
  /** What a queue holds is to be encrypted with this key: from now on it takes nothing that is not, and hands out nothing until all of it is. */
  | { readonly type: "encrypt-begin"; readonly queue: string; readonly sealed: string }
  /** Some of it, encrypted, a body each. What is gone meanwhile, or was encrypted by somebody else, stays as it is. */
  | {
      readonly type: "encrypt-page";
      readonly queue: string;
      readonly sealed: string;
      readonly messages: readonly HiddenMessage[];
      readonly groups: readonly (readonly [plain: string, hidden: string])[];
      readonly ids: readonly (readonly [seq: Seq, hidden: string])[];
      readonly sizes: readonly number[];
    }
  /** All of it, perhaps. Twice: what the log said before is forgotten after the first. */
  | { readonly type: "encrypt-end"; readonly queue: string; readonly sealed: string }
  /** Every encrypted queue goes with all it holds, and so does the key of the database: this one, as it is stored. */
  | { readonly type: "shred"; readonly sealed: string }
  | {
      readonly type: "deliver";
      readonly queue: string;
      readonly client: string;
      readonly mode: LeaseMode;
      readonly max: number;
      /** So many bytes at most, by estimate, but one message always; missing: however many. */
      readonly maxBytes?: number | undefined;
      /** Unguessable token of the hand-out. */
      readonly grant: string;
      readonly leaseMs?: Span | undefined;
    }
  | {
      readonly type: "settle";
      readonly client: string;
      readonly settlements: readonly Settlement[];
      readonly jitter: number;
    }
  /** All of it or nothing; no two of the sends are to the same queue. */
  | {
      readonly type: "transaction";
      readonly client: string;
      readonly sends: readonly Omit<Send, "type" | "atomic">[];
      readonly settlements: readonly Settlement[];
      readonly jitter: number;
    }
  | {
      readonly type: "subscribe";
      readonly topic: string;
      readonly subscription: string;
      /** Missing: the one that is stored, or none. */
      readonly filter?: SubscriptionFilter | undefined;
    }
  | { readonly type: "unsubscribe"; readonly topic: string; readonly subscription: string }
  /** To every subscription whose filter it passes, all or nothing. */
  | (Omit<Send, "type" | "queue" | "atomic"> & {
      readonly type: "publish";
      readonly topic: string;
      readonly headers?: readonly (Readonly<Record<string, string>> | undefined)[] | undefined;
    })
  /** With one body. */
  | {
      readonly type: "schedule";
      readonly queue: string;
      readonly id: string;
      readonly spec: ScheduleSpec;
      readonly sizes: readonly number[];
      /** Epoch milliseconds of the first tick of a cron expression. */
      readonly nextAt?: Instant | undefined;
    }
  | { readonly type: "unschedule"; readonly queue: string; readonly id: string }
  /** The ticks of a schedule that are to be sent now, in their order, and the one after them. */
  | {
      readonly type: "tick";
      readonly queue: string;
      readonly id: string;
      readonly due: readonly number[];
      readonly nextAt?: Instant | undefined;
    }
  | { readonly type: "extend"; readonly client: string; readonly grant: string; readonly seq: Seq; readonly ms: number }
  | {
      readonly type: "renew";
      readonly client: string;
      readonly held: readonly Held[];
      /** Also leases whose time is up but which were not ended yet: the host had no chance to ask for them. */
      readonly overdue?: true;
    }
  /** Handlers ran longer than they may: their attempts end as failures. */
  | { readonly type: "time-out"; readonly client: string; readonly held: readonly Held[]; readonly jitter: number }
  /** These grants have reached the end of a lease. */
  | { readonly type: "expire"; readonly grants: readonly string[]; readonly jitter: number }
  /** Waiting messages may have expired. */
  | { readonly type: "expire-messages" }
  /** The client is back and says what it still holds; the rest of what it was handed never reached it. */
  | { readonly type: "reclaim"; readonly client: string; readonly held: readonly Held[] }
  /** The client is gone without a goodbye: nobody knows which handlers had started. */
  | { readonly type: "client-gone"; readonly client: string }
  /** The bodies of these messages cannot be read. */
  | { readonly type: "quarantine"; readonly client: string; readonly held: readonly Held[] }
  | { readonly type: "set-clock-back"; readonly byMs: Span }
  | { readonly type: "forget-client"; readonly client: string }
  | { readonly type: "pause"; readonly queue: string; readonly paused: boolean }
  | { readonly type: "purge"; readonly queue: string; readonly filter?: PurgeSelection | undefined }
  | { readonly type: "delete"; readonly queue: string }
  | {
      readonly type: "redrive";
      readonly queue: string;
      readonly filter: DeadLetterFilter;
      /** At most so many, the longest dead first. */
      readonly max?: number | undefined;
      /** Only those that had died by this instant, in epoch milliseconds. */
      readonly diedBy?: Instant | undefined;
      /** Only those that died before the one at this place did: as an earlier redrive with `diedBy` answered. */
      readonly beforePlace?: number | undefined;
    }
  | { readonly type: "purge-dead"; readonly queue: string; readonly filter: DeadLetterFilter }
  /** With one body, for a message that waits, or a dead letter, which goes back to the queue. */
  | {
      readonly type: "replace";
      readonly queue: string;
      readonly id: string;
      readonly isDead: boolean;
      readonly sealed?: string | undefined;
      readonly sizes: readonly number[];
    };

export type CommandOf<Type extends Command["type"]> = Extract<Command, { type: Type }>;

export interface Decision {
  readonly changes: readonly Change[];
  readonly outcome: Outcome;
  /** Which of the command's bodies are stored, in the order of their numbers; missing: as many as are, from the front. */
  readonly bodies?: readonly number[];
}

/**
 * Outcome value of a send, of its first `count` messages. Those that are new are named by `term` and the numbers from
 * `seq` on; duplicates by the id of the first. `refused` says why the rest was not accepted.
 */
export interface SendValue {
  readonly term: string;
  readonly seq: Seq;
  readonly count: number;
  readonly duplicates?: readonly (readonly [index: number, id: string])[] | undefined;
  readonly refused?: OutcomeFailed | undefined;
}

/** Outcome value of a publish: how many subscriptions took each message. */
export interface PublishValue {
  readonly subscriptions: readonly number[];
}

/** Outcome value of a transaction: one for each of its sends. */
export interface TransactionValue {
  readonly sends: readonly SendValue[];
}

/** Outcome value of an `encrypt-end`: what is not encrypted yet, of that the messages in work; neither: it is, or ends with another. */
export interface EncryptValue {
  readonly left: number;
  readonly leased: number;
  readonly isDone: boolean;
}

/** Outcome value of a settle: what was no longer this client's. */
export interface SettleValue {
  readonly lost: readonly Held[];
}

export const done = (changes: readonly Change[], value?: unknown): Decision => ({
  changes,
  outcome: value === undefined ? { ok: true } : { ok: true, value },
});

export const failure = (code: QueueErrorCode, message: string, detail?: unknown): OutcomeFailed => ({
  ok: false,
  code,
  message,
  ...(detail !== undefined && { detail }),
});

export const refused = (code: QueueErrorCode, message: string, detail?: unknown): Decision => ({
  changes: [],
  outcome: failure(code, message, detail),
});
