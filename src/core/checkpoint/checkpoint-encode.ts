// The snapshot that lets old journal be deleted: the whole state as pieces of bounded size, runs in typed columns.
// Invariant: `decodeCheckpoint` of what `encodeCheckpoint` gave is the same state.

import { bodiesOfSchedules } from "../commands/schedules.js";
import type { Term } from "../log/ids.js";
import type { Failure, Ranges, Seq } from "../log/journal.js";
import { rangesOf } from "../log/ranges.js";
import { CHUNK_ENTRIES_MAX, CHUNK_TEXT_MAX } from "../spec/limits.js";
import { DEFAULT_SETTINGS, type QueueSettings } from "../spec/settings.js";
import type { Batch } from "../state/batch-index.js";
import type { DeadMessage } from "../state/dead.js";
import type { OpenHandOut } from "../state/lease.js";
import type { Remembered } from "../state/remembered.js";
import { type Run, singly } from "../state/run.js";
import type { Counters, QueueState, State } from "../state/state.js";
import { blockedRuns, delayedRuns, waitingRuns } from "../state/waiting.js";
import {
  type BatchesChunk,
  CHECKPOINT_VERSION,
  type HeadChunk,
  type IdsChunk,
  INSTANT_BIT,
  PLACE,
  type QueueEntry,
  type QueuesChunk,
  REDELIVERED_BIT,
  ROLE,
  type RunsChunk,
  type StateChunk,
  type StoredGrant,
  SUSPECT_BIT,
} from "./checkpoint-format.js";

const v = CHECKPOINT_VERSION;

/** A queue takes as long as so many messages. */
const QUEUE_ENTRIES = 4;
/** So much text takes the room of a message. */
const ENTRY_TEXT = CHUNK_TEXT_MAX / CHUNK_ENTRIES_MAX;

/** Something that a queue has, and the number of the queue. */
interface Of<T> {
  readonly at: number;
  readonly queue: QueueState;
  readonly item: T;
}

/** The state must not change until the last piece was taken. Of more than `entriesMax` entries is a piece with one thing in it. */
export function* encodeCheckpoint(state: State, entriesMax = CHUNK_ENTRIES_MAX): Generator<StateChunk> {
  const pieces = <T>(items: Iterable<T>, entriesOf?: (item: T) => number) => slices(items, entriesMax, entriesOf);
  const ofQueues = <T>(itemsOf: (queue: QueueState) => Iterable<T>, entriesOf?: (of: Of<T>) => number) =>
    pieces(ofAll(state, itemsOf), entriesOf);
  yield encodeHead(state);
  for (const batches of pieces(state.batches.all())) yield encodeBatches(batches);
  for (const queues of pieces(state.queues.values(), entriesOfQueue)) yield encodeQueues(queues);
  for (const places of ofQueues(keptPlaces)) {
    const groups = places.map(({ item }) => item.groupId);
    const seq = Float64Array.from(places, ({ item }) => item.seq);
    yield { v, kind: "places", queue: numbersOf(places), groups, seq };
  }
  for (const buckets of ofQueues(({ groupsFullAt }) => groupsFullAt)) {
    const groups = buckets.map(({ item: [groupId] }) => groupId);
    const fullAt = Float64Array.from(buckets, ({ item: [, fullAt] }) => fullAt);
    yield { v, kind: "buckets", queue: numbersOf(buckets), groups, fullAt };
  }
  for (const placed of ofQueues(placedRuns, ({ item }) => entriesOf(item.run))) yield encodeRuns(placed);
  for (const ids of ofQueues(({ deduplication }) => deduplication.byId)) yield encodeIds(ids);
  for (const bodies of ofQueues(({ deduplication }) => deduplication.replacedBodies)) {
    const seq = Float64Array.from(bodies, ({ item: [replaced] }) => replaced);
    const bodySeq = Float64Array.from(bodies, ({ item: [, body] }) => body);
    yield { v, kind: "replaced", queue: numbersOf(bodies), seq, bodySeq };
  }
  for (const schedules of ofQueues((queue) => queue.schedules.values())) {
    const queue = numbersOf(schedules);
    yield { v, kind: "schedules", queue, schedules: schedules.map(({ item }) => ({ ...item })) };
  }
  const entriesOfDead = ({ item }: Of<DeadMessage>) => entriesOf(item, item.reason);
  for (const dead of ofQueues((queue) => queue.dead.values(), entriesOfDead)) {
    yield { v, kind: "dead", queue: numbersOf(dead), dead: dead.map(({ item }) => item) };
  }
  for (const grants of pieces(state.grants.values(), entriesOfGrant)) {
    yield { v, kind: "grants", grants: grants.map(encodeGrant) };
  }
}

