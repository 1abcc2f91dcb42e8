// A run is a stretch of waiting messages that are alike: consecutive numbers, same attributes. It is the unit of
// the in-memory index, so that a thousand messages sent together cost one entry.
// Invariant: the runs of a queue never overlap.

import type { Failure, Seq } from "../log/journal.js";
import type { Instant } from "../spec/time.js";

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
  readonly sentAt: Instant;
  /** Epoch milliseconds from which it may be delivered; waiting time counts from here. */
  readyAt: Instant;
  /** `readyAt` is an instant that the sender named, not the end of a delay. */
  isInstant?: boolean | undefined;
  /** It waits for a token of its group; but for that, it would be ready at this time. */
  untokenedAt?: Instant | undefined;
  /** Epoch milliseconds from which it is not delivered any more, and becomes a dead letter. */
  expiresAt?: Instant | undefined;
  /** It waits among the delayed; kept for runs that expire, which are found by their time, not by their place. */
  isDelayed?: boolean | undefined;
  /** It waits for the head of its group. */
  isBlocked?: boolean | undefined;
  /** Two clients in a row that held it died, and it may be why: delivered alone. */
  readonly suspect: boolean;
  /** It may have been handed to a handler before. */
  readonly redelivered: boolean;
  /** How the last attempt failed. */
  readonly failure?: Failure | undefined;
  /** Of the head of a group there is one message, of those behind it as many as are alike. */
  readonly group?: Group | undefined;
  /** In place of `group`: each of the messages is the head of a group of its own. Only of what was never handed out, in a lane. */
  heads?: readonly Group[] | undefined;
  /** Estimated bytes of each message. */
  readonly size: number;
}

/** `count` messages like those of `run`, from the one at `offset` on. Every member named: a spread takes several times as long. */
export const copyRun = (
  run: Run,
  offset: number,
  count: number,
  group: Group | undefined,
  heads?: readonly Group[],
): Run => ({
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
  redelivered: run.redelivered,
  failure: run.failure,
  group,
  heads,
  size: run.size,
});

/** What waits of a message, or of several alike, with what `over` says otherwise. Every member named, as in `copyRun`. */
export const runOf = (
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
  heads: undefined,
  size: message.size,
});

/** Takes up to `count` messages off the front of the run and returns them as a run of their own. */
export function splitFront(run: Run, count: number): Run {
  const front = copyRun(run, 0, count, run.group, run.heads?.slice(0, count));
  run.seq += count;
  run.bodySeq += count;
  run.count -= count;
  if (run.heads) run.heads = run.heads.slice(count);
  return front;
}

/** The run, or, of heads of several groups, a run for each. */
export function* singly(run: Run): Generator<Run> {
  if (run.heads === undefined) yield run;
  else for (const [i, group] of run.heads.entries()) yield copyRun(run, i, 1, group);
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
  run.redelivered === next.redelivered &&
  run.expiresAt === next.expiresAt &&
  run.group === next.group &&
  run.heads === undefined &&
  next.heads === undefined &&
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
  /** Puts runs of one message in place of heads of several groups: for who takes from the middle. */
  separate(): void;
  /** Drops the head once it is used up. */
  shift(): void;
  /** Puts these in its place, as far as they are not empty: for paths that are not hot. */
  replace(run: Run, by: readonly Run[]): void;
  /** Gives back the memory of runs that were emptied where they stand. */
  compact(): void;
  [Symbol.iterator](): IterableIterator<Run>;
  clear(): void;
}

/** Runs kept sorted: what came back and goes first. Insertion in O(log n) comparisons. */
export interface SortedRuns {
  readonly head: Run | undefined;
  readonly runs: number;
  insert(run: Run): void;
  shift(): void;
  replace(run: Run, by: readonly Run[]): void;
  compact(): void;
  [Symbol.iterator](): IterableIterator<Run>;
  clear(): void;
}

export const createRunFifo = (): RunFifo => new Fifo();

export const createSortedRuns = (isBefore: (a: Run, b: Run) => boolean): SortedRuns => new Sorted(isBefore);

/** What both lists share: all but where a run goes. Classes, since a queue has two for each priority. */
class RunList {
  protected items: Run[] = [];
  /** What was taken from the head leaves a gap that is closed now and then: closing it each time moves all the others. */
  protected start = 0;

  get head(): Run | undefined {
    // What expired in the middle is empty, and stays until it gets here or there are many.
    while (this.items[this.start]?.count === 0) this.shift();
    return this.items[this.start];
  }

  get runs(): number {
    return this.items.length - this.start;
  }

  shift(): void {
    this.start++;
    // Half of the array is dead: give the memory back. Amortised O(1).
    if (this.start > 32 && this.start * 2 > this.items.length) {
      this.items = this.items.slice(this.start);
      this.start = 0;
    }
  }

  replace(run: Run, by: readonly Run[]): void {
    this.items.splice(this.items.indexOf(run, this.start), 1, ...by.filter(({ count }) => count > 0));
  }

  compact(): void {
    this.items = this.items.slice(this.start).filter((run) => run.count > 0);
    this.start = 0;
  }

  *[Symbol.iterator](): IterableIterator<Run> {
    for (let i = this.start; i < this.items.length; i++) {
      const run = this.items[i] as Run;
      if (run.count > 0) yield run;
    }
  }

  clear(): void {
    this.items = [];
    this.start = 0;
  }
}

class Fifo extends RunList implements RunFifo {
  /** There may be heads of several groups in it: to look for them each time took as long as the list is. */
  private mayHaveHeads = false;

  append(run: Run): void {
    const { items } = this;
    this.mayHaveHeads ||= run.heads !== undefined;
    const last = items.length > this.start ? items[items.length - 1] : undefined;
    if (last && continues(last, run)) join(last, run);
    else items.push(run);
  }

  separate(): void {
    if (!this.mayHaveHeads) return;
    this.mayHaveHeads = false;
    this.compact();
    this.items = this.items.flatMap((run) => [...singly(run)]);
  }
}

class Sorted extends RunList implements SortedRuns {
  private readonly isBefore: (a: Run, b: Run) => boolean;

  constructor(isBefore: (a: Run, b: Run) => boolean) {
    super();
    this.isBefore = isBefore;
  }

  insert(run: Run): void {
    const { items, start } = this;
    let low = start;
    for (let high = items.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.isBefore(items[middle] as Run, run)) low = middle + 1;
      else high = middle;
    }
    const before = low > start ? items[low - 1] : undefined;
    if (before && continues(before, run)) join(before, run);
    else if (low === start && start > 0) {
      // The gap before the head has room for it.
      this.start = start - 1;
      items[this.start] = run;
    } else items.splice(low, 0, run);
  }
}
