// A binary min-heap: push and pop in O(log n), peek in O(1).

export interface Heap<T> {
  readonly size: number;
  peek(): T | undefined;
  push(item: T): void;
  pop(): T | undefined;
  /** The items for which it holds, in no order, if it holds for no item that comes after one for which it does not. */
  upTo(holds: (item: T) => boolean): T[];
  /** All items, in no order. */
  items(): readonly T[];
  /** Removes the first item that matches, in O(n): for paths that are not hot. */
  remove(matches: (item: T) => boolean): T | undefined;
  clear(): void;
}

export function createHeap<T>(isBefore: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];
  const swap = (i: number, j: number) => {
    const held = items[i] as T;
    items[i] = items[j] as T;
    items[j] = held;
  };
  const rise = (from: number) => {
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!isBefore(items[i] as T, items[parent] as T)) return;
      swap(i, parent);
      i = parent;
    }
  };
  const sink = (from: number) => {
    for (let i = from; ; ) {
      const left = 2 * i + 1;
      if (left >= items.length) return;
      const right = left + 1;
      const child = right < items.length && isBefore(items[right] as T, items[left] as T) ? right : left;
      if (!isBefore(items[child] as T, items[i] as T)) return;
      swap(i, child);
      i = child;
    }
  };
  const removeAt = (index: number): T | undefined => {
    const removed = items[index];
    const last = items.pop() as T;
    if (index < items.length) {
      items[index] = last;
      rise(index);
      sink(index);
    }
    return removed;
  };
  return {
    get size() {
      return items.length;
    },
    peek: () => items[0],
    push(item) {
      items.push(item);
      rise(items.length - 1);
    },
    pop: () => (items.length === 0 ? undefined : removeAt(0)),
    upTo(holds) {
      const found: T[] = [];
      const visit = (i: number) => {
        if (i >= items.length || !holds(items[i] as T)) return;
        found.push(items[i] as T);
        visit(2 * i + 1);
        visit(2 * i + 2);
      };
      visit(0);
      return found;
    },
    items: () => items,
    remove(matches) {
      const index = items.findIndex(matches);
      return index < 0 ? undefined : removeAt(index);
    },
    clear() {
      items.length = 0;
    },
  };
}
