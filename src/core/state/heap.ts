// A binary min-heap: push and pop in O(log n), peek in O(1). A class, since every queue has two: as closures they were
// most of what an idle queue weighs. The keys stand beside the items: of a hundred thousand that lie about in memory, hardly
// any is looked at to find the place of one. Invariant: an item has one key for as long as it is in the heap.

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

/** Small keys first; of those with the same, in the order that `isBefore` says, if any. */
export const createHeap = <T>(keyOf: (item: T) => number, isBefore?: IsBefore<T>): Heap<T> =>
  new BinaryHeap(keyOf, isBefore);

type IsBefore<T> = (a: T, b: T) => boolean;

class BinaryHeap<T> implements Heap<T> {
  private list: T[] = [];
  private keys: number[] = [];
  private readonly keyOf: (item: T) => number;
  private readonly isBefore: IsBefore<T> | undefined;

  constructor(keyOf: (item: T) => number, isBefore: IsBefore<T> | undefined) {
    this.keyOf = keyOf;
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
    this.rise(this.list.length - 1, item, this.keyOf(item));
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
    // New ones, so that the memory of long lists is given back.
    this.list = [];
    this.keys = [];
  }

  /** Puts an item in place of the one that is gone from there, or above it. */
  private rise(from: number, item: T, key: number): void {
    const { list, keys } = this;
    let at = from;
    for (let parent = (at - 1) >> 1; at > 0; parent = (at - 1) >> 1) {
      const above = keys[parent] as number;
      if (key > above || (key === above && !this.isBefore?.(item, list[parent] as T))) break;
      list[at] = list[parent] as T;
      keys[at] = above;
      at = parent;
    }
    list[at] = item;
    keys[at] = key;
  }

  /** Moves the gap down to a leaf. Returns where that is. */
  private sink(from: number): number {
    const { list, keys } = this;
    const end = list.length;
    let at = from;
    for (let left = 2 * at + 1; left < end; left = 2 * at + 1) {
      const right = left + 1;
      const isRight =
        right < end &&
        ((keys[right] as number) < (keys[left] as number) ||
          (keys[right] === keys[left] && this.isBefore?.(list[right] as T, list[left] as T)));
      const child = isRight ? right : left;
      list[at] = list[child] as T;
      keys[at] = keys[child] as number;
      at = child;
    }
    return at;
  }

  private removeAt(index: number): T | undefined {
    const { list, keys } = this;
    const removed = list[index];
    const last = list.pop() as T;
    const key = keys.pop() as number;
    // The last one mostly belongs to the bottom: to rise from there takes half the comparisons of sinking to it.
    if (index < list.length) this.rise(this.sink(index), last, key);
    return removed;
  }
}
