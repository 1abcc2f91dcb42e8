// Which stored batches hold bodies that are still referenced.
// Invariants: batches never overlap and rise by `firstSeq`; a batch leaves the index with its last reference, and
// its key is then in `freed`, from where the host deletes it in the background.

import type { Ranges, Seq } from "../log/journal.js";
import { countOf, forEachSeq, isSeq, isStretch, seqsOf } from "../log/ranges.js";
import { assert } from "../spec/errors.js";

export interface Batch {
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly count: number;
  readonly bytes: number;
  /** Present on a rewritten batch: the numbers it holds, since it has gaps. */
  readonly seqs?: Ranges | undefined;
  /** Bodies still referenced. */
  live: number;
  /** Which bodies are no longer referenced; missing while all are. A bitmap by offset, or a set where there are gaps. */
  gone?: Uint8Array | Set<Seq> | undefined;
}

export interface BatchIndex {
  readonly size: number;
  readonly bytes: number;
  add(batch: { firstSeq: Seq; count: number; bytes: number; seqs?: Ranges }): Batch;
  find(bodySeq: Seq): Batch | undefined;
  /** Adds a reference to each of these bodies. */
  retain(bodySeq: Seq, count: number): void;
  /** Drops one reference to each of these bodies. */
  release(bodySeq: Seq, count: number): void;
  /** Replaces batches by rewritten ones; what is in the new ones is live. */
  replace(removed: readonly Seq[], added: readonly { firstSeq: Seq; seqs: Ranges; bytes: number }[]): void;
  /** The numbers of a batch that are still referenced. */
  liveSeqs(batch: Batch): Seq[];
  /** Live batches by rising `firstSeq`. */
  all(): readonly Batch[];
  /** Takes the keys of batches that nothing references any more, as stretches without a live key: first, last, … */
  takeFreed(): Seq[];
  /** For loading a checkpoint: start with nothing referenced, then `retain` what the messages reference. */
  releaseAll(): void;
  /** References beyond one of each body: those that several messages share. */
  readonly shared: ReadonlyMap<Seq, number>;
  /** Drops every batch that nothing references. */
  sweep(): void;
}

const bitmapFor = (batch: Batch): Uint8Array => new Uint8Array((batch.count + 7) >> 3);

/** All that it holds, referenced or not. */
export const seqsIn = (batch: Batch): Ranges => batch.seqs ?? [batch.firstSeq, batch.count];

const isGone = (batch: Batch, seq: Seq): boolean => {
  if (batch.gone === undefined) return false;
  if (batch.gone instanceof Set) return batch.gone.has(seq);
  const offset = seq - batch.firstSeq;
  return ((batch.gone[offset >> 3] as number) & (1 << (offset & 7))) !== 0;
};

function markGone(batch: Batch, first: Seq, count: number): void {
  batch.gone ??= batch.seqs ? new Set() : bitmapFor(batch);
  for (let seq = first; seq < first + count; seq++) {
    if (batch.gone instanceof Set) batch.gone.add(seq);
    else {
      const offset = seq - batch.firstSeq;
      batch.gone[offset >> 3] = (batch.gone[offset >> 3] as number) | (1 << (offset & 7));
    }
  }
}

/** How many bodies from `seq` on, and before `end`, nothing references; of a batch with gaps, one at most. */
function countGone(batch: Batch, seq: Seq, end: Seq): number {
  const last = batch.seqs ? seq : Math.min(end - 1, batch.lastSeq);
  if (batch.live === 0) return last - seq + 1;
  let next = seq;
  while (next <= last && isGone(batch, next)) next++;
  return next - seq;
}

/** Bodies that were gone are referenced again. */
function revive(batch: Batch, first: Seq, count: number): void {
  // The first ones back: all others are still gone.
  if (batch.live === 0) batch.gone = batch.seqs ? new Set(seqsOf(batch.seqs)) : bitmapFor(batch).fill(0xff);
  for (let seq = first; seq < first + count; seq++) {
    if (batch.gone instanceof Set) batch.gone.delete(seq);
    else if (batch.gone) {
      const offset = seq - batch.firstSeq;
      batch.gone[offset >> 3] = (batch.gone[offset >> 3] as number) & ~(1 << (offset & 7));
    }
  }
  batch.live += count;
  if (batch.live === batch.count) batch.gone = undefined;
}

/** What is read of a store may be anything: a count that none can have would keep the host counting. */
function createBatch(given: { firstSeq: Seq; count: number; bytes: number; seqs?: Ranges | undefined }): Batch {
  const { firstSeq, count, bytes, seqs } = given;
  const isOne = isSeq(firstSeq) && isStretch(count) && (!seqs || (seqs.every(isSeq) && countOf(seqs) === count));
  assert(isOne, "a batch has as many bodies as fit into one");
  const lastSeq = seqs
    ? (seqs[seqs.length - 2] as number) + (seqs[seqs.length - 1] as number) - 1
    : firstSeq + count - 1;
  return { firstSeq, lastSeq, count, bytes, live: count, ...(seqs && { seqs }) };
}

