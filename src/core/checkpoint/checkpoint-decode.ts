// A checkpoint back into the state that it was taken of.
// Invariant: pieces of earlier builds, which had one queue each, give the same state as they gave to those.

import { touch } from "../commands/due.js";
import { REASON_OVERFLOW } from "../commands/overflow.js";
import { countOf, STRETCH_MAX, seqsOf } from "../log/ranges.js";
import { assert } from "../spec/errors.js";
import { hasTiming } from "../spec/schedule-spec.js";
import { block, groupOf } from "../state/groups.js";
import type { Lease, OpenHandOut } from "../state/lease.js";
import { ownMap } from "../state/nothing.js";
import { note, noteBody } from "../state/remembered.js";
import type { Run } from "../state/run.js";
import {
  assertNumbered,
  type Counters,
  createClientState,
  createQueueState,
  createState,
  ownLane,
  type QueueState,
  type State,
} from "../state/state.js";
import { ofToday } from "./checkpoint-earlier.js";
import {
  type BatchesChunk,
  type DeadChunk,
  type HeadChunk,
  type IdsChunk,
  INSTANT_BIT,
  PLACE,
  PLACE_BITS,
  type QueuesChunk,
  REDELIVERED_BIT,
  ROLE,
  type RunsChunk,
  type StateChunk,
  type StoredGrant,
  SUSPECT_BIT,
} from "./checkpoint-format.js";
import { isWrittenPiece } from "./checkpoint-written.js";

/** What was built so far. */
interface Decoded {
  readonly state: State;
  /** By their numbers. */
  readonly queues: QueueState[];
}

/** Builds the state back. Chunks come in the order they were encoded. */
export async function decodeCheckpoint(chunks: AsyncIterable<unknown> | Iterable<unknown>): Promise<State> {
  const state = createState();
  const decoded: Decoded = { state, queues: [] };
  let isReferenced = false;
  for await (const chunk of chunks as AsyncIterable<StateChunk>) {
    if (!isReferenced && chunk.kind !== "head" && chunk.kind !== "batches") {
      // From here on come the messages, each of which keeps its body alive.
      state.batches.releaseAll();
      isReferenced = true;
    }
    for (const part of ofToday(chunk, decoded.queues.length)) decodeChunk(decoded, part);
  }
  if (!isReferenced) state.batches.releaseAll();
  for (const bodySeq of state.quarantined) state.batches.retain(bodySeq, 1);
  state.batches.sweep();
  for (const queue of decoded.queues) touch(state, queue);
  assertNumbered(state);
  return state;
}

function decodeChunk(decoded: Decoded, chunk: StateChunk): void {
  const { state } = decoded;
  assert(isWrittenPiece(chunk), "a piece of a checkpoint has its numbers");
  switch (chunk.kind) {
    case "head":
      return decodeHead(state, chunk);
    case "batches":
      return decodeBatches(state, chunk);
    case "queues":
      return decodeQueues(decoded, chunk);
    case "places":
      return chunk.seq.forEach((seq, i) => {
        const group = groupOf(queueOf(decoded, chunk, i), chunk.groups[i] as string);
        group.dead ??= [];
        group.dead.push(seq);
      });
    case "buckets":
      return chunk.fullAt.forEach((fullAt, i) => {
        const queue = queueOf(decoded, chunk, i);
        queue.groupsFullAt = ownMap(queue.groupsFullAt).set(chunk.groups[i] as string, fullAt);
      });
    case "runs":
      return decodeRuns(decoded, chunk);
    case "ids":
      return decodeIds(decoded, chunk);
    case "replaced":
      return chunk.seq.forEach((seq, i) => {
        const bodySeq = chunk.bodySeq[i] as number;
        noteBody(queueOf(decoded, chunk, i).deduplication, seq, bodySeq);
        state.batches.retain(bodySeq, 1);
      });
    case "schedules":
      return chunk.schedules.forEach((schedule, i) => {
        const queue = queueOf(decoded, chunk, i);
        assert(hasTiming(schedule.spec), `schedule ${schedule.id} says when it ticks`);
        queue.schedules = ownMap(queue.schedules).set(schedule.id, { ...schedule });
        state.batches.retain(schedule.bodySeq, 1);
      });
    case "dead":
      return decodeDead(decoded, chunk);
    case "grants":
      for (const grant of chunk.grants) decodeGrant(state, grant);
      return;
  }
}

