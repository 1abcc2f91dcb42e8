// A run is a stretch of waiting messages that are alike: consecutive numbers, same attributes. It is the unit of
// the in-memory index, so that a thousand messages sent together cost one entry.
// Invariant: the runs of a queue never overlap.

import type { Failure, Seq } from "../log/journal.js";

/** Messages that are worked on strictly one after the other: a head, and those who wait for it. */
export interface Group {
  readonly id: string;
  /** A message of it is ready, delayed or leased. */
  hasHead: boolean;
  /** Behind the head, by number, from index `start` on; missing while there are none. */
  blocked: Run[] | undefined;
  start: number;
  /** Dead letters that keep their place in line, by number: what comes after the first waits for it. */
  dead: Seq[] | undefined;
}

export interface Run {
  seq: Seq;
  /** Number of the first body; body i of the run is `bodySeq + i`. */
  bodySeq: Seq;
  count: number;
  readonly priority: number;
  /** Attempts that counted so far. */
  readonly attempts: number;
  /** Epoch milliseconds of acceptance. */
  readonly sentAt: number;
  /** Epoch milliseconds from which it may be delivered; waiting time counts from here. */
  readyAt: number;
  /** `readyAt` is an instant that the sender named, not the end of a delay. */
  isInstant?: boolean | undefined;
  /** It waits for a token of its group; but for that, it would be ready at this time. */
  untokenedAt?: number | undefined;
  /** Epoch milliseconds from which it is not delivered any more, and becomes a dead letter. */
  expiresAt?: number | undefined;
  /** It waits among the delayed; kept for runs that expire, which are found by their time, not by their place. */
  isDelayed?: boolean | undefined;
  /** It waits for the head of its group. */
  isBlocked?: boolean | undefined;
  /** Two clients in a row that held it died, and it may be why: delivered alone. */
  readonly suspect: boolean;
  /** How the last attempt failed. */
  readonly failure?: Failure | undefined;
  /** Of the head of a group there is one message, of those behind it as many as are alike. */
  readonly group?: Group | undefined;
  /** Estimated bytes of each message. */
  readonly size: number;
}

/** `count` messages like those of `run`, from the one at `offset` on. Every member named: a spread takes several times as long. */
export const copyRun = (run: Run, offset: number, count: number, group: Group | undefined): Run => ({
  seq: run.seq + offset,
  bodySeq: run.bodySeq + offset,
  count,
  priority: run.priority,
  attempts: run.attempts,
  sentAt: run.sentAt,
  readyAt: run.readyAt,
  isInstant: run.isInstant,
  untokenedAt: run.untokenedAt,
  expiresAt: run.expiresAt,
  isDelayed: run.isDelayed,
  isBlocked: run.isBlocked,
  suspect: run.suspect,
  failure: run.failure,
  group,
  size: run.size,
});

/** Takes up to `count` messages off the front of the run and returns them as a run of their own. */
export function splitFront(run: Run, count: number): Run {
  const front = copyRun(run, 0, count, run.group);
  run.seq += count;
  run.bodySeq += count;
  run.count -= count;
  return front;
}

/** Whether `next` continues `run`, so that the two can be one. */
export const continues = (run: Run, next: Run): boolean =>
  run.count > 0 &&
  run.seq + run.count === next.seq &&
  run.bodySeq + run.count === next.bodySeq &&
  run.priority === next.priority &&
  run.attempts === next.attempts &&
  run.sentAt === next.sentAt &&
  run.readyAt === next.readyAt &&
  run.suspect === next.suspect &&
  run.expiresAt === next.expiresAt &&
  run.group === next.group &&
  run.size === next.size &&
  run.isInstant === next.isInstant &&
  // The same object: they failed together.
  run.failure === next.failure;

/** Joins a run to the one that it continues; it is empty from then on. */
export function join(run: Run, next: Run): void {
  run.count += next.count;
  next.count = 0;
}

/** A FIFO of runs: append at the tail, take at the head, walk in order. */
export interface RunFifo {
  readonly head: Run | undefined;
  readonly runs: number;
  append(run: Run): void;
  /** Drops the head once it is used up. */
  shift(): void;
  /** Takes one run out of the middle: for paths that are not hot. */
  remove(run: Run): void;
  /** Gives back the memory of runs that were emptied where they stand. */
  compact(): void;
  [Symbol.iterator](): IterableIterator<Run>;
  clear(): void;
}

export function createRunFifo(): RunFifo {
  const { list, put } = createRunList((items, start, run) => {
    const last = items.length > start ? items[items.length - 1] : undefined;
    if (last && continues(last, run)) join(last, run);
    else items.push(run);
    return start;
  });
  return Object.assign(list, { append: put });
}

/** Runs kept sorted: what came back and goes first. Insertion in O(log n) comparisons. */
export interface SortedRuns {
  readonly head: Run | undefined;
  readonly runs: number;
  insert(run: Run): void;
  shift(): void;
  remove(run: Run): void;
  compact(): void;
  [Symbol.iterator](): IterableIterator<Run>;
  clear(): void;
}

export function createSortedRuns(isBefore: (a: Run, b: Run) => boolean): SortedRuns {
  const { list, put } = createRunList((items, start, run) => {
    let low = start;
    for (let high = items.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (isBefore(items[middle] as Run, run)) low = middle + 1;
      else high = middle;
    }
    const before = low > start ? items[low - 1] : undefined;
    if (before && continues(before, run)) join(before, run);
    else if (low === start && start > 0) {
      // The gap before the head has room for it.
      items[start - 1] = run;
      return start - 1;
    } else items.splice(low, 0, run);
    return start;
  });
  return Object.assign(list, { insert: put });
}

/** What both lists share: all but where a run goes. `place` puts it in and returns where the list starts now. */
function createRunList(place: (items: Run[], start: number, run: Run) => number) {
  let items: Run[] = [];
  // What was taken from the head leaves a gap that is closed now and then: closing it each time moves all the others.
  let start = 0;
  const list = {
    get head(): Run | undefined {
      // What expired in the middle is empty, and stays until it gets here or there are many.
      while (items[start]?.count === 0) list.shift();
      return items[start];
    },
    get runs(): number {
      return items.length - start;
    },
    shift() {
      start++;
      // Half of the array is dead: give the memory back. Amortised O(1).
      if (start > 32 && start * 2 > items.length) {
        items = items.slice(start);
        start = 0;
      }
    },
    remove(run: Run) {
      items.splice(items.indexOf(run, start), 1);
    },
    compact() {
      items = items.slice(start).filter((run) => run.count > 0);
      start = 0;
    },
    *[Symbol.iterator](): IterableIterator<Run> {
      for (let i = start; i < items.length; i++) {
        const run = items[i] as Run;
        if (run.count > 0) yield run;
      }
    },
    clear() {
      items = [];
      start = 0;
    },
  };
  const put = (run: Run) => {
    start = place(items, start, run);
  };
  return { list, put };
}
