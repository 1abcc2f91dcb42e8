// Bodies on their way from the store to a consumer. What was stored a moment ago is still in memory and is not read
// again; the cache forgets a batch once all of it was handed out, and, bounded by estimated bytes, the oldest first.

import type { BatchIndex } from "../core/batch-index.js";
import type { Seq } from "../core/journal.js";
import type { Headers } from "../link/wire.js";
import { type BodyBatch, type LogStore, StoreError } from "../store/log-store.js";

const CACHE_BYTES_MAX = 8 * 1024 * 1024;

export interface StoredMessage {
  readonly body: unknown;
  readonly headers: Headers | undefined;
}

export interface Bodies {
  /** Keeps a batch that was just stored. */
  keep(batch: BodyBatch, bytes: number): void;
  /** Bodies by number; one that the store cannot give back is missing. */
  read(index: () => BatchIndex, bodySeqs: readonly Seq[]): Promise<Map<Seq, StoredMessage>>;
  /** The same for a hand-out: whose messages are hardly asked for again, so they are not kept for that. */
  take(index: () => BatchIndex, bodySeqs: readonly Seq[]): Promise<Map<Seq, StoredMessage>>;
  forget(): void;
}

/** The body with this number, if the batch holds it. */
export function messageIn(batch: BodyBatch, seq: Seq): StoredMessage | undefined {
  const at = batch.seqs ? batch.seqs.indexOf(seq) : seq - batch.firstSeq;
  if (at < 0 || at >= batch.bodies.length) return undefined;
  return { body: batch.bodies[at], headers: batch.headers?.[at] };
}

/** What can be read of these batches: one that cannot must not keep the others away. */
async function readable(store: LogStore, keys: readonly Seq[]): Promise<(BodyBatch | undefined)[]> {
  try {
    return await store.readBatches(keys);
  } catch (error) {
    const broken = error instanceof StoreError && error.reason === "unreadable" ? error.firstSeqs : undefined;
    if (broken === undefined || broken.length === 0) throw error;
    const rest = keys.filter((key) => !broken.includes(key));
    return rest.length === keys.length ? [] : readable(store, rest);
  }
}

export function createBodies(store: LogStore): Bodies {
  const cache = new Map<Seq, { readonly batch: BodyBatch; readonly bytes: number; untaken: number }>();
  let bytesCached = 0;

  const remember = (batch: BodyBatch, bytes: number) => {
    drop(batch.firstSeq);
    cache.set(batch.firstSeq, { batch, bytes, untaken: batch.bodies.length });
    bytesCached += bytes;
    for (const key of cache.keys()) {
      if (bytesCached <= CACHE_BYTES_MAX || key === batch.firstSeq) break;
      drop(key);
    }
  };

  const drop = (firstSeq: Seq) => {
    bytesCached -= cache.get(firstSeq)?.bytes ?? 0;
    cache.delete(firstSeq);
  };

  /** A message that is handed out again counts again: that may cost a read. */
  const noteTaken = (index: BatchIndex, bodySeqs: readonly Seq[]) => {
    for (const seq of bodySeqs) {
      const firstSeq = index.find(seq)?.firstSeq;
      const cached = firstSeq === undefined ? undefined : cache.get(firstSeq);
      if (cached && --cached.untaken === 0) drop(cached.batch.firstSeq);
    }
  };

  /** Takes what the cache has; returns which batches would have the rest. */
  const takeCached = (index: BatchIndex, wanted: readonly Seq[], found: Map<Seq, StoredMessage>): Map<Seq, number> => {
    const missing = new Map<Seq, number>();
    for (const seq of wanted) {
      if (found.has(seq)) continue;
      const entry = index.find(seq);
      if (entry === undefined) continue;
      const cached = cache.get(entry.firstSeq);
      const message = cached && messageIn(cached.batch, seq);
      if (message) found.set(seq, message);
      else missing.set(entry.firstSeq, entry.bytes);
    }
    return missing;
  };

  const read = async (index: () => BatchIndex, bodySeqs: readonly Seq[]) => {
    const found = new Map<Seq, StoredMessage>();
    // A batch may be rewritten under another key while it is being read: look again, once.
    for (let round = 0; round < 2; round++) {
      const missing = takeCached(index(), bodySeqs, found);
      if (missing.size === 0) break;
      const keys = [...missing.keys()].sort((a, b) => a - b);
      const batches = await readable(store, keys);
      for (const batch of batches) {
        if (batch === undefined) continue;
        remember(batch, missing.get(batch.firstSeq) ?? 0);
        for (const seq of bodySeqs) {
          const message = found.has(seq) ? undefined : messageIn(batch, seq);
          if (message) found.set(seq, message);
        }
      }
    }
    return found;
  };

  return {
    keep: remember,
    read,
    async take(index, bodySeqs) {
      const found = await read(index, bodySeqs);
      noteTaken(index(), bodySeqs);
      return found;
    },
    forget() {
      cache.clear();
      bytesCached = 0;
    },
  };
}
