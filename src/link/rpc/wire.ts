// What crosses between a client and its host. Each side offers the other one function that takes a request and
// always answers with a reply; errors cross as data. docs/wire.md describes this for other implementations.

import type { CommandOf, Held, SendColumns, SendSegment, Settlement } from "../../core/commands/commands.js";
import type { BodyColumn, HeadersColumn } from "../../core/log/bodies.js";
import type { LeaseMode, Outcome, Ranges, Seq } from "../../core/log/journal.js";
import type { DeadLetterFilter, PurgeSelection } from "../../core/spec/filters.js";
import type { MessageState } from "../../core/spec/message-states.js";
import type { ScheduleSpec } from "../../core/spec/schedule-spec.js";
import type { SubscriptionFilter } from "../../core/spec/subscription.js";
import type { QueueStats } from "../../core/view/view.js";
import type { DataLoss } from "./views.js";

export interface SentMessages extends SendColumns {
  readonly queue: string;
  readonly segments: readonly SendSegment[];
  readonly bodies: BodyColumn;
  readonly headers?: HeadersColumn | undefined;
}

/** A change of state that a client asks for. The host decides each number once. */
export type ClientCommand =
  | (SentMessages & { readonly type: "send"; readonly atomic: boolean })
  /** All of it or nothing. One send to a queue at most. */
  | {
      readonly type: "transaction";
      readonly sends: readonly SentMessages[];
      readonly settlements: readonly Settlement[];
    }
  | (Omit<SentMessages, "queue"> & { readonly type: "publish"; readonly topic: string })
  | {
      readonly type: "subscribe";
      readonly topic: string;
      readonly subscription: string;
      readonly filter?: SubscriptionFilter | undefined;
    }
  | { readonly type: "unsubscribe"; readonly topic: string; readonly subscription: string }
  /** With one body. */
  | {
      readonly type: "schedule";
      readonly queue: string;
      readonly id: string;
      readonly spec: ScheduleSpec;
      readonly bodies: readonly unknown[];
      readonly headers?: HeadersColumn | undefined;
    }
  | { readonly type: "unschedule"; readonly queue: string; readonly id: string }
  | { readonly type: "settle"; readonly settlements: readonly MeasuredSettlement[] }
  | { readonly type: "extend"; readonly grant: string; readonly seq: Seq; readonly ms: number }
  | CommandOf<"configure">
  | { readonly type: "pause"; readonly queue: string; readonly paused: boolean }
  | { readonly type: "purge"; readonly queue: string; readonly filter?: PurgeSelection | undefined }
  | { readonly type: "delete"; readonly queue: string }
  | CommandOf<"shred">
  | CommandOf<"encrypt-begin">
  /** With a body for each of its messages. */
  | (Omit<CommandOf<"encrypt-page">, "sizes"> & { readonly bodies: readonly unknown[] })
  | CommandOf<"encrypt-end">
  | {
      readonly type: "redrive";
      readonly queue: string;
      readonly filter: DeadLetterFilter;
      readonly max?: number | undefined;
      readonly diedBy?: number | undefined;
      readonly beforePlace?: number | undefined;
    }
  | { readonly type: "purge-dead"; readonly queue: string; readonly filter: DeadLetterFilter }
  /** With one body. */
  | {
      readonly type: "replace";
      readonly queue: string;
      readonly id: string;
      readonly isDead: boolean;
      /** Id of the key that the body is encrypted with; of a send the segments say it, of a schedule its spec. */
      readonly sealed?: string | undefined;
      readonly bodies: readonly unknown[];
      readonly headers?: HeadersColumn | undefined;
    };

/** A settlement, with the time that handlers took for its messages, summed; missing when nobody measured it. */
export interface MeasuredSettlement extends Settlement {
  readonly busyMs?: number | undefined;
}

export interface NumberedCommand {
  readonly number: number;
  readonly command: ClientCommand;
}

