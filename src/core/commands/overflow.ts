// What becomes of messages for which a queue has no room.
// Invariant: nothing goes in silence: what is dropped is counted and announced, what overflows is a dead letter.

import type { Change, ChangeOf, Seq } from "../log/journal.js";
import { pushRange } from "../log/ranges.js";
import { DEFAULT_SETTINGS } from "../spec/settings.js";
import type { Run } from "../state/run.js";
import { depthOf, type QueueState } from "../state/state.js";
import { blockedRuns } from "../state/waiting.js";

export const REASON_OVERFLOW = "overflow";

/** How many of these, from the front, fit beside what is there. */
export function countFitting(queue: QueueState | undefined, sizes: readonly number[]): number {
  const { maxMessages, maxBytes } = queue?.settings ?? DEFAULT_SETTINGS;
  const most = Math.min(sizes.length, Math.max(0, maxMessages - (queue ? depthOf(queue) : 0)));
  if (!maxBytes) return most;
  let bytes = queue?.bytes ?? 0;
  for (let i = 0; i < most; i++) {
    bytes += sizes[i] as number;
    if (bytes > maxBytes) return i;
  }
  return most;
}

/** Room for so many more messages of so many estimated bytes in all; or there never will be, and waiting is of no use. */
export function hasRoom(queue: QueueState | undefined, { count, bytes }: { count: number; bytes: number }): boolean {
  if (queue === undefined) return true;
  const { maxMessages, maxBytes } = queue.settings;
  const fitsBeside = (depth: number, stored: number) =>
    depth + count <= maxMessages && (!maxBytes || stored + bytes <= maxBytes);
  return fitsBeside(depthOf(queue), queue.bytes) || !fitsBeside(0, 0);
}

export type Accepted = ChangeOf<"accepted">;

export interface MadeRoom {
  /** Waiting messages that go before, and new ones that go at once. */
  readonly before: readonly Change[];
  readonly after: readonly Change[];
  /** How many new messages go at once. */
  readonly own: number;
}

/** Makes room for what is accepted by dropping what has waited for longest; `undefined` when that is not enough. */
export function makeRoom(queue: QueueState, accepted: readonly Accepted[]): MadeRoom | undefined {
  const { maxMessages, maxBytes } = queue.settings;
  let count = depthOf(queue) - maxMessages;
  let bytes = maxBytes ? queue.bytes - maxBytes : Number.NEGATIVE_INFINITY;
  for (const change of accepted) {
    count += change.count;
    bytes += change.count * (change.size ?? 0);
  }
  /** How many of a run have to go. */
  const take = (run: { readonly count: number; readonly size: number }): number => {
    const taken = Math.min(run.count, Math.max(count, run.size > 0 ? Math.ceil(bytes / run.size) : 0, 0));
    count -= taken;
    bytes -= taken * run.size;
    return taken;
  };
  const isEnough = () => count <= 0 && bytes <= 0;
  const before: number[] = [];
  for (const run of oldestFirst(queue)) {
    if (isEnough()) break;
    pushTaken(before, run.seq, take(run));
  }
  const own: number[] = [];
  let ownCount = 0;
  for (const { seq, count: total, size = 0 } of accepted) {
    if (isEnough()) break;
    const taken = take({ count: total, size });
    pushTaken(own, seq, taken);
    ownCount += taken;
  }
  const dropped = (seqs: readonly number[]): Change[] =>
    seqs.length > 0 ? [{ type: "dropped", queue: queue.name, seqs }] : [];
  return isEnough() ? { before: dropped(before), after: dropped(own), own: ownCount } : undefined;
}

function pushTaken(ranges: number[], seq: Seq, count: number): void {
  if (count > 0) pushRange(ranges, seq, count);
}

/**
 * What waits, the oldest first: of the ready ones whichever of those next in line was accepted first, then the delayed
 * ones by their time, then those behind the heads of their groups.
 */
function* oldestFirst(queue: QueueState): Generator<Run> {
  const lines = [queue.suspects, ...queue.lanes.flatMap(({ front, tail }) => [front, tail])].map((line) => {
    const runs = line[Symbol.iterator]();
    return { runs, next: runs.next() };
  });
  for (;;) {
    let oldest: (typeof lines)[number] | undefined;
    for (const line of lines) {
      if (!line.next.done && !(oldest && oldest.next.value.seq < line.next.value.seq)) oldest = line;
    }
    if (oldest === undefined) break;
    yield oldest.next.value as Run;
    oldest.next = oldest.runs.next();
  }
  // Taken out to be seen in order, and put back.
  const taken: Run[] = [];
  try {
    for (let run = queue.delayed.pop(); run !== undefined; run = queue.delayed.pop()) {
      taken.push(run);
      if (run.count > 0) yield run;
    }
  } finally {
    for (const run of taken) queue.delayed.push(run);
  }
  yield* [...blockedRuns(queue)].sort((a, b) => a.seq - b.seq);
}
