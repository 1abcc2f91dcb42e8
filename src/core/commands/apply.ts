// Applies what was decided to the working state. Total: a change that is in the journal can always be applied.
// Invariant: no decision is taken here; the same changes give the same state on any machine.

import type { Change, JournalRecord, Ranges, Seq } from "../log/journal.js";
import { countOf, forEachRange, forEachSeq } from "../log/ranges.js";
import { assert } from "../spec/errors.js";
import type { Instant, Span } from "../spec/time.js";
import { addDead, takeDead } from "../state/dead.js";
import { forgetOld, remember, replaceBody } from "../state/deduplication.js";
import {
  acceptGrouped,
  freePlace,
  groupOf,
  joinAgain,
  keepPlace,
  leave,
  putBack,
  skipDead,
  waitForTokens,
} from "../state/groups.js";
import type { Grant, Lease } from "../state/lease.js";
import { ownMap } from "../state/nothing.js";
import { rebase, setRateBack, spend, spendOfGroup } from "../state/rate.js";
import type { Group, Run } from "../state/run.js";
import { type ClientState, createClientState, createQueueState, type QueueState, type State } from "../state/state.js";
import { addBack, addReady, blockedRuns, takeOut, waitingRuns } from "../state/waiting.js";
import { dueQueues, forgetfulQueues, touch } from "./due.js";
import { applyExpired } from "./expire.js";
import { REASON_OVERFLOW } from "./overflow.js";
import { applyPurged } from "./purge.js";
import { applySchedule, setSchedulesBack } from "./schedules.js";
import { applySubscription } from "./topics.js";

/** Replays one record. */
export function applyRecord(state: State, record: JournalRecord): void {
  advance(state, record.at);
  state.epoch = record.epoch;
  for (const change of record.changes) apply(state, change, record.at);
  state.lsn = record.lsn;
}

/** Moves what is due by `now` to the ready messages. Changes nothing that is stored: being due follows from the time. */
export function advance(state: State, now: Instant): void {
  state.now = Math.max(state.now, now);
  for (const queue of dueQueues(state, now)) {
    for (let run = queue.delayed.peek(); run !== undefined && run.readyAt <= now; run = queue.delayed.peek()) {
      queue.delayed.pop();
      queue.delayedCount -= run.count;
      if (run.isDelayed) run.isDelayed = false;
      run.untokenedAt = undefined;
      addReady(queue, run, "tail");
    }
    // Also where nothing came of it: what is due now and can do nothing waits for a change.
    state.agenda.touch(queue);
  }
  for (const queue of forgetfulQueues(state, now)) {
    forgetOld(queue, now);
    state.forgetting.touch(queue);
  }
}

export function apply(state: State, change: Change, at: Instant): void {
  if (change.type === "deleted") return deleteQueue(state, change.queue);
  applyTo(state, change, at);
  const queue = "queue" in change ? state.queues.get(change.queue) : undefined;
  if (queue) touch(state, queue);
}

function deleteQueue(state: State, name: string): void {
  const queue = state.queues.get(name);
  if (queue === undefined) return;
  state.queues.delete(name);
  state.agenda.remove(queue);
  state.forgetting.remove(queue);
}

