// What the pieces of a checkpoint are. Invariant: a piece holds what there is of many queues, and of bounded size: how
// many pieces there are follows the messages, not the queues.
// Where a piece is about queues, it names each by its number: the place in the order in which `queues` name them.

import type { Term } from "../log/ids.js";
import type { Epoch, Failure, LeaseMode, Lsn, Outcome, Ranges, Seq } from "../log/journal.js";
import type { QueueSettings } from "../spec/settings.js";
import type { SubscriptionFilter } from "../spec/subscription.js";
import type { DeadMessage, LeftPlaces } from "../state/dead.js";
import type { Lease } from "../state/lease.js";
import type { Counters, Schedule } from "../state/state.js";

/** 2: says of each message whether it may have been handed to a handler. 3: several queues to a piece. */
export const CHECKPOINT_VERSION = 3;

export type HeadChunk = {
  readonly v: number;
  readonly kind: "head";
  readonly lsn: Lsn;
  readonly epoch: Epoch;
  readonly nextSeq: Seq;
  readonly now: number;
  readonly quarantined: Ranges;
  readonly terms: readonly Term[];
  /** Missing from earlier builds: then the oldest of the terms stands for it. */
  readonly firstTerm?: string;
  readonly topics?: readonly (readonly [
    topic: string,
    subscriptions: readonly (readonly [string, SubscriptionFilter])[],
  ])[];
  readonly clients: readonly {
    id: string;
    seenAt: number;
    confirmed: number;
    outcomes: readonly [number, Outcome][];
  }[];
};

export type BatchesChunk = {
  readonly v: number;
  readonly kind: "batches";
  readonly firstSeq: Float64Array;
  readonly count: Float64Array;
  readonly bytes: Float64Array;
  readonly seqs: readonly (readonly [index: number, seqs: Ranges])[];
};

export type QueuesChunk = {
  readonly v: number;
  readonly kind: "queues";
  /** What a queue is set to where its entry does not say: another build may have other defaults. */
  readonly settings: QueueSettings;
  readonly queues: readonly QueueEntry[];
  /** Each counter of all of them; missing where all are 0. */
  readonly counters: { readonly [Name in keyof Counters]?: Float64Array };
};

/** What is missing is as in a queue that was just made. */
export type QueueEntry = {
  readonly name: string;
  readonly settings?: Partial<QueueSettings>;
  readonly pausedByUser?: boolean;
  /** Places of dead letters that left, and the next one; missing where none ever died. */
  readonly deadLeft?: readonly LeftPlaces[];
  readonly nextDeadPlace?: number;
  /** When the bucket of its rate limit is full again. */
  readonly fullAt?: number;
};

/** Dead letters that keep their place in their group. */
export type PlacesChunk = {
  readonly v: number;
  readonly kind: "places";
  readonly queue: Uint32Array;
  readonly groups: readonly string[];
  readonly seq: Float64Array;
};

/** Rate limits of groups: when the bucket of each is full again. */
export type BucketsChunk = {
  readonly v: number;
  readonly kind: "buckets";
  readonly queue: Uint32Array;
  readonly groups: readonly string[];
  readonly fullAt: Float64Array;
};

export type RunsChunk = {
  readonly v: number;
  readonly kind: "runs";
  readonly queue: Uint32Array;
  readonly seq: Float64Array;
  readonly bodySeq: Float64Array;
  readonly count: Uint32Array;
  readonly priority: Uint8Array;
  readonly attempts: Uint32Array;
  readonly sentAt: Float64Array;
  readonly readyAt: Float64Array;
  /** See `PLACE`, and the bits beside it. */
  readonly place: Uint8Array;
  /** Missing where none expires; 0 for one that does not. */
  readonly expiresAt?: Float64Array;
  /** Of those that wait for a token of their group; missing where none does. */
  readonly untokenedAt?: Float64Array;
  readonly size?: Float64Array;
  /** Missing where none has a group; "" for one that has none. */
  readonly groups?: readonly string[];
  readonly failures: readonly (readonly [index: number, failure: Failure])[];
};

/** Where a run waits. */
export const PLACE = { suspects: 0, front: 1, tail: 2, delayed: 3, blocked: 16 } as const;
/** Flags beside the place, in the same column. */
export const PLACE_BITS = 3 | 16;
export const SUSPECT_BIT = 4;
export const INSTANT_BIT = 8;
export const REDELIVERED_BIT = 32;

/** Deduplication ids, of each queue in the order of their acceptance, the oldest first. */
export type IdsChunk = {
  readonly v: number;
  readonly kind: "ids";
  readonly queue: Uint32Array;
  readonly ids: readonly string[];
  readonly seq: Float64Array;
  readonly at: Float64Array;
  /** See `ROLE`. */
  readonly role: Uint8Array;
};

/** What the message of an id is to those that come under the same id. */
export const ROLE = { first: 0, owner: 1, waitingOwner: 2 } as const;

/** Waiting messages and the bodies they have in place of their first ones. */
export type ReplacedChunk = {
  readonly v: number;
  readonly kind: "replaced";
  readonly queue: Uint32Array;
  readonly seq: Float64Array;
  readonly bodySeq: Float64Array;
};

export type SchedulesChunk = {
  readonly v: number;
  readonly kind: "schedules";
  readonly queue: Uint32Array;
  readonly schedules: readonly Schedule[];
};

/** Of each queue in the order they died. */
export type DeadChunk = {
  readonly v: number;
  readonly kind: "dead";
  readonly queue: Uint32Array;
  readonly dead: readonly DeadMessage[];
};

export type GrantsChunk = {
  readonly v: number;
  readonly kind: "grants";
  readonly grants: readonly StoredGrant[];
};

export type StoredGrant = {
  readonly id: string;
  readonly client: string;
  /** Its name. */
  readonly queue: string;
  readonly mode: LeaseMode;
  readonly until: number;
  readonly leases: readonly (Omit<Lease, "grant" | "group"> & { readonly groupId?: string })[];
};

export type StateChunk =
  | HeadChunk
  | BatchesChunk
  | QueuesChunk
  | PlacesChunk
  | BucketsChunk
  | RunsChunk
  | IdsChunk
  | ReplacedChunk
  | SchedulesChunk
  | DeadChunk
  | GrantsChunk;
