// The snapshot that lets old journal be deleted: the whole state as chunks of bounded size, runs in typed columns.
// Invariant: `decodeCheckpoint` of what `encodeCheckpoint` gave is the same state.

import { touch } from "../commands/due.js";
import { REASON_OVERFLOW } from "../commands/overflow.js";
import { bodiesOfSchedules } from "../commands/schedules.js";
import type { Term } from "../log/ids.js";
import type { Epoch, Failure, LeaseMode, Lsn, Outcome, Ranges, Seq } from "../log/journal.js";
import { rangesOf, seqsOf } from "../log/ranges.js";
import { assert } from "../spec/errors.js";
import { CHUNK_ENTRIES_MAX } from "../spec/limits.js";
import type { QueueSettings } from "../spec/settings.js";
import type { SubscriptionFilter } from "../spec/subscription.js";
import type { Batch } from "../state/batch-index.js";
import type { DeadMessage, LeftPlaces } from "../state/dead.js";
import { block, groupOf } from "../state/groups.js";
import type { Grant, Lease } from "../state/lease.js";
import { ownMap } from "../state/nothing.js";
import { note, noteBody, type Remembered } from "../state/remembered.js";
import type { Run } from "../state/run.js";
import {
  type Counters,
  createClientState,
  createQueueState,
  createState,
  ownLane,
  type QueueState,
  type Schedule,
  type State,
} from "../state/state.js";
import { blockedRuns, delayedRuns } from "../state/waiting.js";

/** 2: says of each message whether it may have been handed to a handler. */
export const CHECKPOINT_VERSION = 2;