function applyTo(state: State, change: Exclude<Change, { type: "deleted" }>, at: Instant): void {
  switch (change.type) {
    case "took-over":
      state.terms.push({ firstSeq: state.nextSeq, term: change.term });
      return;
    case "configured": {
      const queue = queueOf(state, change.queue);
      const before = queue.settings;
      queue.settings = { ...before, ...change.settings };
      if (change.isRebased) {
        rebase(queue, before, at);
        waitForTokens(queue, at);
      }
      if (change.settings.onGroupFailure === "skip") skipDead(queue, at);
      return;
    }
    case "stored":
      state.batches.add(change);
      return;
    case "accepted":
      return accept(state, change, at);
    case "replaced":
      return replaceBody(state, queueOf(state, change.queue), change);
    case "subscribed":
    case "unsubscribed":
    case "released":
      return applySubscription(state, change);
    case "overflowed":
      return overflow(state, change, at);
    case "dropped":
      return drop(state, queueOf(state, change.queue), change.seqs, at);
    case "scheduled":
    case "unscheduled":
    case "ticked":
      return applySchedule(state, queueOf(state, change.queue), change);
    case "leased":
      return lease(state, change, at);
    case "renewed":
      return renew(state, change);
    case "acked": {
      const queue = queueOf(state, change.queue);
      forEachSeq(change.seqs, (seq) => {
        const ended = endLease(state, queue, seq);
        queue.counters.acked++;
        queue.bytes -= ended.size;
        queue.counters.servedMs += Math.max(0, at - ended.leasedAt);
        state.batches.release(ended.bodySeq, 1);
        if (ended.group) leave(queue, ended.group, at);
      });
      return;
    }
    case "retried": {
      const queue = queueOf(state, change.queue);
      const ended = endLease(state, queue, change.seq);
      queue.counters.retried++;
      const failure = change.failure ?? ended.failure;
      putBack(queue, runOf(ended, { readyAt: change.dueAt, redelivered: true, failure }), at, "tail");
      return;
    }
    case "returned":
      return giveBack(state, change, at);
    case "dead":
      return bury(state, change, at);
    case "expired":
      return applyExpired(state, queueOf(state, change.queue), change.seqs, at);
    case "redriven": {
      const queue = queueOf(state, change.queue);
      forEachSeq(change.seqs, (seq) => {
        const dead = takeDead(queue, seq);
        assert(dead, `dead letter ${seq} is there to be redriven`);
        queue.counters.redriven++;
        queue.bytes += dead.size;
        const group = dead.groupId === undefined ? undefined : groupOf(queue, dead.groupId);
        joinAgain(
          queue,
          runOf({ ...dead, group }, { attempts: 0, readyAt: at, failure: undefined, redelivered: dead.redelivered }),
          at,
        );
      });
      return;
    }
    case "purged":
      return applyPurged(state, queueOf(state, change.queue), change.only, at);
    case "dead-purged": {
      const queue = queueOf(state, change.queue);
      forEachSeq(change.seqs, (seq) => {
        const dead = takeDead(queue, seq);
        assert(dead, `dead letter ${seq} is there to be purged`);
        queue.counters.purged++;
        state.batches.release(dead.bodySeq, 1);
        if (dead.groupId !== undefined) freePlace(queue, groupOf(queue, dead.groupId), seq, at);
      });
      return;
    }
    case "paused":
      queueOf(state, change.queue).pausedByUser = change.paused;
      return;
    case "rewritten":
      state.batches.replace(change.removed, change.added);
      return;
    case "answered": {
      const client = clientOf(state, change.client, at);
      client.outcomes.set(change.number, change.outcome);
      client.confirmed = Math.max(client.confirmed, change.confirmed);
      // Numbers rise, so the confirmed ones stand first.
      for (const number of client.outcomes.keys()) {
        if (number > client.confirmed) break;
        client.outcomes.delete(number);
      }
      return;
    }
    case "client-forgotten":
      state.clients.delete(change.client);
      return;
    case "quarantined": {
      const queue = queueOf(state, change.queue);
      forEachSeq(change.seqs, (seq) => {
        const ended = endLease(state, queue, seq);
        state.quarantined.push(ended.bodySeq);
        queue.bytes -= ended.size;
        if (ended.group) leave(queue, ended.group, at);
      });
      queue.counters.quarantined += countOf(change.seqs);
      return;
    }
    case "clock-set-back":
      return setBack(state, change.byMs, at);
  }
}

type Of<Type extends Change["type"]> = Extract<Change, { type: Type }>;

/** The queue of that name, new if there is none. */
function queueOf(state: State, name: string): QueueState {
  let queue = state.queues.get(name);
  if (queue === undefined) {
    queue = createQueueState(name);
    state.queues.set(name, queue);
  }
  return queue;
}

function clientOf(state: State, id: string, at: Instant): ClientState {
  let client = state.clients.get(id);
  if (client === undefined) {
    client = createClientState(id);
    state.clients.set(id, client);
  }
  client.seenAt = at;
  return client;
}

function accept(state: State, change: Of<"accepted">, at: Instant): void {
  const queue = queueOf(state, change.queue);
  const { seq, bodySeq, count, priorities, dueAts, isInstant, expiresAt, groups, size = 0 } = change;
  queue.counters.accepted += count;
  queue.bytes += count * size;
  state.nextSeq = Math.max(state.nextSeq, seq + count);
  if (change.isShared) state.batches.retain(bodySeq, count);
  for (let start = 0, end = 0; start < count; start = end) {
    const priority = priorities?.[start] ?? change.priority;
    const dueAt = dueAts?.[start] ?? change.dueAt;
    end = priorities || dueAts ? start + 1 : count;
    while (end < count && (!priorities || priorities[end] === priority) && (!dueAts || dueAts[end] === dueAt)) end++;
    const run = runOf(
      {
        seq: seq + start,
        bodySeq: bodySeq + start,
        priority,
        attempts: 0,
        sentAt: at,
        expiresAt,
        group: undefined,
        size,
      },
      { count: end - start, readyAt: dueAt === undefined ? at : Math.max(dueAt, at), isInstant },
    );
    if (groups === undefined) addBack(queue, run, at, "tail");
    else acceptGrouped(queue, run, typeof groups === "string" ? groups : groups.slice(start, end), at);
  }
  if (change.deduplicationIds) remember(queue, change.deduplicationIds, seq, at);
}

