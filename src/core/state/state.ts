// The working state: what `apply` builds from checkpoint and journal, and nothing else.
// Invariant: every accepted message is in exactly one place (a lane, the suspects, the delayed, behind the head of its
// group, the leased, the dead) or counted as acked, dropped, purged, replaced or quarantined.

import type { Term } from "../log/ids.js";
import type { Epoch, Lsn, Outcome, Seq } from "../log/journal.js";
import { isSeq } from "../log/ranges.js";
import { assert } from "../spec/errors.js";
import { PRIORITY_MAX } from "../spec/fields.js";
import type { ScheduleSpec } from "../spec/schedule-spec.js";
import { DEFAULT_SETTINGS, type QueueSettings } from "../spec/settings.js";
import type { SubscriptionFilter } from "../spec/subscription.js";
import type { Instant } from "../spec/time.js";
import { type Agenda, createAgenda } from "./agenda.js";
import { type BatchIndex, createBatchIndex } from "./batch-index.js";
import type { DeadLetters } from "./dead.js";
import { createExpiries, type Expiries } from "./expiries.js";
import { createHeap, type Heap } from "./heap.js";
import type { Lease, OpenHandOut } from "./lease.js";
import { createLeaseEnds, type LeaseEnds } from "./lease-ends.js";
import { emptyMap } from "./nothing.js";
import { createDeduplication, type Deduplication } from "./remembered.js";
import { createRunFifo, createSortedRuns, type Group, type Run, type RunFifo, type SortedRuns } from "./run.js";

/** The ready messages of one priority: what came back goes before what never left. */
export interface Lane {
  readonly front: SortedRuns;
  readonly tail: RunFifo;
}

/** A stored body that is sent again and again. */
export interface Schedule {
  readonly id: string;
  readonly spec: ScheduleSpec;
  readonly bodySeq: Seq;
  /** Estimated bytes of the body. */
  readonly size: number;
  /** Epoch milliseconds of the first tick that is not sent yet; missing when there is none any more. */
  nextAt?: Instant | undefined;
  /** Epoch milliseconds at which it last ticked; missing when it has not. */
  lastAt?: Instant | undefined;
}

/** A topic's subscriptions and their filters. */
export type Subscriptions = Map<string, SubscriptionFilter>;

/** Totals since the queue was created. */
export interface Counters {
  /** Accepted; what was refused, and duplicates, are not. */
  accepted: number;
  /** Acknowledged, and gone. */
  acked: number;
  /** Dead-lettered, redriven ones counted again each time they die. */
  died: number;
  /** Dead letters sent back to the queue. */
  redriven: number;
  /** Dropped for want of room (`overflow: "drop-oldest"`). */
  dropped: number;
  /** Deleted by `purge`, of the queue or its dead letters. */
  purged: number;
  /** Bodies that a later one has replaced (`replace`, `deduplicationMode: "replace"`). */
  replaced: number;
  /** Taken out because their bodies could not be read. */
  quarantined: number;
  /** Hand-outs, repeats included. */
  deliveries: number;
  /** Attempts that failed and were followed by another. */
  retried: number;
  /** Sum over all hand-outs of the time between ready and handed out, in ms. */
  waitedMs: number;
  /** Sum over all acknowledged messages of the time between handed out and acknowledged, in ms. */
  servedMs: number;
}

export interface QueueState extends DeadLetters {
  readonly name: string;
  settings: QueueSettings;
  pausedByUser: boolean;
  /** By priority; see `ownLane`. */
  lanes: readonly Lane[];
  readonly suspects: SortedRuns;
  readonly delayed: Heap<Run>;
  leased: Map<Seq, Lease>;
  /** Those of which a message waits or is leased, or keeps a place as a dead letter; and some that are empty by now. */
  groups: Map<string, Group>;
  /** How often a group was emptied since the empty ones were swept. */
  emptiedGroups: number;
  /** When the bucket of its rate limit is full again, in epoch milliseconds; and those of its groups. See rate.ts. */
  fullAt: Instant;
  groupsFullAt: Map<string, number>;
  /** Messages in lanes and suspects, in delayed, and behind the heads of their groups. */
  readyCount: number;
  delayedCount: number;
  /** The waiting messages that expire, wherever they wait. */
  readonly expiries: Expiries;
  /** Runs that expired in the middle of a list, and may still stand there. */
  emptied: number;
  readonly deduplication: Deduplication;
  schedules: Map<string, Schedule>;
  blockedCount: number;
  /** Estimated bytes of what waits or is leased: what `maxBytes` bounds. */
  bytes: number;
  readonly counters: Counters;
}

/** What is remembered of a client. */
export interface ClientState {
  readonly id: string;
  seenAt: Instant;
  /** Every command up to this number is settled for the client: no re-send of it will come. */
  confirmed: number;
  readonly outcomes: Map<number, Outcome>;
  readonly grants: Set<OpenHandOut>;
  /** Leases held, by queue. */
  readonly heldByQueue: Map<string, number>;
  held: number;
  /** Estimated bytes of them. */
  bytesHeld: number;
  suspectsHeld: number;
}

