// Bodies on their way from the store to a consumer. What was stored a moment ago is still in memory and is not read
// again; the cache forgets a batch once all of it was handed out, and, bounded by estimated bytes, the oldest first.

import { type EncodedBody, type Headers, listOf } from "../../core/log/bodies.js";
import { countBodies } from "../../core/log/columns.js";
import type { Seq } from "../../core/log/journal.js";
import { CACHE_BYTES_MAX } from "../../core/spec/limits.js";
import type { Instant } from "../../core/spec/time.js";
import type { Batch, BatchIndex } from "../../core/state/batch-index.js";
import { type BodyBatch, type LogStore, type NewBatch, StoreError } from "../../store/log-store.js";
import { textsOf } from "../engine/texts.js";

export interface StoredMessage extends EncodedBody {
  readonly headers: Headers | undefined;
  /** Epoch milliseconds of acceptance. */
  readonly sentAt: Instant;
}

export interface Bodies {
  /** Keeps a batch that was just stored. */
  keep(batch: NewBatch, bytes: number): void;
  /** Bodies by number, in that order; one that the store cannot give back is missing. */
  read(bodySeqs: readonly Seq[]): Promise<(StoredMessage | undefined)[]>;
  /** The same for a hand-out: whose messages are hardly asked for again, so they are not kept for that. */
  take(bodySeqs: readonly Seq[]): Promise<(StoredMessage | undefined)[]>;
  /** `undefined` unless all of them are in memory. */
  takeNow(bodySeqs: readonly Seq[]): StoredMessage[] | undefined;
}

export interface BodiesParts {
  readonly store: LogStore;
  /** Where the bodies are, as the working state has it. */
  index(): BatchIndex;
  /** Runs the task while the working state is what is stored, and nothing moves. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
}

/** A batch taken apart: gives the message with this number, if the batch holds it. */
export type OpenedBatch = (seq: Seq) => StoredMessage | undefined;

export function openBatch({ bodies, firstSeq, seqs, headers, sentAt }: NewBatch): OpenedBatch {
  const { encoding, entries } = listOf(textsOf(bodies));
  const places = seqs && new Map(seqs.map((seq, at) => [seq, at]));
  return (seq) => {
    const at = places ? places.get(seq) : seq - firstSeq;
    if (at === undefined || at < 0 || at >= entries.length) return undefined;
    const acceptedAt = typeof sentAt === "number" ? sentAt : (sentAt[at] as number);
    return { encoding, body: entries[at], headers: headers?.[at], sentAt: acceptedAt };
  };
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

interface Cached {
  readonly batch: NewBatch;
  readonly bytes: number;
  /** Made when the first of its messages is asked for. */
  opened?: OpenedBatch;
  untaken: number;
}

export function createBodies({ store, index, exclusive }: BodiesParts): Bodies {
  const cache = new Map<Seq, Cached>();
  let bytesCached = 0;

  const remember = (batch: NewBatch, bytes: number): Cached => {
    drop(batch.firstSeq);
    const cached: Cached = { batch, bytes, untaken: batch.seqs?.length ?? countBodies(batch.bodies) };
    cache.set(batch.firstSeq, cached);
    bytesCached += bytes;
    for (const key of cache.keys()) {
      if (bytesCached <= CACHE_BYTES_MAX || key === batch.firstSeq) break;
      drop(key);
    }
    return cached;
  };

  const drop = (firstSeq: Seq) => {
    bytesCached -= cache.get(firstSeq)?.bytes ?? 0;
    cache.delete(firstSeq);
  };

  const messageIn = (cached: Cached, seq: Seq): StoredMessage | undefined => {
    cached.opened ??= openBatch(cached.batch);
    return cached.opened(seq);
  };

  /** A message that is handed out again counts again: that may cost a read. */
  const noteTaken = (bodySeqs: readonly Seq[]) => {
    for (const seq of bodySeqs) {
      const firstSeq = index().find(seq)?.firstSeq;
      const cached = firstSeq === undefined ? undefined : cache.get(firstSeq);
      if (cached && --cached.untaken === 0) drop(cached.batch.firstSeq);
    }
  };

  /** Takes what the cache has; returns which batches would have the rest, and for which places of `wanted`. */
  const takeCached = (wanted: readonly Seq[], found: (StoredMessage | undefined)[]): Map<Batch, number[]> => {
    const missing = new Map<Batch, number[]>();
    let entry: Batch | undefined;
    let cached: Cached | undefined;
    wanted.forEach((seq, place) => {
      if (found[place]) return;
      const holding = index().find(seq);
      if (holding !== entry) cached = holding && cache.get(holding.firstSeq);
      entry = holding;
      if (entry === undefined) return;
      found[place] = cached && messageIn(cached, seq);
      if (found[place]) return;
      const places = missing.get(entry) ?? [];
      missing.set(entry, places);
      places.push(place);
    });
    return missing;
  };

  /** Adds what can be found of the wanted bodies. */
  const look = async (wanted: readonly Seq[], found: (StoredMessage | undefined)[]): Promise<void> => {
    const missing = takeCached(wanted, found);
    if (missing.size === 0) return;
    const byKey = new Map([...missing].map(([{ firstSeq, bytes }, places]) => [firstSeq, { bytes, places }]));
    const keys = [...byKey.keys()].sort((a, b) => a - b);
    for (const batch of await readable(store, keys)) {
      const wantedOfIt = batch && byKey.get(batch.firstSeq);
      if (wantedOfIt === undefined) continue;
      const cached = remember(batch as BodyBatch, wantedOfIt.bytes);
      for (const place of wantedOfIt.places) found[place] ??= messageIn(cached, wanted[place] as Seq);
    }
  };

  const read = async (wanted: readonly Seq[]) => {
    const found = new Array<StoredMessage | undefined>(wanted.length).fill(undefined);
    await look(wanted, found);
    // A batch may be under another key already, or the index be about to be undone: that it is gone is only sure at rest.
    if (found.includes(undefined)) await exclusive(() => look(wanted, found));
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
    takeNow(bodySeqs) {
      const found = new Array<StoredMessage | undefined>(bodySeqs.length).fill(undefined);
      takeCached(bodySeqs, found);
      if (found.includes(undefined)) return undefined;
      noteTaken(bodySeqs);
      return found as StoredMessage[];
    },
  };
}
