// Deletes messages that are named, wherever they are: those that wait, and those in work, whose consumers lose them.
// Invariant: builds before read what is stored of it: to them the waiting ones were dropped and the others acknowledged.

import { seqOf } from "../log/ids.js";
import type { Change, ChangeOf, PurgeLimits, Ranges, Seq } from "../log/journal.js";
import { assertFew, pushRange, rangesOf, seqsOf } from "../log/ranges.js";
import type { Instant } from "../spec/time.js";
import { takeOutForGood } from "../state/groups.js";
import type { Run } from "../state/run.js";
import type { QueueState, State } from "../state/state.js";
import { type Decision, done } from "./commands.js";
import { emptyRuns } from "./expire.js";
import { freePurged, meets, pick } from "./purge-limits.js";

export function purgeByName(state: State, queue: QueueState, ids: readonly string[], only: PurgeLimits): Decision {
  const wanted = [...new Set(ids.flatMap((id) => seqOf(state, id) ?? []))].sort((a, b) => a - b);
  const waiting = pick(queue, only).flatMap((run) => within(wanted, run));
  const changes: Change[] = [];
  if (waiting.length > 0) changes.push({ type: "dropped", queue: queue.name, seqs: rangesOf(waiting), isPurged: true });
  const held = only.state === undefined ? endsOf(queue, wanted, only) : [];
  changes.push(...held);
  const purged = held.reduce((sum, { seqs }) => sum + seqsOf(seqs).length, waiting.length);
  return done(changes, { purged });
}

type Acked = ChangeOf<"acked">;

/** The ends of what is named of hand-outs, in the order of their numbers: so their groups go on. */
function endsOf(queue: QueueState, wanted: readonly Seq[], only: PurgeLimits): Acked[] {
  const ends: Acked[] = [];
  for (const seq of wanted) {
    const lease = queue.leased.get(seq);
    if (lease === undefined || !meets(lease, only)) continue;
    const { id: grant, client } = lease.grant;
    const last = ends[ends.length - 1];
    if (last?.purgedFrom?.grant === grant) pushRange(last.seqs as number[], seq, 1);
    else ends.push({ type: "acked", queue: queue.name, seqs: [seq, 1], purgedFrom: { client, grant } });
  }
  return ends;
}

export function applyPurgedByName(state: State, queue: QueueState, ranges: Ranges, at: Instant): void {
  assertFew(ranges);
  const wanted = seqsOf(ranges);
  const free = (gone: Run) => freePurged(state, queue, gone);
  // Emptied where they stand, as far as they are the first of their runs: taking one out costs as much as there are runs.
  const middle: Seq[] = [];
  const parts = pick(queue, {}).flatMap((run): [Run, number][] => {
    const seqs = within(wanted, run);
    let count = 0;
    while (count < seqs.length && seqs[count] === run.seq + count) count++;
    middle.push(...seqs.slice(count));
    return count > 0 ? [[run, count]] : [];
  });
  emptyRuns(state, queue, parts, at, free);
  takeOutForGood(state, queue, rangesOf(middle.sort((a, b) => a - b)), at, free);
}

/** Those of the sorted numbers that are of the run. */
export function within(wanted: readonly Seq[], { seq, count }: Run): readonly Seq[] {
  const from = lowerBound(wanted, seq);
  return wanted.slice(from, lowerBound(wanted, seq + count));
}

function lowerBound(sorted: readonly Seq[], least: Seq): number {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Seq) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
