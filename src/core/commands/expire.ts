// Messages whose time has passed before anybody took them. Invariant: what has expired is handed out no more; it
// becomes a dead letter as soon as there is room for one.

import type { Change, Seq } from "../log/journal.js";
import { forEachRange, pushRange } from "../log/ranges.js";
import { assert } from "../spec/errors.js";
import type { Instant } from "../spec/time.js";
import { addDead } from "../state/dead.js";
import { leaveLine } from "../state/deduplication.js";
import { promote } from "../state/groups.js";
import { type Group, type Run, splitFront } from "../state/run.js";
import type { QueueState, State } from "../state/state.js";
import { type Decision, done } from "./commands.js";

export const REASON_EXPIRED = "expired";

/** Gives up what has expired, the earliest first, as far as each queue may keep dead letters. */
export function expireMessages(queues: Iterable<QueueState>, now: Instant): Decision {
  const changes: Change[] = [];
  for (const queue of queues) {
    let room = queue.settings.maxDeadLetters - queue.dead.size;
    if (room <= 0 || queue.expiries.next > now) continue;
    const seqs: number[] = [];
    for (const run of queue.expiries.due(now)) {
      if (room <= 0) break;
      const count = Math.min(run.count, room);
      pushRange(seqs, run.seq, count);
      room -= count;
    }
    changes.push({ type: "expired", queue: queue.name, seqs });
  }
  return done(changes);
}

export function applyExpired(state: State, queue: QueueState, seqs: readonly Seq[], at: Instant): void {
  const runBySeq = new Map(queue.expiries.due(at).map((run) => [run.seq, run]));
  const parts: [Run, number][] = [];
  forEachRange(seqs, (first, total) => {
    for (let seq = first; seq < first + total; ) {
      const run = runBySeq.get(seq);
      assert(run, `message ${seq} has expired`);
      const count = Math.min(run.count, first + total - seq);
      parts.push([run, count]);
      seq += count;
    }
  });
  queue.counters.died += emptyRuns(state, queue, parts, at, (gone) => bury(queue, gone, at));
}

/**
 * Takes so many messages off the front of each run, and says how many in all. Runs are emptied where they stand: taking
 * one out of the middle of a list costs as much as the list is long.
 */
export function emptyRuns(
  state: State,
  queue: QueueState,
  parts: readonly (readonly [Run, number])[],
  at: Instant,
  visit: (gone: Run) => void,
): number {
  const groups = new Set<Group>();
  let total = 0;
  for (const [run, count] of parts) {
    const gone = splitFront(run, count);
    const { group } = gone;
    if (group) {
      if (!run.isBlocked) group.hasHead = false;
      groups.add(group);
    }
    if (run.count === 0 && !run.isBlocked) queue.emptied++;
    if (run.isBlocked) queue.blockedCount -= count;
    else if (run.isDelayed) queue.delayedCount -= count;
    else queue.readyCount -= count;
    total += count;
    leaveLine(state, queue, gone, visit);
  }
  // Only now: the next of a group may be one of those that went.
  for (const group of groups) promote(queue, group, at);
  if (queue.emptied >= EMPTIED_MAX) compact(queue);
  while (queue.delayed.peek()?.count === 0) queue.delayed.pop();
  return total;
}

function bury(queue: QueueState, run: Run, diedAt: Instant): void {
  const { priority, attempts, redelivered, sentAt, failure, group, size } = run;
  queue.bytes -= run.count * size;
  for (let i = 0; i < run.count; i++) {
    const [seq, bodySeq] = [run.seq + i, run.bodySeq + i];
    const attributes = { priority, attempts, redelivered, sentAt, failure, groupId: group?.id, size };
    addDead(queue, { seq, bodySeq, ...attributes, reason: REASON_EXPIRED, diedAt });
  }
}

/** So many emptied runs are worth a pass over the lists. */
const EMPTIED_MAX = 4_096;

function compact(queue: QueueState): void {
  queue.emptied = 0;
  queue.suspects.compact();
  for (const { front, tail } of queue.lanes) {
    front.compact();
    tail.compact();
  }
  const delayed = queue.delayed.items().filter((run) => run.count > 0);
  queue.delayed.clear();
  for (const run of delayed) queue.delayed.push(run);
}
