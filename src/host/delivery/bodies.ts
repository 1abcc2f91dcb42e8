// Bodies on their way from the store to a consumer. What was stored a moment ago is still in memory and is not read
// again; the cache forgets a batch once all of it was handed out, and, bounded by estimated bytes, the oldest first.
// Messages that leave in another order than they were stored are read ahead: of more batches than fit into memory those
// bodies are kept that are wanted next. Measured, of 100,000 delayed at random: 3 reads of all of them rather than 100.

import { columnOf, type EncodedBody, gather, type Headers, listOf } from "../../core/log/bodies.js";
import type { Seq } from "../../core/log/journal.js";
import { CACHE_BYTES_MAX } from "../../core/spec/limits.js";
import type { Instant } from "../../core/spec/time.js";
import type { Batch, BatchIndex } from "../../core/state/batch-index.js";
import type { BodyBatch, LogStore, NewBatch } from "../../store/log-store.js";
import { BATCH_VERSION } from "../engine/proposal.js";
import { readable } from "../engine/readable.js";
import { textsOf } from "../engine/texts.js";

export interface StoredMessage extends EncodedBody {
  readonly headers: Headers | undefined;
  /** Epoch milliseconds of acceptance. */
  readonly sentAt: Instant;
}

export interface Bodies {
  /** Keeps a batch that was just stored. */
  keep(batch: NewBatch, size: BatchSize): void;
  /** Bodies by number, in that order; one that the store cannot give back is missing. */
  read(bodySeqs: readonly Seq[]): Promise<(StoredMessage | undefined)[]>;
  /**
   * The same for a hand-out: whose messages are hardly asked for again, so they are not kept for that. `nextUp` says which
   * will be wanted after these, of about so many bytes.
   */
  take(bodySeqs: readonly Seq[], nextUp: NextUp): Promise<(StoredMessage | undefined)[]>;
  /** `undefined` unless all of them are in memory. */
  takeNow(bodySeqs: readonly Seq[]): StoredMessage[] | undefined;
}

/** How many bodies it has, and of how many bytes. */
type BatchSize = Pick<Batch, "count" | "bytes">;

export type NextUp = (bytesMax: number) => Iterable<Seq>;

