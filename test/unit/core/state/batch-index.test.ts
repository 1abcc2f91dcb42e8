import { describe, expect, test } from "vitest";
import { type BatchIndex, createBatchIndex } from "../../../../src/core/state/batch-index.js";

/** Batches of ten bodies: 1 to 10, 11 to 20, … */
const indexOf = (batches: number): BatchIndex => {
  const index = createBatchIndex();
  for (let i = 0; i < batches; i++) index.add({ firstSeq: 1 + 10 * i, count: 10, bytes: 1_000 });
  return index;
};
const keys = (index: BatchIndex) => index.all().map((batch) => batch.firstSeq);

test("a body is found in its batch by its number", () => {
  const index = indexOf(3);
  expect([1, 10, 11, 30].map((seq) => index.find(seq)?.firstSeq)).toEqual([1, 1, 11, 21]);
  expect([0, 31].map((seq) => index.find(seq))).toEqual([undefined, undefined]);
});

test("a batch goes with its last reference, and its key is free then", () => {
  const index = indexOf(2);
  index.release(1, 9);
  expect([index.size, index.bytes, index.takeFreed()]).toEqual([2, 2_000, []]);
  index.release(10, 1);
  expect([index.size, index.bytes, index.find(5)]).toEqual([1, 1_000, undefined]);
  expect(index.takeFreed()).toEqual([1, 1]);
  expect(index.takeFreed()).toEqual([]);
});

test("a stretch of bodies is released across batches", () => {
  const index = indexOf(4);
  index.release(6, 30);
  expect(index.all().map((batch) => [batch.firstSeq, index.liveSeqs(batch)])).toEqual([
    [1, [1, 2, 3, 4, 5]],
    [31, [36, 37, 38, 39, 40]],
  ]);
});

test("releasing what is not there is a bug that shows", () => {
  const index = indexOf(1);
  expect(() => index.release(11, 1)).toThrow("broken invariant: body 11 is in a batch");
  expect(() => index.add({ firstSeq: 1, count: 1, bytes: 1 })).toThrow("a batch is stored once");
});

describe("the stretches of free keys", () => {
  test("are as long as no live batch lies between", () => {
    const index = indexOf(6);
    for (const first of [51, 11, 21, 1]) index.release(first, 10);
    expect(index.takeFreed()).toEqual([1, 21, 51, 51]);
  });

  test("never hold the key of a live batch, however many came and went", () => {
    const index = indexOf(1_000);
    const isLive = (i: number) => i % 7 === 0 || (i > 400 && i < 420);
    for (let i = 0; i < 1_000; i++) if (!isLive(i)) index.release(1 + 10 * i, 10);
    const freed = index.takeFreed();
    const covered = (key: number) =>
      freed.some((first, i) => i % 2 === 0 && key >= first && key <= (freed[i + 1] as number));
    for (let i = 0; i < 1_000; i++) expect(covered(1 + 10 * i)).toBe(!isLive(i));
  });

  test("are found at once, even of a hundred thousand batches", () => {
    const index = createBatchIndex();
    for (let seq = 1; seq <= 200_000; seq++) index.add({ firstSeq: seq, count: 1, bytes: 1 });
    for (let seq = 1; seq <= 99_000; seq++) index.release(seq, 1);
    const startedAt = performance.now();
    expect(index.takeFreed()).toEqual([1, 99_000]);
    // A walk over the dead batches for each of them took seconds.
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe("a rewritten batch", () => {
  const rewritten = () => {
    const index = indexOf(4);
    index.release(1, 4);
    index.release(12, 8);
    index.replace([1, 11], [{ firstSeq: 5, seqs: [5, 7, 20, 1], bytes: 700 }]);
    return index;
  };

  test("takes the place of those it was made of", () => {
    const index = rewritten();
    expect(keys(index)).toEqual([5, 21, 31]);
    expect([index.size, index.bytes]).toEqual([3, 2_700]);
    expect([5, 11, 20].map((seq) => index.find(seq)?.firstSeq)).toEqual([5, 5, 5]);
    expect(index.takeFreed()).toEqual([]);
  });

  test("counts its bodies and not its gaps", () => {
    const index = rewritten();
    const batch = index.find(5);
    expect(batch).toMatchObject({ count: 8, live: 8, lastSeq: 20 });
    index.release(6, 2);
    index.release(20, 1);
    expect(batch && index.liveSeqs(batch)).toEqual([5, 8, 9, 10, 11]);
    index.release(5, 1);
    index.release(8, 4);
    expect(keys(index)).toEqual([21, 31]);
    expect(index.takeFreed()).toEqual([5, 5]);
  });

  test("may have the key of one it was made of", () => {
    const index = indexOf(2);
    index.release(2, 9);
    index.replace([1, 11], [{ firstSeq: 1, seqs: [1, 1, 11, 10], bytes: 1_100 }]);
    expect(keys(index)).toEqual([1]);
    index.release(1, 1);
    index.release(11, 10);
    expect([index.size, index.bytes, index.takeFreed()]).toEqual([0, 0, [1, 1]]);
  });

  test("is not hidden by batches that died within its span", () => {
    const index = indexOf(3);
    index.release(11, 10);
    index.replace([1, 21], [{ firstSeq: 1, seqs: [1, 10, 21, 10], bytes: 2_000 }]);
    expect(index.find(25)?.firstSeq).toBe(1);
    expect(index.takeFreed()).toEqual([11, 11]);
  });
});

test("loading keeps what messages refer to and frees the rest", () => {
  const index = indexOf(3);
  index.releaseAll();
  index.retain(3, 2);
  index.retain(21, 10);
  index.sweep();
  expect(index.all().map((batch) => [batch.firstSeq, batch.live, index.liveSeqs(batch).length])).toEqual([
    [1, 2, 2],
    [21, 10, 10],
  ]);
  expect([index.size, index.bytes, index.takeFreed()]).toEqual([2, 2_000, [11, 11]]);
  expect(() => index.retain(11, 1)).toThrow("body 11 is in a batch");
});
