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
  read(bodySeqs: readonly Seq[]): Promise<Map<Seq, StoredMessage>>;
  /** The same for a hand-out: whose messages are hardly asked for again, so they are not kept for that. */
  take(bodySeqs: readonly Seq[]): Promise<Map<Seq, StoredMessage>>;
}

export interface BodiesParts {
  readonly store: LogStore;
  /** Where the bodies are, as the working state has it. */
  index(): BatchIndex;
  /** Runs the task while the working state is what is stored, and nothing moves. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
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

export function createBodies({ store, index, exclusive }: BodiesParts): Bodies {
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
  const noteTaken = (bodySeqs: readonly Seq[]) => {
    for (const seq of bodySeqs) {
      const firstSeq = index().find(seq)?.firstSeq;
      const cached = firstSeq === undefined ? undefined : cache.get(firstSeq);
      if (cached && --cached.untaken === 0) drop(cached.batch.firstSeq);
    }
  };

  /** Takes what the cache has; returns which batches would have the rest. */
  const takeCached = (wanted: readonly Seq[], found: Map<Seq, StoredMessage>): Map<Seq, number> => {
    const missing = new Map<Seq, number>();
    for (const seq of wanted) {
      if (found.has(seq)) continue;
      const entry = index().find(seq);
      if (entry === undefined) continue;
      const cached = cache.get(entry.firstSeq);
      const message = cached && messageIn(cached.batch, seq);
      if (message) found.set(seq, message);
      else missing.set(entry.firstSeq, entry.bytes);
    }
    return missing;
  };

  /** Adds what can be found of the wanted bodies. */
  const look = async (wanted: readonly Seq[], found: Map<Seq, StoredMessage>): Promise<void> => {
    const missing = takeCached(wanted, found);
    if (missing.size === 0) return;
    const keys = [...missing.keys()].sort((a, b) => a - b);
    for (const batch of await readable(store, keys)) {
      if (batch === undefined) continue;
      remember(batch, missing.get(batch.firstSeq) ?? 0);
      for (const seq of wanted) {
        const message = found.has(seq) ? undefined : messageIn(batch, seq);
        if (message) found.set(seq, message);
      }
    }
  };

  const read = async (wanted: readonly Seq[]) => {
    const found = new Map<Seq, StoredMessage>();
    await look(wanted, found);
    // A batch may be under another key already, or the index be about to be undone: that it is gone is only sure at rest.
    if (wanted.some((seq) => !found.has(seq))) await exclusive(() => look(wanted, found));
    return found;
  };

  return {
    keep: remember,
    read,
    async take(bodySeqs) {
      const found = await read(bodySeqs);
      noteTaken(bodySeqs);
      return found;
    },
  };
}