/** From client to host. */
export type HostRequest =
  | {
      readonly op: "hello";
      readonly wire: readonly [major: number, minor: number];
      readonly client: string;
      /** Deliveries whose settlement is not confirmed yet: the client still has them. */
      readonly held: readonly Held[];
    }
  | { readonly op: "submit"; readonly confirmed: number; readonly commands: readonly NumberedCommand[] }
  /** Registers a consumer, or changes how many deliveries it may hold; 0 pauses it. Deliveries are pushed. */
  | {
      readonly op: "consume";
      readonly consumer: string;
      readonly queue: string;
      readonly prefetch: number;
      /** Handlers that it may run at once; missing: as many as `prefetch`. For statistics. */
      readonly concurrency?: number | undefined;
      /** Hand-outs of an earlier host that it holds: they count against its `prefetch`. */
      readonly grants?: readonly string[] | undefined;
      /** Of all of a queue that say so, the oldest alone is handed messages. */
      readonly singleActive?: boolean | undefined;
      /** Id of the key that it opens messages with: of an encrypted queue nobody takes any without. */
      readonly sealed?: string | undefined;
    }
  /** Ends a consumer or a watcher, or makes a waiting `receive`, `idle` or `room` answer at once. */
  | { readonly op: "cancel"; readonly waiter: string }
  | {
      readonly op: "receive";
      readonly waiter: string;
      readonly queue: string;
      readonly max: number;
      readonly waitMs: number;
      /** `consume`: the host renews the leases while the client says that it holds the messages. */
      readonly mode: LeaseMode;
      readonly leaseMs?: number | undefined;
      readonly sealed?: string | undefined;
    }
  /** Answers once nothing of the queue is ready or leased. */
  | { readonly op: "idle"; readonly waiter: string; readonly queue: string }
  /** Answers once the queue has room for so many messages of so many estimated bytes. */
  | {
      readonly op: "room";
      readonly waiter: string;
      readonly queue: string;
      readonly count: number;
      readonly bytes: number;
    }
  /** Deduplication ids of a queue that is being encrypted which are not hidden yet. */
  | { readonly op: "plain-ids"; readonly queue: string; readonly max: number }
  | {
      readonly op: "peek";
      readonly queue: string;
      readonly max: number;
      readonly states: readonly MessageState[];
      readonly after?: string | undefined;
      /** Of these, so many are passed over. */
      readonly skip?: number | undefined;
    }
  /** Answers with a `Snapshot`, and keeps what it is of for `snapshot-page`, until `cancel` or for as long as somebody reads on. */
  | {
      readonly op: "snapshot";
      readonly waiter: string;
      readonly queue: string;
      readonly states: readonly MessageState[];
    }
  | { readonly op: "snapshot-page"; readonly waiter: string; readonly from: number; readonly max: number }
  | { readonly op: "dead-letters"; readonly queue: string; readonly max: number; readonly after?: string | undefined }
  | { readonly op: "stats"; readonly queue: string }
  /** Pushes the queue's statistics now and whenever they have changed, at most once in `everyMs`. */
  | { readonly op: "watch"; readonly waiter: string; readonly queue: string; readonly everyMs: number }
  /** Answers with what became of each of these messages. */
  | { readonly op: "fates"; readonly queue: string; readonly ids: readonly string[] }
  /** Answers whether a message of the group waits or is in work. */
  | { readonly op: "group"; readonly queue: string; readonly group: string }
  | { readonly op: "schedules"; readonly queue: string; readonly after?: string | undefined }
  | { readonly op: "queues" }
  /** Answers with a summary of each queue. */
  | { readonly op: "summaries" }
  | { readonly op: "diagnostics" }
  /** Answers with who is connected. */
  | { readonly op: "clients" }
  /** For inspectors: what kind of context the client is, by the name of its global object's constructor, and what it calls itself. */
  | { readonly op: "introduce"; readonly context: string; readonly label?: string | undefined }
  /** Answers with all that the host has to show; `match`: a part of the names of the queues that are wanted. */
  | { readonly op: "inspect"; readonly match: string }
  /** Answers with what was found wrong in the store, and mends it if it is to. */
  | { readonly op: "check"; readonly repair: boolean }
  /** Answers with the last commits of the journal, so many at most. */
  | { readonly op: "journal"; readonly max: number }
  /** The client's page is put to sleep: what it holds goes back, and nothing is pushed until its next hello. */
  | { readonly op: "suspend" }
  | { readonly op: "goodbye" };

/** From host to client. */
export type ClientRequest =
  | { readonly op: "deliver"; readonly consumer: string; readonly handOut: HandOut }
  | { readonly op: "stats"; readonly waiter: string; readonly stats: QueueStats }
  /** Asks what the client still holds, for renewal. */
  | { readonly op: "held" }
  /** These leases ended without the client's doing. */
  | { readonly op: "lost"; readonly lost: readonly Held[]; readonly reason: "timeout" | "lease-expired" }
  /** What its welcome would say now: more was found missing since. */
  | ({ readonly op: "losses" } & FoundMissing);

/** What a queue had at one moment, in the order it was accepted. */
export interface Snapshot {
  readonly count: number;
}

/** A column whose entries are all alike is that entry. */
export type Column<T> = T | readonly T[];

/** Messages handed out together. Column entry i belongs to the i-th number of `seqs`. */
export interface HandOut {
  readonly grant: string;
  readonly until: number;
  readonly seqs: Ranges;
  readonly terms: Column<string>;
  readonly attempts: Column<number>;
  readonly priorities: Column<number>;
  readonly sentAt: Column<number>;
  /** Missing where none expires. */
  readonly expiresAt?: Column<number | null> | undefined;
  readonly bodies: BodyColumn;
  readonly headers?: HeadersColumn | undefined;
  /** Missing where none has a group; "" is none. */
  readonly groups?: Column<string> | undefined;
  /** Whether each may have been handed to a handler before; missing from older hosts. */
  readonly redelivered?: Column<boolean> | undefined;
}

/** Of one host. */
export interface FoundMissing {
  /** Random for each start of a host: a client that sees another one talks to another host. */
  readonly instance: string;
  /** What was found missing since this host began. */
  readonly losses: readonly DataLoss[];
}

export interface Welcome extends FoundMissing {
  readonly epoch: number;
  /** Random for each database: a client that sees another one has lost what it was told is durable. Missing from older hosts. */
  readonly database?: string | undefined;
  readonly kind: HostKind;
  /** The minor wire version that the host speaks; missing: 0. */
  readonly minor?: number;
  /** The Web Lock that the host holds while it lives; missing where there are no locks. */
  readonly lock?: string | undefined;
  /** What this host knows the client by, where that is not what it calls itself. */
  readonly client?: string | undefined;
  /** Whether anything of this client is remembered: answers, or deliveries it holds. Missing from older hosts. */
  readonly isKnown?: boolean;
}

/** Where hosts run, the preferred first: what lives longest without holding anything up. */
export const HOST_KINDS = ["shared-worker", "dedicated-worker", "service-worker", "in-process", "server"] as const;
/** What kind of context hosts. */
export type HostKind = (typeof HOST_KINDS)[number];

export interface SubmitReply {
  /** One for each command, in their order. */
  readonly outcomes: readonly Outcome[];
}

/** What a client holds, and how long its handlers have been running. */
export interface HeldReply {
  readonly held: readonly Held[];
  readonly running: readonly { readonly grant: string; readonly seq: Seq; readonly elapsedMs: number }[];
}

export type Reply<T = unknown> = { readonly ok: true; readonly value: T } | Extract<Outcome, { ok: false }>;