export interface State {
  /** The latest time that anything was decided at, in epoch milliseconds. */
  now: Instant;
  lsn: Lsn;
  epoch: Epoch;
  nextSeq: Seq;
  /** Bodies of quarantined messages: no message refers to them any more, but what is left of them is kept. */
  readonly quarantined: Seq[];
  readonly terms: Term[];
  /** The first term of all, whose random part tells this database from any other that had or will have its name. */
  firstTerm: string | undefined;
  readonly queues: Map<string, QueueState>;
  readonly batches: BatchIndex;
  readonly topics: Map<string, Subscriptions>;
  readonly clients: Map<string, ClientState>;
  readonly grants: Map<string, OpenHandOut>;
  readonly leaseEnds: LeaseEnds;
  /** When time alone changes something of a queue; and when it forgets an id, for which nobody has to wake. */
  readonly agenda: Agenda<QueueState>;
  readonly forgetting: Agenda<QueueState>;
}

export function createState(): State {
  return {
    now: 0,
    lsn: 0,
    epoch: 0,
    nextSeq: 1,
    quarantined: [],
    terms: [],
    firstTerm: undefined,
    queues: new Map(),
    batches: createBatchIndex(),
    topics: new Map(),
    clients: new Map(),
    grants: new Map(),
    leaseEnds: createLeaseEnds(),
    agenda: createAgenda(),
    forgetting: createAgenda(),
  };
}

const bySeq = (a: Run, b: Run) => a.seq < b.seq;
const byPriority = (a: Run, b: Run) => a.priority > b.priority || (a.priority === b.priority && a.seq < b.seq);
const readyAtOf = (run: Run) => run.readyAt;

/** In which nothing ever waits. */
const NO_LANE: Lane = { front: createSortedRuns(bySeq), tail: createRunFifo() };
const NO_LANES: readonly Lane[] = Array.from({ length: PRIORITY_MAX + 1 }, () => NO_LANE);

/** The lane to put something in: only those of priorities that were used are the queue's own. */
export function ownLane(queue: QueueState, priority: number): Lane {
  const lane = queue.lanes[priority];
  if (lane !== undefined && lane !== NO_LANE) return lane;
  const own: Lane = { front: createSortedRuns(bySeq), tail: createRunFifo() };
  const lanes = [...queue.lanes];
  lanes[priority] = own;
  queue.lanes = lanes;
  return own;
}

export function createQueueState(name: string): QueueState {
  return {
    name,
    settings: DEFAULT_SETTINGS,
    pausedByUser: false,
    lanes: NO_LANES,
    suspects: createSortedRuns(byPriority),
    delayed: createHeap(readyAtOf, bySeq),
    leased: emptyMap(),
    dead: emptyMap(),
    nextDeadPlace: 1,
    deadLeft: undefined,
    groups: emptyMap(),
    emptiedGroups: 0,
    fullAt: 0,
    groupsFullAt: emptyMap(),
    readyCount: 0,
    delayedCount: 0,
    expiries: createExpiries(),
    emptied: 0,
    deduplication: createDeduplication(),
    schedules: emptyMap(),
    blockedCount: 0,
    bytes: 0,
    counters: {
      accepted: 0,
      acked: 0,
      died: 0,
      redriven: 0,
      dropped: 0,
      purged: 0,
      replaced: 0,
      quarantined: 0,
      deliveries: 0,
      retried: 0,
      waitedMs: 0,
      servedMs: 0,
    },
  };
}

export function createClientState(id: string): ClientState {
  return {
    id,
    seenAt: 0,
    confirmed: 0,
    outcomes: new Map(),
    grants: new Set(),
    heldByQueue: new Map(),
    held: 0,
    bytesHeld: 0,
    suspectsHeld: 0,
  };
}

/** A queue with as many dead letters as it may keep hands out nothing: it would have to drop the next one. */
export const isFullOfDeadLetters = (queue: QueueState): boolean => queue.dead.size >= queue.settings.maxDeadLetters;

export const isPaused = (queue: QueueState): boolean => queue.pausedByUser || isFullOfDeadLetters(queue);

export const waitingCount = (queue: QueueState): number => queue.readyCount + queue.delayedCount + queue.blockedCount;

/** Messages that wait or are being worked on: what `maxMessages` bounds. */
export const depthOf = (queue: QueueState): number => waitingCount(queue) + queue.leased.size;

/** A number is given away once: a state that does not know all that were is damaged. */
export function assertNumbered({ nextSeq, batches }: State): void {
  const isNext = isSeq(nextSeq) && batches.all().every(({ lastSeq }) => lastSeq < nextSeq);
  assert(isNext, "the next number is none that was given away");
}

/** A queue's conservation law: what was accepted is somewhere. Broken means a bug. */
export const isConserved = (queue: QueueState): boolean => {
  const { accepted, acked, dropped, purged, replaced, quarantined } = queue.counters;
  return accepted === depthOf(queue) + queue.dead.size + acked + dropped + purged + replaced + quarantined;
};