/** How much of the state there is to encode: what it takes follows this. */
export function countEntries({ batches, queues }: State): number {
  let entries = batches.size + queues.size;
  for (const { lanes, suspects, delayed, groups, deduplication, dead, leased } of queues.values()) {
    entries += suspects.runs + delayed.size + groups.size + deduplication.byId.size + dead.size + leased.size;
    for (const { front, tail } of lanes) entries += front.runs + tail.runs;
  }
  return entries;
}

/** One, and what its texts take beside it. */
function entriesOf({ failure }: { readonly failure?: Failure | undefined }, reason = ""): number {
  const { name = "", message = "" } = failure ?? {};
  return 1 + Math.floor((reason.length + name.length + message.length) / ENTRY_TEXT);
}

const entriesOfGrant = ({ leases }: OpenHandOut): number =>
  [...leases.values()].reduce((sum, lease) => sum + entriesOf(lease), 1);

/** Parts of at most so many entries, or of one item. */
function* slices<T>(items: Iterable<T>, entriesMax: number, entriesOf?: (item: T) => number): Generator<readonly T[]> {
  let slice: T[] = [];
  let entries = 0;
  for (const item of items) {
    const more = entriesOf === undefined ? 1 : entriesOf(item);
    if (slice.length > 0 && entries + more > entriesMax) {
      yield slice;
      slice = [];
      entries = 0;
    }
    slice.push(item);
    entries += more;
  }
  if (slice.length > 0) yield slice;
}

function* ofAll<T>({ queues }: State, itemsOf: (queue: QueueState) => Iterable<T>): Generator<Of<T>> {
  let at = 0;
  for (const queue of queues.values()) {
    for (const item of itemsOf(queue)) yield { at, queue, item };
    at++;
  }
}

const numbersOf = (items: readonly Of<unknown>[]): Uint32Array => Uint32Array.from(items, ({ at }) => at);

function encodeHead(state: State): HeadChunk {
  const clients = [...state.clients.values()].map(({ id, seenAt, confirmed, outcomes }) => ({
    id,
    seenAt,
    confirmed,
    outcomes: [...outcomes],
  }));
  const { lsn, epoch, nextSeq, now, firstTerm } = state;
  const numbers = { lsn, epoch, nextSeq, now, ...(firstTerm !== undefined && { firstTerm }) };
  const quarantined = rangesOf(state.quarantined);
  const topics = [...state.topics].map(([topic, subscriptions]) => [topic, [...subscriptions]] as const);
  return { v, kind: "head", ...numbers, quarantined, terms: usedTerms(state), topics, clients };
}

/** Terms of which a message can still exist: those before the first stored body are history. */
function usedTerms(state: State): Term[] {
  // Usually there is one, and the messages need not be looked through.
  if (state.terms.length < 2) return [...state.terms];
  const oldest = oldestSeq(state);
  return state.terms.filter((_, i) => (state.terms[i + 1]?.firstSeq ?? Number.POSITIVE_INFINITY) > oldest);
}

/**
 * A message is older than its body's batch only if its body was replaced; one of a remembered id may be gone. A
 * schedule's body lasts for ever.
 */
function oldestSeq(state: State): Seq {
  const others = bodiesOfSchedules(state);
  const isOfMessages = (batch: Batch) => state.batches.liveSeqs(batch).some((seq) => !others.has(seq));
  let oldest = state.batches.all().find(isOfMessages)?.firstSeq ?? state.nextSeq;
  for (const queue of state.queues.values()) {
    for (const { seq } of queue.deduplication.byId.values()) {
      oldest = Math.min(oldest, seq);
      break;
    }
    for (const { seq, bodySeq } of messagesOf(queue)) if (seq < bodySeq) oldest = Math.min(oldest, seq);
  }
  return oldest;
}