function overflow(state: State, change: Of<"overflowed">, at: Instant): void {
  const queue = queueOf(state, change.queue);
  const { seq: first, bodySeq, count, priorities, groups, deduplicationIds, size = 0 } = change;
  queue.counters.accepted += count;
  queue.counters.died += count;
  state.nextSeq = Math.max(state.nextSeq, first + count);
  if (change.isShared) state.batches.retain(change.bodySeq, change.count);
  if (deduplicationIds) remember(queue, deduplicationIds, first, at);
  for (let i = 0; i < count; i++) {
    const seq = first + i;
    const groupId = (typeof groups === "string" ? groups : groups?.[i]) || undefined;
    const priority = priorities?.[i] ?? change.priority;
    const attributes = { priority, attempts: 0, redelivered: false, sentAt: at, groupId, size };
    addDead(queue, { seq, bodySeq: bodySeq + i, ...attributes, reason: REASON_OVERFLOW, diedAt: at });
    if (groupId && queue.settings.onGroupFailure === "block") keepPlace(groupOf(queue, groupId), seq);
    const owner = queue.deduplication.owners.get(seq);
    if (owner) owner.waits = false;
  }
}

function drop(state: State, queue: QueueState, seqs: Ranges, at: Instant): void {
  const groups = new Set<Group>();
  forEachRange(seqs, (first, count) => {
    takeOut(state, queue, first, count, (run) => {
      state.batches.release(run.bodySeq, run.count);
      queue.counters.dropped += run.count;
      queue.bytes -= run.count * run.size;
      if (run.group && !run.isBlocked) groups.add(run.group);
    });
  });
  // Only now: the next of a group may be one of those that went.
  for (const group of groups) leave(queue, group, at);
}

/** The clock was set back: what lasts a while from some moment on goes back with it, what names an instant stays. */
function setBack(state: State, byMs: Span, at: Instant): void {
  // What became due before, in turns that changed nothing else, was due.
  advance(state, at + byMs);
  state.now = at;
  for (const queue of state.queues.values()) {
    touch(state, queue);
    const delayed = [...queue.delayed.items()];
    queue.delayed.clear();
    for (const run of delayed) {
      if (!run.isInstant) run.readyAt -= byMs;
      if (run.untokenedAt !== undefined) run.untokenedAt -= byMs;
      queue.delayed.push(run);
    }
    setRateBack(queue, byMs);
    setSchedulesBack(queue, byMs);
    for (const run of blockedRuns(queue)) if (!run.isInstant) run.readyAt -= byMs;
    for (const remembered of queue.deduplication.byId.values()) remembered.at -= byMs;
    if (queue.expiries.next === Number.POSITIVE_INFINITY) continue;
    queue.expiries.clear();
    for (const run of waitingRuns(queue)) {
      if (run.expiresAt !== undefined) run.expiresAt -= byMs;
      queue.expiries.add(run);
    }
  }
  for (const grant of state.grants.values()) {
    grant.until -= byMs;
    for (const held of grant.leases.values()) {
      held.until -= byMs;
      if (held.expiresAt !== undefined) held.expiresAt -= byMs;
    }
    state.leaseEnds.addAll(grant);
  }
}

