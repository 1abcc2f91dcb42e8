// The lab's own checker. It numbers what is sent, notes what was accepted and what was handled, and holds both against
// what the queue still has. Kept over a reload, which is one of the faults.

import type { Deed, LabBody } from "./words.js";

export interface Ledger {
  readonly run: string;
  number(deed: Deed, ms: number): LabBody;
  accept(bodies: readonly LabBody[]): void;
  /** Returns how often it has been handled now; 0 when it is none of this run's. */
  handle(handled: { readonly run: string; readonly number: number }): number;
  /** Accepted, and not handled so far. */
  open(): number[];
  isHandled(number: number): boolean;
  /** Messages that are gone and were reported as such are not waited for any longer. */
  writeOff(numbers: readonly number[]): void;
  /** Says what was open before the queue was looked at, and what the queue then had, waiting or dead. */
  compare(openBefore: readonly number[], inQueue: ReadonlySet<number>): void;
  readonly counts: { readonly done: number; readonly twice: number; readonly lost: number };
  clear(): void;
}

interface Stored {
  readonly run: string;
  readonly last: number;
  readonly accepted: readonly number[];
  readonly handled: readonly (readonly [number: number, times: number])[];
}

export function createLedger(key: string, storage: Storage): Ledger {
  const stored = read(key, storage);
  const run = stored?.run ?? crypto.randomUUID();
  const accepted = new Set(stored?.accepted);
  const handled = new Map(stored?.handled);
  let last = stored?.last ?? 0;
  let missing: ReadonlySet<number> = new Set();
  let lost: readonly number[] = [];

  const save = () => {
    const now: Stored = { run, last, accepted: [...accepted], handled: [...handled] };
    storage.setItem(key, JSON.stringify(now));
  };
  const open = () => [...accepted].filter((number) => !handled.has(number));

  return {
    run,
    number: (deed, ms) => ({ run, number: ++last, deed, ms }),
    accept(bodies) {
      for (const { number } of bodies) accepted.add(number);
      save();
    },
    handle({ run: of, number }) {
      if (of !== run) return 0;
      const times = (handled.get(number) ?? 0) + 1;
      handled.set(number, times);
      save();
      return times;
    },
    open,
    isHandled: (number) => handled.has(number),
    writeOff(numbers) {
      for (const number of numbers) accepted.delete(number);
      save();
    },
    compare(openBefore, inQueue) {
      const now = new Set(openBefore.filter((number) => !inQueue.has(number)));
      // Twice in a row: a report may be a little later than the look at the queue.
      lost = [...now].filter((number) => missing.has(number));
      missing = now;
    },
    get counts() {
      const isLost = (number: number) => accepted.has(number) && !handled.has(number);
      return {
        done: handled.size,
        twice: [...handled.values()].filter((times) => times > 1).length,
        lost: lost.filter(isLost).length,
      };
    },
    clear() {
      accepted.clear();
      handled.clear();
      lost = [];
      missing = new Set();
      save();
    },
  };
}

function read(key: string, storage: Storage): Stored | undefined {
  const text = storage.getItem(key);
  return text === null ? undefined : (JSON.parse(text) as Stored);
}
