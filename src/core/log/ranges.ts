// Stretches of consecutive numbers, flat: first, count, first, count, …
// Messages come and go in stretches, so the journal and the wire name a thousand of them by two numbers.

import type { Ranges, Seq } from "./journal.js";

/** Calls `visit` with each stretch, in order. */
export function forEachRange(ranges: Ranges, visit: (first: Seq, count: number) => void): void {
  for (let i = 0; i + 1 < ranges.length; i += 2) visit(ranges[i] as number, ranges[i + 1] as number);
}

/** Calls `visit` with each number, in order. */
export function forEachSeq(ranges: Ranges, visit: (seq: Seq) => void): void {
  forEachRange(ranges, (first, count) => {
    // Counted: beyond what is a safe integer, one more is no other number.
    for (let n = 0; n < count; n++) visit(first + n);
  });
}

export function countOf(ranges: Ranges): number {
  let total = 0;
  for (let i = 1; i < ranges.length; i += 2) total += ranges[i] as number;
  return total;
}

/** Appends a stretch, joined to the last one where it continues it. */
export function pushRange(ranges: number[], first: Seq, count: number): void {
  const last = ranges.length - 2;
  if (last >= 0 && (ranges[last] as number) + (ranges[last + 1] as number) === first) {
    ranges[last + 1] = (ranges[last + 1] as number) + count;
  } else {
    ranges.push(first, count);
  }
}

/** The stretches of numbers given in any order they are to keep. */
export function rangesOf(seqs: Iterable<Seq>): number[] {
  const ranges: number[] = [];
  for (const seq of seqs) pushRange(ranges, seq, 1);
  return ranges;
}

/** The first `max` of them: a stranger who names them may say any count. */
export function seqsOf(ranges: Ranges, max = Number.POSITIVE_INFINITY): Seq[] {
  const seqs: Seq[] = [];
  forEachRange(ranges, (first, count) => {
    for (let n = 0; n < count && seqs.length < max; n++) seqs.push(first + n);
  });
  return seqs;
}

export function isWithin(ranges: Ranges, seq: Seq): boolean {
  let isOne = false;
  forEachRange(ranges, (first, count) => {
    isOne ||= seq >= first && seq < first + count;
  });
  return isOne;
}