export interface BodiesParts {
  readonly store: LogStore;
  /** Where the bodies are, as the working state has it. */
  index(): BatchIndex;
  /** Runs the task while the working state is what is stored, and nothing moves. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
}

/** Read ahead at once; more may be kept of it, since sizes are estimates, and what was read first would have to go. */
const AHEAD_BYTES = CACHE_BYTES_MAX;
const AHEAD_BYTES_MAX = 1.5 * AHEAD_BYTES;

/** Read with one request. While these are taken apart the next are on their way, so that twice as many are in memory. */
const PIECE_BYTES = CACHE_BYTES_MAX / 4;

/** Bodies are read ahead where fewer than one in so many of those are wanted that would be read, of so many batches. */
const SCATTERED_TIMES = 4;
const SCATTERED_BATCHES_MIN = 4;

/** A batch taken apart: gives the message with this number, if the batch holds it. */
export type OpenedBatch = (seq: Seq) => StoredMessage | undefined;

export function openBatch({ bodies, firstSeq, seqs, headers, sentAt }: NewBatch): OpenedBatch {
  const { encoding, entries } = listOf(textsOf(bodies));
  const places = seqs && new Map(seqs.map((seq, at) => [seq, at]));
  return (seq) => {
    const at = places ? places.get(seq) : seq - firstSeq;
    if (at === undefined || at < 0 || at >= entries.length) return undefined;
    // A body does not go with a time that is gone.
    const acceptedAt = typeof sentAt === "number" ? sentAt : (sentAt?.[at] ?? 0);
    return { encoding, body: entries[at], headers: headers?.[at], sentAt: acceptedAt };
  };
}

/** A batch of these messages, of which nothing is kept in memory beside: what is cut out of a text keeps all of it. */
export function batchOfSome(seqs: readonly Seq[], messages: readonly StoredMessage[]): BodyBatch {
  const bodies = gather(messages);
  const hasHeaders = messages.some(({ headers }) => headers !== undefined);
  return {
    v: BATCH_VERSION,
    firstSeq: seqs[0] as Seq,
    seqs,
    sentAt: messages.map(({ sentAt }) => sentAt),
    encoding: bodies.encoding,
    bodies: columnOf(bodies),
    ...(hasHeaders && { headers: messages.map(({ headers }) => headers) }),
  };
}

interface Cached {
  readonly batch: NewBatch;
  readonly bytes: number;
  /** Made when the first of its messages is asked for. */
  opened?: OpenedBatch;
  untaken: number;
}

/** Batches, or parts of them, by their keys; of more than so many bytes the oldest go. */
interface Cache {
  keep(key: Seq, batch: NewBatch, size: BatchSize): Cached;
  find(key: Seq | undefined, seq: Seq): StoredMessage | undefined;
  /** One of its messages was handed out. */
  noteTaken(key: Seq | undefined): void;
}

function createCache(bytesMax: number): Cache {
  const kept = new Map<Seq, Cached>();
  let bytesKept = 0;
  const drop = (key: Seq) => {
    bytesKept -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  };
  return {
    keep(key, batch, { count, bytes }) {
      drop(key);
      const cached: Cached = { batch, bytes, untaken: count };
      kept.set(key, cached);
      bytesKept += bytes;
      for (const oldest of kept.keys()) {
        if (bytesKept <= bytesMax || oldest === key) break;
        drop(oldest);
      }
      return cached;
    },
    find(key, seq) {
      const cached = key === undefined ? undefined : kept.get(key);
      return cached && messageIn(cached, seq);
    },
    noteTaken(key) {
      const cached = key === undefined ? undefined : kept.get(key);
      if (cached && --cached.untaken === 0) drop(key as Seq);
    },
  };
}

function messageIn(cached: Cached, seq: Seq): StoredMessage | undefined {
  cached.opened ??= openBatch(cached.batch);
  return cached.opened(seq);
}

/** By their keys, cut where they have more bytes than one request reads. */
function piecesOf(batches: Iterable<Batch | undefined>): Batch[][] {
  const pieces: Batch[][] = [];
  let room = 0;
  for (const batch of [...batches].filter((one) => one !== undefined).sort((a, b) => a.firstSeq - b.firstSeq)) {
    if (pieces.length === 0 || batch.bytes > room) {
      pieces.push([]);
      room = PIECE_BYTES;
    }
    pieces.at(-1)?.push(batch);
    room -= batch.bytes;
  }
  return pieces;
}

export function createBodies({ store, index, exclusive }: BodiesParts): Bodies {
  const cache = createCache(CACHE_BYTES_MAX);
  /** Parts of batches that were read ahead: beside the others, which new batches would drive out. */
  const ahead = createCache(AHEAD_BYTES_MAX);

  /** Resolves when what is being read ahead is there, or is not to be had. */
  let readingAhead: Promise<void> | undefined;

  /** A message that is handed out again counts again: that may cost a read. */
  const noteTaken = (bodySeqs: readonly Seq[]) => {
    for (const seq of bodySeqs) {
      const key = index().find(seq)?.firstSeq;
      cache.noteTaken(key);
      ahead.noteTaken(key);
    }
  };

  /** Takes what is in memory; returns which batches would have the rest, and for which places of `wanted`. */
  const takeCached = (wanted: readonly Seq[], found: (StoredMessage | undefined)[]): Map<Batch, number[]> => {
    const missing = new Map<Batch, number[]>();
    wanted.forEach((seq, place) => {
      if (found[place]) return;
      const holding = index().find(seq);
      found[place] = cache.find(holding?.firstSeq, seq) ?? ahead.find(holding?.firstSeq, seq);
      if (found[place] || holding === undefined) return;
      const places = missing.get(holding) ?? [];
      missing.set(holding, places);
      places.push(place);
    });
    return missing;
  };

  /** Few of each of many batches: whole ones would be forgotten before more of them is wanted. */
  const isScattered = (missing: ReadonlyMap<Batch, readonly number[]>): boolean => {
    if (missing.size < SCATTERED_BATCHES_MIN || index().bytes <= CACHE_BYTES_MAX) return false;
    let needed = 0;
    let read = 0;
    for (const [{ count }, places] of missing) {
      needed += places.length;
      read += count;
    }
    return needed * SCATTERED_TIMES < read;
  };

  /** Adds what can be found of the wanted bodies. */
  const look = async (wanted: readonly Seq[], found: (StoredMessage | undefined)[], nextUp: NextUp): Promise<void> => {
    let missing = takeCached(wanted, found);
    // What is being read ahead is what the hand-out behind it wants.
    while (readingAhead && isScattered(missing)) {
      await readingAhead;
      missing = takeCached(wanted, found);
    }
    const fill = (holding: Batch, cached: Cached) => {
      for (const place of missing.get(holding) ?? []) found[place] ??= messageIn(cached, wanted[place] as Seq);
    };
    if (!isScattered(missing))
      return readEach(missing.keys(), (batch, holding) => fill(holding, cache.keep(holding.firstSeq, batch, holding)));
    const parts = new Set([...wanted, ...nextUp(AHEAD_BYTES)]);
    const holdings = new Set(Array.from(parts, (seq) => index().find(seq)));
    const reading = readEach(holdings, (batch, holding) => fill(holding, keepPart(batch, parts, holding)));
    const isOver = () => {
      readingAhead = undefined;
    };
    readingAhead = reading.then(isOver, isOver);
    return reading;
  };

  /** Reads these, and calls back with each that can be read. */
  const readEach = async (
    holdings: Iterable<Batch | undefined>,
    visit: (batch: NewBatch, holding: Batch) => void,
  ): Promise<void> => {
    const pieces = piecesOf(holdings);
    const begin = (piece: readonly Batch[] | undefined) =>
      piece &&
      readable(
        store,
        Array.from(piece, ({ firstSeq }) => firstSeq),
      );
    let next = begin(pieces[0]);
    for (const [i, piece] of pieces.entries()) {
      const batches = await next;
      next = begin(pieces[i + 1]);
      const byKey = new Map(piece.map((holding) => [holding.firstSeq, holding]));
      for (const batch of batches ?? []) {
        const holding = batch && byKey.get(batch.firstSeq);
        if (batch && holding) visit(batch, holding);
      }
    }
  };

  const keepPart = (batch: NewBatch, wanted: ReadonlySet<Seq>, holding: Batch): Cached => {
    const opened = openBatch(batch);
    const seqs = index()
      .liveSeqs(holding)
      .filter((seq) => wanted.has(seq) && opened(seq));
    const part = batchOfSome(seqs, seqs.map(opened) as StoredMessage[]);
    const bytes = (holding.bytes * seqs.length) / holding.count;
    return ahead.keep(holding.firstSeq, part, { count: seqs.length, bytes });
  };

  const read = async (wanted: readonly Seq[], nextUp: NextUp = () => []) => {
    const found = new Array<StoredMessage | undefined>(wanted.length).fill(undefined);
    await look(wanted, found, nextUp);
    // A batch may be under another key already, or the index be about to be undone: that it is gone is only sure at rest.
    if (found.includes(undefined)) await exclusive(() => look(wanted, found, nextUp));
    return found;
  };

  return {
    keep: (batch, size) => void cache.keep(batch.firstSeq, batch, size),
    read: (bodySeqs) => read(bodySeqs),
    async take(bodySeqs, nextUp) {
      const found = await read(bodySeqs, nextUp);
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