function lease(state: State, change: Of<"leased">, at: Instant): void {
  const queue = queueOf(state, change.queue);
  const client = clientOf(state, change.client, at);
  const { grant: id, mode, until } = change;
  const inWork = ownMap(queue.leased);
  queue.leased = inWork;
  const grant: Grant = { id, client: client.id, queue: queue.name, mode, until, leases: new Map() };
  forEachRange(change.seqs, (first, count) => {
    takeOut(state, queue, first, count, (run) => {
      queue.counters.deliveries += run.count;
      queue.counters.waitedMs += run.count * Math.max(0, at - run.readyAt);
      if (run.suspect) client.suspectsHeld += run.count;
      client.bytesHeld += run.count * run.size;
      for (let i = 0; i < run.count; i++) {
        const leased: Lease = {
          seq: run.seq + i,
          bodySeq: run.bodySeq + i,
          priority: run.priority,
          attempts: run.attempts + 1,
          sentAt: run.sentAt,
          readyAt: run.readyAt,
          leasedAt: at,
          expiresAt: run.expiresAt,
          suspect: run.suspect,
          redelivered: run.redelivered,
          failure: run.failure,
          group: run.group,
          size: run.size,
          grant,
          until,
        };
        if (run.group) spendOfGroup(queue, run.group.id, at);
        inWork.set(leased.seq, leased);
        grant.leases.set(leased.seq, leased);
      }
    });
  });
  spend(queue, grant.leases.size, at);
  client.held += grant.leases.size;
  client.heldByQueue.set(queue.name, (client.heldByQueue.get(queue.name) ?? 0) + grant.leases.size);
  client.grants.add(grant);
  state.grants.set(id, grant);
  state.leaseEnds.add(grant, until);
}

function renew(state: State, change: Of<"renewed">): void {
  const grant = state.grants.get(change.grant);
  assert(grant, `grant ${change.grant} is there to be renewed`);
  const { until } = change;
  if (change.seqs) {
    forEachSeq(change.seqs, (seq) => {
      const held = grant.leases.get(seq);
      if (held) held.until = Math.max(held.until, until);
    });
  } else {
    for (const held of grant.leases.values()) held.until = Math.max(held.until, until);
  }
  grant.until = Math.max(grant.until, until);
  state.leaseEnds.add(grant, until);
}

function giveBack(state: State, change: Of<"returned">, at: Instant): void {
  const queue = queueOf(state, change.queue);
  forEachSeq(change.seqs, (seq) => {
    const ended = endLease(state, queue, seq);
    const run = runOf(ended, {
      attempts: change.counted ? ended.attempts : ended.attempts - 1,
      readyAt: Math.max(change.dueAt ?? at, at),
      suspect: change.suspect,
      redelivered: ended.redelivered || change.unstarted !== true,
      failure: change.failure ?? ended.failure,
    });
    putBack(queue, run, at, "front");
  });
}

function bury(state: State, change: Of<"dead">, at: Instant): void {
  const queue = queueOf(state, change.queue);
  const { seq, reason } = change;
  const { bodySeq, priority, attempts, sentAt, failure, group, size } = endLease(state, queue, seq);
  const cause = change.failure ?? failure;
  queue.counters.died++;
  queue.bytes -= size;
  const attributes = { priority, attempts, redelivered: true, sentAt, groupId: group?.id, size };
  addDead(queue, { seq, bodySeq, ...attributes, reason, failure: cause, diedAt: at });
  if (group === undefined) return;
  if (queue.settings.onGroupFailure === "block") keepPlace(group, seq);
  leave(queue, group, at);
}

function endLease(state: State, queue: QueueState, seq: Seq): Lease {
  const ended = queue.leased.get(seq);
  assert(ended, `message ${seq} is leased`);
  queue.leased.delete(seq);
  const { grant } = ended;
  grant.leases.delete(seq);
  const client = state.clients.get(grant.client);
  assert(client, `client ${grant.client} is known while it holds leases`);
  client.held--;
  client.bytesHeld -= ended.size;
  client.heldByQueue.set(queue.name, (client.heldByQueue.get(queue.name) as number) - 1);
  if (ended.suspect) client.suspectsHeld--;
  if (grant.leases.size === 0) {
    state.grants.delete(grant.id);
    client.grants.delete(grant);
  }
  return ended;
}

const runOf = (
  message: Pick<Run, "seq" | "bodySeq" | "priority" | "attempts" | "sentAt" | "expiresAt" | "group" | "size">,
  over: Pick<Run, "readyAt"> & Partial<Run>,
): Run => ({
  seq: message.seq,
  bodySeq: message.bodySeq,
  count: over.count ?? 1,
  priority: message.priority,
  attempts: over.attempts ?? message.attempts,
  sentAt: message.sentAt,
  readyAt: over.readyAt,
  isInstant: over.isInstant,
  untokenedAt: undefined,
  expiresAt: message.expiresAt,
  isDelayed: undefined,
  isBlocked: undefined,
  suspect: over.suspect ?? false,
  redelivered: over.redelivered ?? false,
  failure: over.failure,
  group: message.group,
  size: message.size,
});
