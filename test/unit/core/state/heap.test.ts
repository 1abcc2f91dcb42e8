import fc from "fast-check";
import { expect, test } from "vitest";
import { createHeap } from "../../../../src/core/state/heap.js";

const heapOf = (numbers: readonly number[]) => {
  const heap = createHeap<number>((number) => number);
  for (const number of numbers) heap.push(number);
  return heap;
};

const drain = (heap: ReturnType<typeof heapOf>) => {
  const drained: number[] = [];
  while (heap.size > 0) drained.push(heap.pop() as number);
  return drained;
};

const rising = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

test("items leave from the smallest to the largest", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      expect(drain(heapOf(numbers))).toEqual(rising(numbers));
    }),
  );
});

test("removing one from anywhere leaves the others in order", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer(), { minLength: 1 }), fc.nat(), (numbers, at) => {
      const heap = heapOf(numbers);
      const out = numbers[at % numbers.length] as number;
      expect(heap.remove((number) => number === out)).toBe(out);
      expect(drain(heap)).toEqual(rising(numbers.filter((number) => number !== out)));
    }),
  );
});

test("of items with one key the one leaves first that is before the others, also after one was removed", () => {
  const pair = fc.record({ key: fc.constantFrom(1, 1.5, 1_760_000_000_000), place: fc.nat() });
  const pairs = fc.uniqueArray(pair, { minLength: 1, selector: ({ place }) => place });
  fc.assert(
    fc.property(pairs, fc.nat(), (items, at) => {
      type Item = (typeof items)[number];
      const heap = createHeap<Item>(
        ({ key }) => key,
        (a, b) => a.place < b.place,
      );
      for (const item of items) heap.push(item);
      const out = items[at % items.length];
      heap.remove((item) => item === out);
      const left: Item[] = [];
      for (let item = heap.pop(); item; item = heap.pop()) left.push(item);
      const others = items.filter((item) => item !== out);
      expect(left).toEqual(others.sort((a, b) => a.key - b.key || a.place - b.place));
    }),
  );
});

test("an empty heap gives nothing", () => {
  const heap = heapOf([]);
  expect([heap.peek(), heap.pop(), heap.remove(() => true), heap.size]).toEqual([undefined, undefined, undefined, 0]);
});

test("what leaves next can be looked at, and all can be dropped", () => {
  const heap = heapOf([3, 1, 2]);
  expect(heap.peek()).toBe(1);
  expect(rising(heap.items())).toEqual([1, 2, 3]);
  heap.clear();
  expect(heap.size).toBe(0);
});