type HeadChunk = {
  readonly v: number;
  readonly kind: "head";
  readonly lsn: Lsn;
  readonly epoch: Epoch;
  readonly nextSeq: Seq;
  readonly now: number;
  readonly quarantined: Ranges;
  readonly terms: readonly Term[];
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

type BatchesChunk = {
  readonly v: number;
  readonly kind: "batches";
  readonly firstSeq: Float64Array;
  readonly count: Float64Array;
  readonly bytes: Float64Array;
  readonly seqs: readonly (readonly [index: number, seqs: Ranges])[];
};

type QueueChunk = {
  readonly v: number;
  readonly kind: "queue";
  readonly name: string;
  readonly settings: QueueSettings;
  readonly pausedByUser: boolean;
  readonly counters: Counters;
  /** Dead letters that keep their place in their group. */
  readonly deadHeads?: readonly (readonly [groupId: string, seqs: readonly Seq[]])[];
  /** Places of dead letters that left, and the next one; missing where none ever died. */
  readonly deadLeft?: readonly LeftPlaces[];
  readonly nextDeadPlace?: number;
  /** Buckets of its rate limit; missing while nothing was taken from any. */
  readonly fullAt?: number;
  readonly groupsFullAt?: readonly (readonly [groupId: string, fullAt: number])[];
};

type RunsChunk = {
  readonly v: number;
  readonly kind: "runs";
  readonly queue: string;
  readonly seq: Float64Array;
  readonly bodySeq: Float64Array;
  readonly count: Uint32Array;
  readonly priority: Uint8Array;
  readonly attempts: Uint32Array;
  readonly sentAt: Float64Array;
  readonly readyAt: Float64Array;
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

/** Deduplication ids in the order of their acceptance, the oldest first. */
type IdsChunk = {
  readonly v: number;
  readonly kind: "ids";
  readonly queue: string;
  readonly ids: readonly string[];
  readonly seq: Float64Array;
  readonly at: Float64Array;
  /** See `ROLE`. */
  readonly role: Uint8Array;
};

/** What the message of an id is to those that come under the same id. */
const ROLE = { first: 0, owner: 1, waitingOwner: 2 } as const;

/** Waiting messages and the bodies they have in place of their first ones. */
type ReplacedChunk = {
  readonly v: number;
  readonly kind: "replaced";
  readonly queue: string;
  readonly seq: Float64Array;
  readonly bodySeq: Float64Array;
};

type GrantsChunk = {
  readonly v: number;
  readonly kind: "grants";
  readonly grants: readonly StoredGrant[];
};
type StoredGrant = {
  readonly id: string;
  readonly client: string;
  readonly queue: string;
  readonly mode: LeaseMode;
  readonly until: number;
  readonly leases: readonly (Omit<Lease, "grant" | "group"> & { readonly groupId?: string })[];
};

type DeadChunk = {
  readonly v: number;
  readonly kind: "dead";
  readonly queue: string;
  readonly dead: readonly DeadMessage[];
};

type SchedulesChunk = {
  readonly v: number;
  readonly kind: "schedules";
  readonly queue: string;
  readonly schedules: readonly Schedule[];
};

export type StateChunk =
  | HeadChunk
  | BatchesChunk
  | QueueChunk
  | RunsChunk
  | IdsChunk
  | ReplacedChunk
  | GrantsChunk
  | DeadChunk
  | SchedulesChunk;

const v = CHECKPOINT_VERSION;
/** Flags beside the place, in the same column. */
const PLACE_BITS = 3 | 16;
const SUSPECT_BIT = 4;
const INSTANT_BIT = 8;
const REDELIVERED_BIT = 32;

/** Where a run waits. */
const PLACE = { suspects: 0, front: 1, tail: 2, delayed: 3, blocked: 16 } as const;

/** The state must not change until the last chunk was taken. */
export function* encodeCheckpoint(state: State): Generator<StateChunk> {
  yield encodeHead(state);
  for (const batches of slices(state.batches.all())) yield encodeBatches(batches);
  for (const queue of state.queues.values()) {
    const { name, settings, pausedByUser, counters } = queue;
    const deadHeads = [...queue.groups.values()].flatMap(({ id, dead }) => (dead ? [[id, [...dead]] as const] : []));
    yield {
      v,
      kind: "queue",
      name,
      settings,
      pausedByUser,
      counters: { ...counters },
      ...(deadHeads.length > 0 && { deadHeads }),
      ...(queue.deadLeft && { deadLeft: queue.deadLeft.map((left) => ({ ...left })) }),
      ...(queue.nextDeadPlace > 1 && { nextDeadPlace: queue.nextDeadPlace }),
      ...(queue.fullAt > 0 && { fullAt: queue.fullAt }),
      ...(queue.groupsFullAt.size > 0 && { groupsFullAt: [...queue.groupsFullAt] }),
    };
    for (const placed of slices(placedRuns(queue))) yield encodeRuns(name, placed);
    const { deduplication } = queue;
    for (const ids of slices(deduplication.byId)) yield encodeIds(queue, ids);
    for (const bodies of slices(deduplication.replacedBodies)) {
      const seq = Float64Array.from(bodies, ([replaced]) => replaced);
      const bodySeq = Float64Array.from(bodies, ([, body]) => body);
      yield { v, kind: "replaced", queue: name, seq, bodySeq };
    }
    for (const schedules of slices(queue.schedules.values(), 256)) {
      yield { v, kind: "schedules", queue: name, schedules: schedules.map((schedule) => ({ ...schedule })) };
    }
    for (const dead of slices(queue.dead.values())) yield { v, kind: "dead", queue: name, dead };
  }
  for (const grants of slices(state.grants.values(), 256)) {
    yield { v, kind: "grants", grants: grants.map(encodeGrant) };
  }
}

/** How much of the state there is to encode: what it takes follows this. */
export function countEntries({ batches, queues }: State): number {
  let entries = batches.size;
  for (const { lanes, suspects, delayed, groups, deduplication, dead, leased } of queues.values()) {
    entries += suspects.runs + delayed.size + groups.size + deduplication.byId.size + dead.size + leased.size;
    for (const { front, tail } of lanes) entries += front.runs + tail.runs;
  }
  return entries;
}

/** Parts of at most so many. */
function* slices<T>(items: Iterable<T>, size = CHUNK_ENTRIES_MAX): Generator<readonly T[]> {
  let slice: T[] = [];
  for (const item of items) {
    slice.push(item);
    if (slice.length < size) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

function encodeHead(state: State): HeadChunk {
  const clients = [...state.clients.values()].map(({ id, seenAt, confirmed, outcomes }) => ({
    id,
    seenAt,
    confirmed,
    outcomes: [...outcomes],
  }));
  const { lsn, epoch, nextSeq, now } = state;
  const quarantined = rangesOf(state.quarantined);
  const topics = [...state.topics].map(([topic, subscriptions]) => [topic, [...subscriptions]] as const);
  return { v, kind: "head", lsn, epoch, nextSeq, now, quarantined, terms: usedTerms(state), topics, clients };
}

/** Terms of which a message can still exist: those before the first stored body are history. */
function usedTerms(state: State): Term[] {
  const oldest = oldestSeq(state);
  return state.terms.filter((_, i) => (state.terms[i + 1]?.firstSeq ?? Number.POSITIVE_INFINITY) > oldest);
}

/** A message is never older than its body's batch; one of a remembered id may be gone. A schedule's body lasts for ever. */
function oldestSeq(state: State): Seq {
  const others = bodiesOfSchedules(state);
  const isOfMessages = (batch: Batch) => state.batches.liveSeqs(batch).some((seq) => !others.has(seq));
  let oldest = state.batches.all().find(isOfMessages)?.firstSeq ?? state.nextSeq;
  for (const { deduplication } of state.queues.values()) {
    for (const { seq } of deduplication.byId.values()) {
      oldest = Math.min(oldest, seq);
      break;
    }
  }
  return oldest;
}

function encodeBatches(batches: readonly Batch[]): BatchesChunk {
  const { length } = batches;
  const columns = {
    firstSeq: new Float64Array(length),
    count: new Float64Array(length),
    bytes: new Float64Array(length),
  };
  const seqs: [index: number, seqs: Ranges][] = [];
  batches.forEach((batch, i) => {
    columns.firstSeq[i] = batch.firstSeq;
    columns.count[i] = batch.count;
    columns.bytes[i] = batch.bytes;
    if (batch.seqs) seqs.push([i, batch.seqs]);
  });
  return { v, kind: "batches", ...columns, seqs };
}

interface Placed {
  readonly place: number;
  readonly run: Run;
}

function* placedRuns(queue: QueueState): Generator<Placed> {
  for (const run of queue.suspects) yield { place: PLACE.suspects, run };
  for (const lane of queue.lanes) {
    for (const run of lane.front) yield { place: PLACE.front, run };
    for (const run of lane.tail) yield { place: PLACE.tail, run };
  }
  for (const run of delayedRuns(queue)) yield { place: PLACE.delayed, run };
  for (const run of blockedRuns(queue)) yield { place: PLACE.blocked, run };
}

/** One pass into columns of a known length: an encoding of many runs must not hold up the host. */
function encodeRuns(queue: string, placed: readonly Placed[]): RunsChunk {
  const { length } = placed;
  const failures: [index: number, failure: Failure][] = [];
  const columns = {
    seq: new Float64Array(length),
    bodySeq: new Float64Array(length),
    count: new Uint32Array(length),
    priority: new Uint8Array(length),
    attempts: new Uint32Array(length),
    sentAt: new Float64Array(length),
    readyAt: new Float64Array(length),
    place: new Uint8Array(length),
    size: new Float64Array(length),
  };
  placed.forEach(({ place, run }, i) => {
    columns.seq[i] = run.seq;
    columns.bodySeq[i] = run.bodySeq;
    columns.count[i] = run.count;
    columns.priority[i] = run.priority;
    columns.attempts[i] = run.attempts;
    columns.sentAt[i] = run.sentAt;
    columns.readyAt[i] = run.readyAt;
    columns.size[i] = run.size;
    // A suspect may also be delayed, so being one is a bit of its own.
    columns.place[i] =
      place |
      (run.suspect ? SUSPECT_BIT : 0) |
      (run.isInstant ? INSTANT_BIT : 0) |
      (run.redelivered ? REDELIVERED_BIT : 0);
    if (run.failure) failures.push([i, run.failure]);
  });
  const doExpire = placed.some(({ run }) => run.expiresAt !== undefined);
  const expiresAt = doExpire ? Float64Array.from(placed, ({ run }) => run.expiresAt ?? 0) : undefined;
  const doWait = placed.some(({ run }) => run.untokenedAt !== undefined);
  const untokenedAt = doWait ? Float64Array.from(placed, ({ run }) => run.untokenedAt ?? Number.NaN) : undefined;
  const groups = placed.some(({ run }) => run.group) && { groups: placed.map(({ run }) => run.group?.id ?? "") };
  return {
    v,
    kind: "runs",
    queue,
    ...columns,
    failures,
    ...(expiresAt && { expiresAt }),
    ...(untokenedAt && { untokenedAt }),
    ...groups,
  };
}

function encodeIds(queue: QueueState, entries: readonly (readonly [string, Remembered])[]): IdsChunk {
  const { owners } = queue.deduplication;
  return {
    v,
    kind: "ids",
    queue: queue.name,
    ids: entries.map(([id]) => id),
    seq: Float64Array.from(entries, ([, { seq }]) => seq),
    at: Float64Array.from(entries, ([, { at }]) => at),
    role: Uint8Array.from(entries, ([, { seq, waits }]) =>
      owners.has(seq) ? (waits ? ROLE.waitingOwner : ROLE.owner) : ROLE.first,
    ),
  };
}

const encodeGrant = ({ id, client, queue, mode, until, leases }: Grant): StoredGrant => ({
  id,
  client,
  queue,
  mode,
  until,
  leases: [...leases.values()].map(({ grant: _, group, ...lease }) => ({
    ...lease,
    ...(group && { groupId: group.id }),
  })),
});

/** Builds the state back. Chunks come in the order they were encoded. */
export async function decodeCheckpoint(chunks: AsyncIterable<unknown> | Iterable<unknown>): Promise<State> {
  const state = createState();
  let isReferenced = false;
  for await (const chunk of chunks as AsyncIterable<StateChunk>) {
    if (!isReferenced && chunk.kind !== "head" && chunk.kind !== "batches") {
      // From here on come the messages, each of which keeps its body alive.
      state.batches.releaseAll();
      isReferenced = true;
    }
    decodeChunk(state, chunk);
  }
  if (!isReferenced) state.batches.releaseAll();
  for (const bodySeq of state.quarantined) state.batches.retain(bodySeq, 1);
  state.batches.sweep();
  for (const queue of state.queues.values()) touch(state, queue);
  return state;
}

function decodeChunk(state: State, chunk: StateChunk): void {
  switch (chunk.kind) {
    case "head":
      return decodeHead(state, chunk);
    case "batches": {
      const seqs = new Map(chunk.seqs);
      chunk.firstSeq.forEach((firstSeq, i) => {
        const gaps = seqs.get(i);
        const { count, bytes } = chunk;
        state.batches.add({
          firstSeq,
          count: count[i] as number,
          bytes: bytes[i] as number,
          ...(gaps && { seqs: gaps }),
        });
      });
      return;
    }
    case "queue": {
      const queue = createQueueState(chunk.name);
      queue.settings = { ...queue.settings, ...chunk.settings };
      queue.pausedByUser = chunk.pausedByUser;
      Object.assign(queue.counters, chunk.counters);
      queue.deadLeft = chunk.deadLeft?.map((left) => ({ ...left }));
      queue.nextDeadPlace = chunk.nextDeadPlace ?? 1;
      queue.fullAt = chunk.fullAt ?? 0;
      if (chunk.groupsFullAt) queue.groupsFullAt = new Map(chunk.groupsFullAt);
      for (const [id, seqs] of chunk.deadHeads ?? []) groupOf(queue, id).dead = [...seqs];
      state.queues.set(chunk.name, queue);
      return;
    }
    case "runs":
      return decodeRuns(state, chunk);
    case "ids": {
      const { deduplication } = queueOf(state, chunk.queue);
      chunk.ids.forEach((id, i) => {
        const role = chunk.role[i] as number;
        const entry = { seq: chunk.seq[i] as number, at: chunk.at[i] as number, waits: role !== ROLE.owner };
        note(deduplication, id, entry, role !== ROLE.first);
      });
      return;
    }
    case "replaced": {
      const { deduplication } = queueOf(state, chunk.queue);
      chunk.seq.forEach((seq, i) => {
        const bodySeq = chunk.bodySeq[i] as number;
        noteBody(deduplication, seq, bodySeq);
        state.batches.retain(bodySeq, 1);
      });
      return;
    }
    case "dead": {
      const queue = queueOf(state, chunk.queue);
      for (const dead of chunk.dead) {
        // An earlier build counted no bytes, numbered no places, and did not say what was handed out.
        const { place = queue.nextDeadPlace } = dead;
        const { size = 0, redelivered = dead.reason !== REASON_OVERFLOW } = dead;
        queue.dead = ownMap(queue.dead).set(dead.seq, { ...dead, size, redelivered, place });
        queue.nextDeadPlace = Math.max(queue.nextDeadPlace, place + 1);
        state.batches.retain(dead.bodySeq, 1);
      }
      return;
    }
    case "schedules": {
      const queue = queueOf(state, chunk.queue);
      for (const schedule of chunk.schedules) {
        queue.schedules = ownMap(queue.schedules).set(schedule.id, { ...schedule });
        state.batches.retain(schedule.bodySeq, 1);
      }
      return;
    }
    case "grants":
      for (const grant of chunk.grants) decodeGrant(state, grant);
      return;
  }
}

function decodeHead(state: State, head: HeadChunk): void {
  state.lsn = head.lsn;
  state.epoch = head.epoch;
  state.nextSeq = head.nextSeq;
  state.now = head.now;
  state.quarantined.push(...seqsOf(head.quarantined));
  state.terms.push(...head.terms);
  for (const [topic, subscriptions] of head.topics ?? []) state.topics.set(topic, new Map(subscriptions));
  for (const { id, seenAt, confirmed, outcomes } of head.clients) {
    const client = createClientState(id);
    client.seenAt = seenAt;
    client.confirmed = confirmed;
    for (const [number, outcome] of outcomes) client.outcomes.set(number, outcome);
    state.clients.set(id, client);
  }
}

function decodeRuns(state: State, chunk: RunsChunk): void {
  const queue = queueOf(state, chunk.queue);
  const { groups } = chunk;
  const failures = new Map(chunk.failures);
  chunk.seq.forEach((seq, i) => {
    const place = chunk.place[i] as number;
    const run: Run = {
      seq,
      bodySeq: chunk.bodySeq[i] as number,
      count: chunk.count[i] as number,
      priority: chunk.priority[i] as number,
      attempts: chunk.attempts[i] as number,
      sentAt: chunk.sentAt[i] as number,
      readyAt: chunk.readyAt[i] as number,
      isInstant: (place & INSTANT_BIT) !== 0 || undefined,
      redelivered: chunk.v >= 2 ? (place & REDELIVERED_BIT) !== 0 : mayBeRedelivered(chunk, i),
      untokenedAt: definedOf(chunk.untokenedAt?.[i]),
      suspect: (place & SUSPECT_BIT) !== 0,
      expiresAt: chunk.expiresAt?.[i] || undefined,
      failure: failures.get(i),
      group: groups?.[i] ? groupOf(queue, groups[i]) : undefined,
      size: chunk.size?.[i] ?? 0,
    };
    state.batches.retain(run.bodySeq, run.count);
    insertRun(queue, run, place & PLACE_BITS);
  });
}

/** An earlier build did not say: all but what waits as it was sent may have been handed out. */
function mayBeRedelivered({ attempts, place, readyAt, sentAt }: RunsChunk, i: number): boolean {
  const bits = place[i] as number;
  const isBack = attempts[i] !== 0 || (bits & SUSPECT_BIT) !== 0 || (bits & PLACE_BITS) === PLACE.front;
  return isBack || readyAt[i] !== sentAt[i];
}

const definedOf = (time = Number.NaN): number | undefined => (Number.isNaN(time) ? undefined : time);

function insertRun(queue: QueueState, run: Run, place: number): void {
  queue.bytes += run.count * run.size;
  const { group } = run;
  if (group && place === PLACE.blocked) return block(queue, group, run);
  if (group) group.hasHead = true;
  if (place === PLACE.delayed) {
    queue.delayedCount += run.count;
    if (run.expiresAt !== undefined) run.isDelayed = true;
    queue.delayed.push(run);
    queue.expiries.add(run);
    return;
  }
  queue.readyCount += run.count;
  if (place === PLACE.suspects) queue.suspects.insert(run);
  else if (place === PLACE.front) ownLane(queue, run.priority).front.insert(run);
  else ownLane(queue, run.priority).tail.append(run);
  queue.expiries.add(run);
}

function decodeGrant(state: State, stored: StoredGrant): void {
  const queue = queueOf(state, stored.queue);
  const client = state.clients.get(stored.client);
  assert(client, `client ${stored.client} is known while it holds leases`);
  const grant: Grant = { ...stored, leases: new Map() };
  for (const { groupId, ...fields } of stored.leases) {
    const group = groupId === undefined ? undefined : groupOf(queue, groupId);
    if (group) group.hasHead = true;
    const { size = 0, redelivered = fields.attempts > 1 || fields.suspect || fields.readyAt !== fields.sentAt } =
      fields;
    const lease: Lease = { ...fields, size, redelivered, group, grant };
    queue.bytes += lease.size;
    grant.leases.set(lease.seq, lease);
    queue.leased = ownMap(queue.leased).set(lease.seq, lease);
    state.batches.retain(lease.bodySeq, 1);
    if (lease.suspect) client.suspectsHeld++;
  }
  state.leaseEnds.addAll(grant);
  client.held += grant.leases.size;
  for (const { size } of grant.leases.values()) client.bytesHeld += size;
  client.heldByQueue.set(queue.name, (client.heldByQueue.get(queue.name) ?? 0) + grant.leases.size);
  client.grants.add(grant);
  state.grants.set(grant.id, grant);
}

function queueOf(state: State, name: string): QueueState {
  const queue = state.queues.get(name);
  assert(queue, `the checkpoint names queue ${name} before its messages`);
  return queue;
}
