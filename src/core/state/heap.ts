// A binary min-heap: push and pop in O(log n), peek in O(1). A class, since every queue has two: as closures they were
// most of what an idle queue weighs.

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

export const createHeap = <T>(isBefore: (a: T, b: T) => boolean): Heap<T> => new BinaryHeap(isBefore);

class BinaryHeap<T> implements Heap<T> {
  private list: T[] = [];
  private readonly isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.isBefore = isBefore;
  }

  get size(): number {
    return this.list.length;
  }

  peek(): T | undefined {
    return this.list[0];
  }

  push(item: T): void {
    this.list.push(item);
    this.rise(this.list.length - 1);
  }

  pop(): T | undefined {
    return this.list.length === 0 ? undefined : this.removeAt(0);
  }

  upTo(holds: (item: T) => boolean): T[] {
    const { list } = this;
    const found: T[] = [];
    const visit = (i: number) => {
      if (i >= list.length || !holds(list[i] as T)) return;
      found.push(list[i] as T);
      visit(2 * i + 1);
      visit(2 * i + 2);
    };
    visit(0);
    return found;
  }

  items(): readonly T[] {
    return this.list;
  }

  remove(matches: (item: T) => boolean): T | undefined {
    const index = this.list.findIndex(matches);
    return index < 0 ? undefined : this.removeAt(index);
  }

  clear(): void {
    // A new one, so that the memory of a long list is given back.
    this.list = [];
  }

  private swap(i: number, j: number): void {
    const held = this.list[i] as T;
    this.list[i] = this.list[j] as T;
    this.list[j] = held;
  }

  private rise(from: number): void {
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.isBefore(this.list[i] as T, this.list[parent] as T)) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  private sink(from: number): void {
    const { list, isBefore } = this;
    for (let i = from; ; ) {
      const left = 2 * i + 1;
      if (left >= list.length) return;
      const right = left + 1;
      const child = right < list.length && isBefore(list[right] as T, list[left] as T) ? right : left;
      if (!isBefore(list[child] as T, list[i] as T)) return;
      this.swap(i, child);
      i = child;
    }
  }

  private removeAt(index: number): T | undefined {
    const { list } = this;
    const removed = list[index];
    const last = list.pop() as T;
    if (index < list.length) {
      list[index] = last;
      this.rise(index);
      this.sink(index);
    }
    return removed;
  }
}
