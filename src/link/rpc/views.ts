// What a host shows: messages, schedules, queues, itself, and what it announces. Plain data that crosses links and
// channels, and what applications see of it. docs/wire.md describes this for other implementations.

import type { Headers } from "../../core/log/bodies.js";
import type { MessageState } from "../../core/spec/message-states.js";
import type { CatchUp } from "../../core/spec/schedule-spec.js";
import type { QueueSettings } from "../../core/spec/settings.js";
import type { QueueStats } from "../../core/view/view.js";

/** A message as `peek` and `deadLetters.list` show it. */
export interface MessageView<Body = unknown> {
  /** As its receipt named it. */
  readonly id: string;
  /** As it is stored. */
  readonly body: Body;
  /** Where it is now. */
  readonly state: MessageState;
  /** Attempts that counted so far. */
  readonly attempts: number;
  /**
   * It may have been handed to a handler, before its lease if it is leased, whether that counted or not. `false`: it
   * certainly was not. Under a host of an earlier version: whether an attempt counted.
   */
  readonly redelivered: boolean;
  /** 0 to 9, high first. */
  readonly priority: number;
  /** `null` when it has none. */
  readonly groupId: string | null;
  /** Text by name, as it was sent. */
  readonly headers: Headers;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  /** Epoch milliseconds before which it is not delivered; `null` unless delayed. */
  readonly deliverAt: number | null;
  /** Epoch milliseconds from which it becomes a dead letter if it waits then; `null` when it never does. */
  readonly expiresAt: number | null;
  /** Why it is a dead letter; present on those only. */
  readonly reason?: string;
  /** How its last attempt failed. */
  readonly error?: { readonly name: string; readonly message: string };
  /** Epoch milliseconds at which it became a dead letter. */
  readonly diedAt?: number;
}

/** What a host of `MINOR_PAGES` answers to `peek`, `dead-letters` and `schedules`. */
export interface Page<View> {
  readonly messages: readonly View[];
  /** There are more of what was asked for: they would have been too large together. */
  readonly isCut: boolean;
}

export type MessagePage = Page<MessageView>;

/** A schedule as `schedules.list` shows it. */
export interface ScheduleView<Body = unknown> {
  /** The name that `upsert` gave it. */
  readonly id: string;
  /** `null` where it ticks every so many milliseconds. */
  readonly cron: string | null;
  /** IANA name of the zone of `cron`; `null` where it has none. */
  readonly timeZone: string | null;
  /** `null` where it has a cron expression. */
  readonly everyMs: number | null;
  /** What becomes of ticks that nobody sent in time. */
  readonly catchUp: CatchUp;
  /** Epoch milliseconds of the first tick that is not sent yet; `null` when none will come. */
  readonly nextAt: number | null;
  /** Epoch milliseconds at which it last ticked; `null` when it has not, and missing under a host of an earlier version. */
  readonly lastAt?: number | null;
  /** What each tick sends. */
  readonly body: Body;
  /** Text by name, of each message. */
  readonly headers: Headers;
  /** 0 to 9, high first, of each message. */
  readonly priority: number;
  /** `null` when its messages have none. */
  readonly groupId: string | null;
  /** `null`: its messages never expire; missing: as the queue says. */
  readonly ttlMs?: number | null;
}

/** A queue in short, as `connection.queues()` lists it. */
export interface QueueSummary
  extends Pick<QueueStats, "ready" | "delayed" | "leased" | "blocked" | "dead" | "paused" | "oldestAgeMs"> {
  /** As it is opened. */
  readonly name: string;
}

/** What became of a message, for who waits for its answer. */
export type MessageFate =
  | { readonly state: "waiting" | "leased" | "gone" }
  | {
      readonly state: "dead";
      readonly reason: string;
      readonly error?: { readonly name: string; readonly message: string } | undefined;
    };

/** What the host knows of itself: for inspectors and tests. */
export interface Diagnostics {
  /** Random, another one for each host. */
  readonly instance: string;
  /** Number of the host's term: rises with every take-over. */
  readonly epoch: number;
  /** Sequence number of the last journal record. */
  readonly lsn: number;
  /** Clients that are connected. */
  readonly clients: number;
  /** Commits since the host began. */
  readonly commits: number;
  /** Messages on ports that were malformed or not allowed, and were refused. */
  readonly refusedMessages: number;
  /** Stored batches of bodies. */
  readonly batches: number;
  /** Bytes of these, by estimate. */
  readonly batchBytes: number;
}

/** Who is connected, as `connection.clients()` lists it. */
export interface ClientView {
  /** For as long as it lives, however often it connects. */
  readonly id: string;
  /** As a server's `authorize` knows it; `null` of one that needs no grant. */
  readonly name: string | null;
  /** How many messages it has in hand, by queue; nothing of queues that it holds none of. */
  readonly held: Readonly<Record<string, number>>;
}

/** Messages that are gone although nobody asked for it. */
export interface DataLoss {
  /** `wiped`: the database was deleted, or ended with its host where it was in memory. `unreadable`: what is stored cannot be read; without ids, no message that anybody knows of is gone by it. */
  readonly reason: "wiped" | "unreadable";
  /** Queue concerned; missing when it is all of them. */
  readonly queue?: string;
  /** Ids of the messages, as far as anybody still knows them. */
  readonly ids: readonly string[];
}

/** The announcement on the BroadcastChannel: at most one a commit. A hint that may be missed. */
export interface Notice {
  readonly v: 1;
  readonly type: "notice";
  readonly epoch: number;
  readonly queues: Readonly<Record<string, QueueNotice>>;
}

export interface QueueNotice {
  /** New messages, and how many are ready now. */
  readonly available?: { readonly count: number; readonly ready: number };
  readonly settled?: { readonly acked: number; readonly retried: number; readonly returned: number };
  readonly dead?: { readonly count: number; readonly total: number };
  readonly dropped?: { readonly count: number };
  readonly paused?: { readonly paused: boolean };
  readonly configured?: { readonly settings: Partial<QueueSettings> };
  readonly datalost?: DataLoss;
  /** Of the queue that had the key of the database: it was destroyed. */
  readonly shredded?: { readonly [name: string]: never };
}