export function createBatchIndex(): BatchIndex {
  // Sorted by firstSeq. Dead batches stay until half of the list is dead, so that dropping one is amortised O(1).
  let list: Batch[] = [];
  let dead = 0;
  let bytes = 0;
  let freed: Seq[] = [];
  let recent: Batch | undefined;
  const shared = new Map<Seq, number>();

  const covers = (batch: Batch | undefined, seq: Seq): batch is Batch =>
    batch !== undefined && seq >= batch.firstSeq && seq <= batch.lastSeq;

  /** Index of the last batch that starts at or before `seq`, −1 if none. */
  const search = (seq: Seq): number => {
    let low = 0;
    for (let high = list.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((list[middle] as Batch).firstSeq <= seq) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  /** Key of the first batch that starts after `seq`; live, once the list is compact. */
  const nextLive = (seq: Seq): Seq => list[search(seq) + 1]?.firstSeq ?? Number.POSITIVE_INFINITY;

  const compact = () => {
    if (dead > 0) list = list.filter((batch) => batch.live > 0);
    dead = 0;
  };

  const drop = (batch: Batch) => {
    bytes -= batch.bytes;
    dead++;
    if (recent === batch) recent = undefined;
    if (dead > 32 && dead * 2 > list.length) compact();
  };

  const find = (seq: Seq): Batch | undefined => {
    if (covers(recent, seq)) return recent;
    const batch = list[search(seq)];
    if (!covers(batch, seq) || batch.live === 0) return undefined;
    recent = batch;
    return batch;
  };

  const insert = (batch: Batch) => {
    const at = search(batch.firstSeq);
    // A dead batch with the same key would hide the new one.
    if (list[at]?.firstSeq === batch.firstSeq) {
      list[at] = batch;
      dead--;
    } else if (at === list.length - 1) list.push(batch);
    else list.splice(at + 1, 0, batch);
    bytes += batch.bytes;
  };

  return {
    get size() {
      return list.length - dead;
    },
    get bytes() {
      return bytes;
    },
    add(given) {
      const batch = createBatch(given);
      assert(find(batch.firstSeq) === undefined, "a batch is stored once");
      insert(batch);
      return batch;
    },
    find,
    shared,
    release(bodySeq, count) {
      for (let seq = bodySeq; seq < bodySeq + count; ) {
        const references = shared.size > 0 ? shared.get(seq) : undefined;
        if (references !== undefined) {
          if (references === 1) shared.delete(seq);
          else shared.set(seq, references - 1);
          seq++;
          continue;
        }
        const batch = find(seq);
        assert(batch, `body ${seq} is in a batch`);
        const here = batch.seqs || shared.size > 0 ? 1 : Math.min(bodySeq + count, batch.lastSeq + 1) - seq;
        batch.live -= here;
        if (batch.live === 0) {
          freed.push(batch.firstSeq);
          drop(batch);
        } else markGone(batch, seq, here);
        seq += here;
      }
    },
    replace(removed, added) {
      const keys = new Set(removed);
      // Dead batches go too: one inside the span of a rewritten batch would hide it.
      list = list.filter((batch) => batch.live > 0 && !keys.has(batch.firstSeq));
      dead = 0;
      recent = undefined;
      bytes = list.reduce((sum, batch) => sum + batch.bytes, 0);
      for (const { firstSeq, seqs, bytes: size } of added) {
        insert(
          createBatch({ firstSeq, count: countOf(seqs), bytes: size, seqs: seqs.length === 2 ? undefined : seqs }),
        );
      }
    },
    liveSeqs(batch) {
      const seqs: Seq[] = [];
      forEachSeq(seqsIn(batch), (seq) => {
        if (!isGone(batch, seq)) seqs.push(seq);
      });
      return seqs;
    },
    all: () => (dead === 0 ? list : list.filter((batch) => batch.live > 0)),
    takeFreed() {
      compact();
      const keys = freed.sort((a, b) => a - b);
      freed = [];
      const ranges: Seq[] = [];
      for (const key of keys) {
        const last = ranges[ranges.length - 1];
        if (last !== undefined && nextLive(last) >= key) ranges[ranges.length - 1] = key;
        else ranges.push(key, key);
      }
      return ranges;
    },
    releaseAll() {
      shared.clear();
      for (const batch of list) {
        batch.live = 0;
        batch.gone = undefined;
      }
    },
    retain(bodySeq, count) {
      for (let seq = bodySeq; seq < bodySeq + count; ) {
        const batch = covers(recent, seq) ? recent : list[search(seq)];
        assert(covers(batch, seq), `body ${seq} is in a batch`);
        recent = batch;
        const here = countGone(batch, seq, bodySeq + count);
        if (here > 0) revive(batch, seq, here);
        else shared.set(seq, (shared.get(seq) ?? 0) + 1);
        seq += Math.max(1, here);
      }
    },
    sweep() {
      for (const batch of list) if (batch.live === 0) freed.push(batch.firstSeq);
      list = list.filter((batch) => batch.live > 0);
      dead = 0;
      recent = undefined;
      bytes = list.reduce((sum, batch) => sum + batch.bytes, 0);
    },
  };
}
