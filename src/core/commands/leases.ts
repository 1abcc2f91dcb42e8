// What becomes of leases in the working state: handed out, renewed, and the ways in which one ends.
// Invariant: a client's sums of what it holds are those of the leases of its grants.

import type { ChangeOf, Seq } from "../log/journal.js";
import { countOf, forEachRange, forEachSeq, seqsOf } from "../log/ranges.js";
import { assert } from "../spec/errors.js";
import type { Instant } from "../spec/time.js";
import { addDead } from "../state/dead.js";
import { keepPlace, leave, putBack } from "../state/groups.js";
import type { Lease, OpenHandOut } from "../state/lease.js";
import { ownMap } from "../state/nothing.js";
import { spend, spendOfGroup } from "../state/rate.js";
import { runOf } from "../state/run.js";
import type { ClientState, QueueState, State } from "../state/state.js";
import { takeOut } from "../state/waiting.js";

export function applyLeased(
  state: State,
  queue: QueueState,
  client: ClientState,
  change: ChangeOf<"leased">,
  at: Instant,
): void {
  const { grant: id, mode, until } = change;
  const inWork = ownMap(queue.leased);
  queue.leased = inWork;
  const isPerGroup = queue.settings.rateLimit?.per === "group";
  const grant: OpenHandOut = { id, client: client.id, queue: queue.name, mode, until, leases: new Map() };
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
          group: run.heads ? run.heads[i] : run.group,
          size: run.size,
          grant,
          until,
        };
        if (isPerGroup && leased.group) spendOfGroup(queue, leased.group.id, at);
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

export function applyRenewed(state: State, change: ChangeOf<"renewed">): void {
  const grant = state.grants.get(change.grant);
  assert(grant, `grant ${change.grant} is there to be renewed`);
  const { until } = change;
  if (change.seqs) {
    forEachRange(change.seqs, (first, count) => {
      // A stretch that is longer than all that is held was written by nobody, and may never end.
      const seqs = count > grant.leases.size ? grant.leases.keys() : seqsOf([first, count]);
      for (const seq of seqs) {
        const held = seq >= first && seq < first + count ? grant.leases.get(seq) : undefined;
        if (held) held.until = Math.max(held.until, until);
      }
    });
  } else {
    for (const held of grant.leases.values()) held.until = Math.max(held.until, until);
  }
  grant.until = Math.max(grant.until, until);
  state.leaseEnds.add(grant, until);
}

export function applyAcked(
  state: State,
  queue: QueueState,
  { seqs, purgedFrom }: ChangeOf<"acked">,
  at: Instant,
): void {
  forEachSeq(seqs, (seq) => {
    const ended = endLease(state, queue, seq);
    queue.bytes -= ended.size;
    if (purgedFrom) queue.counters.purged++;
    else {
      queue.counters.acked++;
      queue.counters.servedMs += Math.max(0, at - ended.leasedAt);
    }
    state.batches.release(ended.bodySeq, 1);
    if (ended.group) leave(queue, ended.group, at);
  });
}

export function applyRetried(state: State, queue: QueueState, change: ChangeOf<"retried">, at: Instant): void {
  const ended = endLease(state, queue, change.seq);
  queue.counters.retried++;
  const failure = change.failure ?? ended.failure;
  putBack(queue, runOf(ended, { readyAt: change.dueAt, redelivered: true, failure }), at, "tail");
}

export function applyReturned(state: State, queue: QueueState, change: ChangeOf<"returned">, at: Instant): void {
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

export function applyDead(state: State, queue: QueueState, change: ChangeOf<"dead">, at: Instant): void {
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

export function applyQuarantined(
  state: State,
  queue: QueueState,
  { seqs }: ChangeOf<"quarantined">,
  at: Instant,
): void {
  forEachSeq(seqs, (seq) => {
    const ended = endLease(state, queue, seq);
    state.quarantined.push(ended.bodySeq);
    queue.bytes -= ended.size;
    if (ended.group) leave(queue, ended.group, at);
  });
  queue.counters.quarantined += countOf(seqs);
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
