// When waiting messages expire. Invariant: every waiting run that expires has an entry. An entry whose run was emptied
// meanwhile (handed out, joined to another) is void; void ones are swept before they outnumber the others, so that
// memory follows the messages that wait.

import type { Instant } from "../spec/time.js";
import { createHeap } from "./heap.js";
import type { Run } from "./run.js";

/** A run that expires. */
export type ExpiringRun = Run & { expiresAt: Instant };

export interface Expiries {
  /** Entries, void ones included. */
  readonly size: number;
  /** Epoch milliseconds before which no message expires; infinite when none ever does. */
  readonly next: number;
  /** Takes note of a run, if it expires. */
  add(run: Run): void;
  /** Runs whose time has come, the earliest first. */
  due(now: Instant): ExpiringRun[];
  clear(): void;
}

/** Fewer entries than this are not worth a sweep. */
const SWEEP_MIN = 1_024;

const expiresAtOf = (run: ExpiringRun): Instant => run.expiresAt;

export const createExpiries = (): Expiries => new ExpiryHeap();

class ExpiryHeap implements Expiries {
  private readonly heap = createHeap(expiresAtOf);
  private sweepAt = SWEEP_MIN;

  get size(): number {
    return this.heap.size;
  }

  get next(): number {
    while (this.heap.peek()?.count === 0) this.heap.pop();
    return this.heap.peek()?.expiresAt ?? Number.POSITIVE_INFINITY;
  }

  add(run: Run): void {
    if (run.expiresAt === undefined || run.count === 0) return;
    this.heap.push(run as ExpiringRun);
    if (this.heap.size >= this.sweepAt) this.sweep();
  }

  due(now: Instant): ExpiringRun[] {
    const due = this.heap.upTo((run) => run.expiresAt <= now).filter((run) => run.count > 0);
    return [...new Set(due)].sort((a, b) => a.expiresAt - b.expiresAt || a.seq - b.seq);
  }

  clear(): void {
    this.heap.clear();
    this.sweepAt = SWEEP_MIN;
  }

  /** Amortised O(1): the next one comes when as many entries were added as this one kept. */
  private sweep(): void {
    const live = new Set(this.heap.items().filter((run) => run.count > 0));
    this.heap.clear();
    for (const run of live) this.heap.push(run);
    this.sweepAt = Math.max(SWEEP_MIN, this.heap.size * 2);
  }
}
