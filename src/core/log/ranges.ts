// Stretches of consecutive numbers, flat: first, count, first, count, …
// Messages come and go in stretches, so the journal and the wire name a thousand of them by two numbers.

import { assert } from "../spec/errors.js";
import type { Ranges, Seq } from "./journal.js";

/** Calls `visit` with each stretch, in order. */
export function forEachRange(ranges: Ranges, visit: (first: Seq, count: number) => void): void {
  for (let i = 0; i + 1 < ranges.length; i += 2) visit(ranges[i] as number, ranges[i + 1] as number);
}

/** So many at once nobody has stored, sent or named, in any build. */
export const STRETCH_MAX = 2 ** 20;
/** Beyond any number that was given away; what is counted on from there is a number still. */
export const SEQ_MAX = 2 ** 52;

export const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
export const isSeq = (value: unknown): boolean => isCount(value) && Number(value) <= SEQ_MAX;
export const isStretch = (value: unknown): boolean => isCount(value) && Number(value) <= STRETCH_MAX;

/** Calls `visit` with each number, in order. */
export function forEachSeq(ranges: Ranges, visit: (seq: Seq) => void): void {
  forEachRange(ranges, (first, count) => {
    // Counted: beyond what is a safe integer, one more is no other number.
    for (let n = 0; n < count; n++) visit(first + n);
  });
}

/** For who goes through all that is named, whether it is there or not. */
export function assertFew(ranges: Ranges): void {
  assert(ranges.every(isSeq) && countOf(ranges) <= STRETCH_MAX, "nobody names so many messages one by one");
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