function decodeHead(state: State, head: HeadChunk): void {
  const { lsn, epoch, nextSeq, now } = head;
  assert([lsn, epoch, nextSeq, now].every(Number.isFinite), "the head of a checkpoint has its numbers");
  assert(countOf(head.quarantined) <= STRETCH_MAX, "what cannot be read is named one by one");
  state.lsn = head.lsn;
  state.epoch = head.epoch;
  state.nextSeq = head.nextSeq;
  state.now = head.now;
  for (const seq of seqsOf(head.quarantined, STRETCH_MAX)) state.quarantined.push(seq);
  state.terms.push(...head.terms);
  state.firstTerm = head.firstTerm ?? head.terms[0]?.term;
  for (const [topic, subscriptions] of head.topics ?? []) state.topics.set(topic, new Map(subscriptions));
  for (const { id, seenAt, confirmed, outcomes } of head.clients) {
    const client = createClientState(id);
    client.seenAt = seenAt;
    client.confirmed = confirmed;
    for (const [number, outcome] of outcomes) client.outcomes.set(number, outcome);
    state.clients.set(id, client);
  }
}

function decodeBatches(state: State, { firstSeq, count, bytes, seqs }: BatchesChunk): void {
  const gaps = new Map(seqs);
  firstSeq.forEach((first, i) => {
    const seqs = gaps.get(i);
    state.batches.add({
      firstSeq: first,
      count: count[i] as number,
      bytes: bytes[i] as number,
      ...(seqs && { seqs }),
    });
  });
}

function decodeQueues({ state, queues }: Decoded, chunk: QueuesChunk): void {
  const counters = Object.entries(chunk.counters) as [keyof Counters, Float64Array][];
  // One object for all that are set as usual.
  const settings = { ...createQueueState("").settings, ...chunk.settings };
  chunk.queues.forEach((entry, i) => {
    const queue = createQueueState(entry.name);
    queue.settings = entry.settings ? { ...settings, ...entry.settings } : settings;
    queue.pausedByUser = entry.pausedByUser ?? false;
    for (const [name, column] of counters) queue.counters[name] = column[i] as number;
    queue.deadLeft = entry.deadLeft?.map((left) => ({ ...left }));
    queue.nextDeadPlace = entry.nextDeadPlace ?? 1;
    queue.fullAt = entry.fullAt ?? 0;
    state.queues.set(entry.name, queue);
    queues.push(queue);
  });
}

function decodeIds(decoded: Decoded, chunk: IdsChunk): void {
  chunk.ids.forEach((id, i) => {
    const role = chunk.role[i] as number;
    const entry = { seq: chunk.seq[i] as number, at: chunk.at[i] as number, waits: role !== ROLE.owner };
    note(queueOf(decoded, chunk, i).deduplication, id, entry, role !== ROLE.first);
  });
}

function decodeDead(decoded: Decoded, chunk: DeadChunk): void {
  chunk.dead.forEach((dead, i) => {
    const queue = queueOf(decoded, chunk, i);
    // An earlier build counted no bytes, numbered no places, and did not say what was handed out.
    const { place = queue.nextDeadPlace } = dead;
    const { size = 0, redelivered = dead.reason !== REASON_OVERFLOW } = dead;
    queue.dead = ownMap(queue.dead).set(dead.seq, { ...dead, size, redelivered, place });
    queue.nextDeadPlace = Math.max(queue.nextDeadPlace, place + 1);
    decoded.state.batches.retain(dead.bodySeq, 1);
  });
}

function decodeRuns(decoded: Decoded, chunk: RunsChunk): void {
  const { groups } = chunk;
  const failures = new Map(chunk.failures);
  chunk.seq.forEach((seq, i) => {
    const queue = queueOf(decoded, chunk, i);
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
      redelivered: (place & REDELIVERED_BIT) !== 0,
      untokenedAt: definedOf(chunk.untokenedAt?.[i]),
      suspect: (place & SUSPECT_BIT) !== 0,
      expiresAt: chunk.expiresAt?.[i] || undefined,
      failure: failures.get(i),
      group: groups?.[i] ? groupOf(queue, groups[i]) : undefined,
      size: chunk.size?.[i] ?? 0,
    };
    decoded.state.batches.retain(run.bodySeq, run.count);
    insertRun(queue, run, place & PLACE_BITS);
  });
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
  const queue = state.queues.get(stored.queue);
  assert(queue, `the checkpoint names queue ${stored.queue} before what is leased of it`);
  const client = state.clients.get(stored.client);
  assert(client, `client ${stored.client} is known while it holds leases`);
  const grant: OpenHandOut = { ...stored, leases: new Map() };
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

function queueOf({ queues }: Decoded, chunk: { readonly queue: Uint32Array }, i: number): QueueState {
  const queue = queues[chunk.queue[i] as number];
  assert(queue, "the checkpoint names a queue before what it has");
  return queue;
}
