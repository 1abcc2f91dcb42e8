// What a host shows of all that it has, for inspectors: one answer, made only when it is asked for. Plain data that crosses
// links. docs/wire.md describes this for other implementations.

import type { SubscriptionFilter } from "../../core/spec/subscription.js";
import type { QueueStats } from "../../core/view/view.js";
import type { HostKind } from "./wire.js";

/** A queue as `connection.inspect()` shows it. */
export interface InspectedQueue extends QueueStats {
  /** As it is opened. */
  readonly name: string;
  /** How many schedules it has. */
  readonly schedules: number;
}

/** A topic as `connection.inspect()` shows it. */
export interface InspectedTopic {
  /** As it is opened. */
  readonly name: string;
  /** What each subscription takes, by its name; its messages are in the queue `TOPIC/NAME`. */
  readonly subscriptions: Readonly<Record<string, SubscriptionFilter>>;
}

/** What takes messages for a client. */
export interface InspectedConsumer {
  /** The queue that it takes them of. */
  readonly queue: string;
  /** Messages that it may hold at once; 0: it pauses. */
  readonly prefetch: number;
  /** Handlers that it may run at once. */
  readonly handlers: number;
}

/** Messages that were handed out together and are not settled yet. */
export interface InspectedLease {
  /** The queue that they are of. */
  readonly queue: string;
  /** How many. */
  readonly count: number;
  /** Of these, delivered alone, since two that held them have died. */
  readonly suspects: number;
  /** Epoch milliseconds of the hand-out. */
  readonly leasedAt: number;
  /** Epoch milliseconds at which the first of them ends, unless it is renewed. */
  readonly until: number;
  /** The host renews it while a handler runs; otherwise the client does, by `extend`. */
  readonly renewed: boolean;
}

/** A client as `connection.inspect()` shows it: one that is connected, or that is away with something in hand. */
export interface InspectedClient {
  /** For as long as it lives, however often it connects. */
  readonly id: string;
  /** As a server's `authorize` knows it; `null` of one that needs no grant. */
  readonly name: string | null;
  /** What runs it, by its global object: `Window`, `SharedWorkerGlobalScope`, …; `null` of one that has no consumer and no label. */
  readonly context: string | null;
  /** What it calls itself: `label` of its connection; `null` where that was not given. */
  readonly label: string | null;
  /** It has a link to the host now. */
  readonly connected: boolean;
  /** What takes messages for it. */
  readonly consumers: readonly InspectedConsumer[];
  /** What it has in hand. */
  readonly leases: readonly InspectedLease[];
}

/** Messages of a queue, by state. */
export interface QueueDepths {
  /** May be handed out. */
  readonly ready: number;
  /** Wait for their time. */
  readonly delayed: number;
  /** In the hands of consumers. */
  readonly leased: number;
  /** Wait behind others of their groups. */
  readonly blocked: number;
  /** Given up. */
  readonly dead: number;
}

/** One commit, as `connection.journal()` shows it. */
export interface JournalCommit {
  /** Its place in the journal. */
  readonly lsn: number;
  /** Of the host that made it. */
  readonly epoch: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What it changed, as it is stored: see `Change` in docs/storage.md. Without what was answered to clients. */
  readonly changes: readonly JournalChange[];
  /** What the queues that it touched held after it. */
  readonly after: Readonly<Record<string, QueueDepths>>;
}

/** A change as the journal has it: what else it says depends on its type. */
export interface JournalChange {
  /** As `accepted`, `leased`, `acked`, `retried` or `dead`. */
  readonly type: string;
  /** Concerned, where one is. */
  readonly queue?: string;
  /** The rest. */
  readonly [member: string]: unknown;
}

/** The end of a journal: the state before the first of these commits, and what each of them did. */
export interface JournalTail {
  /** What each queue held before the first of them. */
  readonly before: Readonly<Record<string, QueueDepths>>;
  /** In their order. */
  readonly commits: readonly JournalCommit[];
}

/** The beginning of a host's term. */
export interface TakeOver {
  /** Its number. */
  readonly epoch: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** All that a host shows of a database at one moment. */
export interface Inspection {
  /** Epoch milliseconds, by the host's clock. */
  readonly at: number;
  /** Who hosts. */
  readonly host: InspectedHost;
  /** The first 500 of those whose names match. */
  readonly queues: readonly InspectedQueue[];
  /** How many have names that match. */
  readonly queueCount: number;
  /** In the order in which they got their first subscription. */
  readonly topics: readonly InspectedTopic[];
  /** The first 500. */
  readonly clients: readonly InspectedClient[];
  /** How many there are. */
  readonly clientCount: number;
  /** Those that the journal told of when this host began, and its own, in their order. */
  readonly takeOvers: readonly TakeOver[];
}

/** A host as `connection.inspect()` shows it. */
export interface InspectedHost {
  /** What kind of context it is. */
  readonly kind: HostKind;
  /** Number of its term: rises with every take-over. */
  readonly epoch: number;
  /** Random, another one for each host. */
  readonly instance: string;
  /** Rises with every release. */
  readonly build: number;
  /** Epoch milliseconds since which it hosts. */
  readonly since: number;
}

/** Something that `connection.check()` has found. */
export interface CheckFault {
  /**
   * `checkpoint`: one of the two that are kept cannot be read. `journal`: records cannot. `books`: a queue's totals do not add up,
   * or what is stored is not what the host has in memory. `body`: of messages or schedules, which `ids` name. `orphan`: stored
   * batches that belong to no message.
   */
  readonly kind: "checkpoint" | "journal" | "books" | "body" | "orphan";
  /** In words. */
  readonly message: string;
  /** Queue concerned; missing where it is none in particular. */
  readonly queue?: string;
  /** Messages, or schedules, concerned. */
  readonly ids?: readonly string[];
  /** It was mended: what could be read elsewhere was stored anew, and what is gone was taken out of its queue. */
  readonly isRepaired: boolean;
}

/** What `connection.check()` has read, and found. */
export interface CheckReport {
  /** None: all that is stored can be read, and adds up. */
  readonly faults: readonly CheckFault[];
  /** Queues there are. */
  readonly queues: number;
  /** Messages that wait, are in work or are dead. */
  readonly messages: number;
  /** Stored batches of bodies that these refer to. */
  readonly batches: number;
  /** Records of the journal that were read. */
  readonly records: number;
}