function* messagesOf(queue: QueueState): Generator<{ readonly seq: Seq; readonly bodySeq: Seq }> {
  yield* waitingRuns(queue);
  yield* queue.leased.values();
  yield* queue.dead.values();
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

const entriesOfQueue = ({ deadLeft }: QueueState): number => QUEUE_ENTRIES + (deadLeft?.length ?? 0);

function encodeQueues(queues: readonly QueueState[]): QueuesChunk {
  const counters: { [Name in keyof Counters]?: Float64Array } = {};
  queues.forEach((queue, i) => {
    for (const name in queue.counters) {
      const count = queue.counters[name as keyof Counters];
      if (count === 0) continue;
      counters[name as keyof Counters] ??= new Float64Array(queues.length);
      (counters[name as keyof Counters] as Float64Array)[i] = count;
    }
  });
  return { v, kind: "queues", settings: DEFAULT_SETTINGS, queues: queues.map(encodeQueue), counters };
}

function encodeQueue({ name, settings, pausedByUser, deadLeft, nextDeadPlace, fullAt }: QueueState): QueueEntry {
  const own = ownSettings(settings);
  return {
    name,
    ...(own && { settings: own }),
    ...(pausedByUser && { pausedByUser }),
    ...(deadLeft && { deadLeft: deadLeft.map((left) => ({ ...left })) }),
    ...(nextDeadPlace > 1 && { nextDeadPlace }),
    ...(fullAt > 0 && { fullAt }),
  };
}

/** Those that are not as they are by default. */
function ownSettings(settings: QueueSettings): Partial<QueueSettings> | undefined {
  const isOwn = ([name, value]: [string, unknown]) => !isSame(value, DEFAULT_SETTINGS[name as keyof QueueSettings]);
  const own = settings === DEFAULT_SETTINGS ? [] : Object.entries(settings).filter(isOwn);
  return own.length > 0 ? Object.fromEntries(own) : undefined;
}

const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));

function* keptPlaces({ groups }: QueueState): Generator<{ readonly groupId: string; readonly seq: Seq }> {
  for (const { id: groupId, dead = [] } of groups.values()) for (const seq of dead) yield { groupId, seq };
}

interface Placed {
  readonly place: number;
  readonly run: Run;
}

/** Looks only where something is: nearly all of many queues have nothing, or have it in one place. */
function* placedRuns(queue: QueueState): Generator<Placed> {
  if (queue.readyCount > 0) yield* placedReady(queue);
  if (queue.delayedCount > 0) for (const run of delayedRuns(queue)) yield { place: PLACE.delayed, run };
  if (queue.blockedCount > 0) for (const run of blockedRuns(queue)) yield { place: PLACE.blocked, run };
}

function* placedReady({ suspects, lanes }: QueueState): Generator<Placed> {
  for (const run of suspects) yield { place: PLACE.suspects, run };
  for (const { front, tail } of lanes) {
    if (front.runs > 0) for (const run of front) yield { place: PLACE.front, run };
    if (tail.runs > 0) for (const runs of tail) for (const run of singly(runs)) yield { place: PLACE.tail, run };
  }
}

/** One pass into columns of a known length: an encoding of many runs must not hold up the host. */
function encodeRuns(placed: readonly Of<Placed>[]): RunsChunk {
  const { length } = placed;
  const failures: [index: number, failure: Failure][] = [];
  const columns = {
    queue: new Uint32Array(length),
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
  placed.forEach(({ at, item: { place, run } }, i) => {
    columns.queue[i] = at;
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
  return { v, kind: "runs", ...columns, failures, ...rareColumns(placed) };
}

/** Columns that are missing where they would say nothing. */
function rareColumns(placed: readonly Of<Placed>[]): Pick<RunsChunk, "expiresAt" | "untokenedAt" | "groups"> {
  const has = (isOne: (run: Run) => unknown) => placed.some(({ item }) => isOne(item.run));
  const column = (numberOf: (run: Run) => number) => Float64Array.from(placed, ({ item }) => numberOf(item.run));
  return {
    ...(has(({ expiresAt }) => expiresAt !== undefined) && { expiresAt: column(({ expiresAt = 0 }) => expiresAt) }),
    ...(has(({ untokenedAt }) => untokenedAt !== undefined) && {
      untokenedAt: column(({ untokenedAt = Number.NaN }) => untokenedAt),
    }),
    ...(has(({ group }) => group) && { groups: placed.map(({ item }) => item.run.group?.id ?? "") }),
  };
}

const encodeIds = (entries: readonly Of<readonly [id: string, of: Remembered]>[]): IdsChunk => ({
  v,
  kind: "ids",
  queue: numbersOf(entries),
  ids: entries.map(({ item: [id] }) => id),
  seq: Float64Array.from(entries, ({ item: [, { seq }] }) => seq),
  at: Float64Array.from(entries, ({ item: [, { at }] }) => at),
  role: Uint8Array.from(entries, ({ queue, item: [, { seq, waits }] }) => {
    if (!queue.deduplication.owners.has(seq)) return ROLE.first;
    return waits ? ROLE.waitingOwner : ROLE.owner;
  }),
});

const encodeGrant = ({ id, client, queue, mode, until, leases }: OpenHandOut): StoredGrant => ({
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
