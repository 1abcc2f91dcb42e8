// When something is due, by who it concerns: one entry for each that has a next instant, so that a turn touches those
// that are due and no others, however many there are.
// Invariant: who was touched is looked at again before anybody is told who is due. Instants are epoch milliseconds.

import type { Instant } from "../spec/time.js";
import { createHeap } from "./heap.js";

export interface Agenda<T> {
  /** Something of it has changed, so its next instant may have. */
  touch(item: T): void;
  /** It is gone. */
  remove(item: T): void;
  /** Epoch milliseconds of the next instant of all; infinite when nothing is ever due. */
  next(nextOf: (item: T) => number): number;
  /** Those of which something is due by `now`, in no order. */
  due(now: Instant, nextOf: (item: T) => number): T[];
}

/** Fewer entries than this are not worth a sweep. */
const SWEEP_MIN = 1_024;

export function createAgenda<T>(): Agenda<T> {
  const heap = createHeap<{ readonly at: Instant; readonly item: T }>(({ at }) => at);
  /** Of those that have one. An entry of the heap that says another instant is void. */
  const instants = new Map<T, number>();
  const touched = new Set<T>();

  /** Amortised O(1): the next one comes when as many entries were added as there are. */
  const sweep = () => {
    if (heap.size < Math.max(SWEEP_MIN, instants.size * 2)) return;
    heap.clear();
    for (const [item, at] of instants) heap.push({ at, item });
  };

  const look = (nextOf: (item: T) => number) => {
    if (touched.size === 0) return;
    for (const item of touched) {
      const at = nextOf(item);
      if (instants.get(item) === at) continue;
      if (at === Number.POSITIVE_INFINITY) instants.delete(item);
      else {
        instants.set(item, at);
        heap.push({ at, item });
      }
    }
    touched.clear();
    sweep();
  };

  return {
    touch: (item) => void touched.add(item),
    remove(item) {
      touched.delete(item);
      instants.delete(item);
    },
    next(nextOf) {
      look(nextOf);
      for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
        if (instants.get(top.item) === top.at) return top.at;
        heap.pop();
      }
      return Number.POSITIVE_INFINITY;
    },
    due(now, nextOf) {
      look(nextOf);
      const top = heap.peek();
      if (top === undefined || top.at > now) return [];
      const due = heap.upTo(({ at }) => at <= now).filter(({ at, item }) => instants.get(item) === at);
      return [...new Set(due.map(({ item }) => item))];
    },
  };
}
