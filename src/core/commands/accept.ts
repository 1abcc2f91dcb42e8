// What sends become in the working state: messages that wait, or went straight to the dead letters; and those that were
// dropped to make room.

import type { ChangeOf, Ranges } from "../log/journal.js";
import type { Instant } from "../spec/time.js";
import { addDead } from "../state/dead.js";
import { remember } from "../state/deduplication.js";
import { acceptGrouped, groupOf, keepPlace, takeOutForGood } from "../state/groups.js";
import { runOf } from "../state/run.js";
import type { QueueState, State } from "../state/state.js";
import { addBack } from "../state/waiting.js";
import { REASON_OVERFLOW } from "./overflow.js";

export function applyAccepted(state: State, queue: QueueState, change: ChangeOf<"accepted">, at: Instant): void {
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

export function applyOverflowed(state: State, queue: QueueState, change: ChangeOf<"overflowed">, at: Instant): void {
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

export function applyDropped(state: State, queue: QueueState, seqs: Ranges, at: Instant): void {
  takeOutForGood(state, queue, seqs, at, (gone) => {
    state.batches.release(gone.bodySeq, gone.count);
    queue.counters.dropped += gone.count;
    queue.bytes -= gone.count * gone.size;
  });
}
