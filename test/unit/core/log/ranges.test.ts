import fc from "fast-check";
import { expect, test } from "vitest";
import {
  countOf,
  forEachRange,
  forEachSeq,
  isWithin,
  pushRange,
  rangesOf,
  seqsOf,
} from "../../../../src/core/log/ranges.js";

test("numbers survive being written as stretches, in the order they had", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30)), (seqs) => {
      const ranges = rangesOf(seqs);
      expect(seqsOf(ranges)).toEqual(seqs);
      expect(countOf(ranges)).toBe(seqs.length);
    }),
  );
});

test("a stretch that continues the last one is joined to it", () => {
  const ranges: number[] = [];
  pushRange(ranges, 1, 3);
  pushRange(ranges, 4, 2);
  pushRange(ranges, 9, 1);
  pushRange(ranges, 8, 1);
  expect(ranges).toEqual([1, 5, 9, 1, 8, 1]);
});

test("stretches and numbers are visited in order", () => {
  const visited: number[][] = [];
  forEachRange([5, 2, 1, 1], (first, count) => visited.push([first, count]));
  expect(visited).toEqual([
    [5, 2],
    [1, 1],
  ]);
  const seqs: number[] = [];
  forEachSeq([5, 2, 1, 1], (seq) => seqs.push(seq));
  expect(seqs).toEqual([5, 6, 1]);
});

test("no stretches are no numbers", () => {
  expect([countOf([]), seqsOf([])]).toEqual([0, []]);
});

test("numbers are as many as a stretch says, also where one more is no other number", () => {
  expect(seqsOf([Number.MAX_SAFE_INTEGER, 5, 1, 1])).toHaveLength(6);
});

test("of a count that nobody can have meant only so many are taken", () => {
  expect(seqsOf([5, 2, 7, 1e15], 4)).toEqual([5, 6, 7, 8]);
  expect([4, 5, 6, 7, 9].filter((seq) => isWithin([5, 2, 8, 1e15], seq))).toEqual([5, 6, 9]);
});
