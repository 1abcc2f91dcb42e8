// Which group a message is of, and which one is the head of a group: for who replays a journal of which records are missing, and
// asks at each hand-out. Invariant: no answer takes a look at all that waits, but for one look at all heads when a head is not
// where it was, nor the one behind it.

import type { ChangeOf, Seq } from "../log/journal.js";
import type { Group, Run } from "../state/run.js";
import type { QueueState } from "../state/state.js";
import { delayedRuns, readyRuns, waitingRuns } from "../state/waiting.js";

export interface Members {
  /** Takes note of all that a queue has, under the names that its groups have now. */
  note(queue: QueueState): void;
  accept(change: ChangeOf<"accepted" | "overflowed">): void;
  /** The group that keeps this message waiting, if one does. */
  blocking(queue: QueueState, seq: Seq): Group | undefined;
  /** Its message that is ready, delayed or leased. */
  headOf(queue: QueueState, group: Group): Seq | undefined;
}

/** Where its head was found, and which one was the next then. */
type Heads = Map<string, readonly [head: Seq, next: Seq | undefined]>;

/** `isAlive`: whether a message waits, or is leased. */
export function createMembers(isAlive: (queue: string, seq: Seq) => boolean): Members {
  const groupIds = new Map<Seq, string>();
  const headsByQueue = new Map<string, Heads>();
  const put = (seq: Seq, id: string | undefined) => {
    if (id) groupIds.set(seq, id);
  };
  const isHead = ({ name }: QueueState, group: Group, seq: Seq): boolean =>
    groupIds.get(seq) === group.id && isAlive(name, seq) && !isBlocked(group, seq);

  return {
    note(queue) {
      for (const { seq, count, group } of waitingRuns(queue)) for (let i = 0; i < count; i++) put(seq + i, group?.id);
      for (const { seq, group } of queue.leased.values()) put(seq, group?.id);
      for (const { seq, groupId } of queue.dead.values()) put(seq, groupId);
    },
    accept({ seq, count, groups = "" }) {
      for (let i = 0; i < count; i++) put(seq + i, typeof groups === "string" ? groups : groups[i]);
    },
    blocking(queue, seq) {
      const group = queue.groups.get(groupIds.get(seq) ?? "");
      return group && isBlocked(group, seq) ? group : undefined;
    },
    headOf(queue, group) {
      if (!group.hasHead) return undefined;
      let heads = headsByQueue.get(queue.name);
      const head = heads?.get(group.id)?.find((seq) => seq !== undefined && isHead(queue, group, seq));
      if (heads && head !== undefined) heads.set(group.id, [head, nextOf(group)]);
      else {
        heads = lookForHeads(queue);
        headsByQueue.set(queue.name, heads);
      }
      return heads.get(group.id)?.[0];
    },
  };
}

function lookForHeads(queue: QueueState): Heads {
  const heads: Heads = new Map();
  for (const some of [queue.leased.values(), readyRuns(queue), delayedRuns(queue)])
    for (const { seq, group } of some) if (group) heads.set(group.id, [seq, nextOf(group)]);
  return heads;
}

/** What is emptied is skipped. */
const nextOf = ({ blocked = [], start }: Group): Seq | undefined => {
  for (let i = start; i < blocked.length; i++) if ((blocked[i] as Run).count > 0) return (blocked[i] as Run).seq;
  return undefined;
};

const isBlocked = ({ blocked = [], start }: Group, seq: Seq): boolean => runWith(blocked, seq, start) !== undefined;

/** The one with this message, by halves: they stand by their numbers, emptied ones too. */
export function runWith(runs: readonly Run[], seq: Seq, start = 0): Run | undefined {
  let low = start;
  for (let high = runs.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((runs[middle] as Run).seq <= seq) low = middle + 1;
    else high = middle;
  }
  const run = low > start ? (runs[low - 1] as Run) : undefined;
  return run && seq < run.seq + run.count ? run : undefined;
}
