// What a store has kept, read back lazily in bounded pieces. Invariant: one `StoredLog` is one view: both parts
// follow the pointer that was read when the first of them began, and whatever is missing from it is an error.

import type { JournalRecord, Lsn, Seq } from "../core/log/journal.js";
import { type CheckpointPointer, formerOf } from "./format.js";
import { type CheckpointChunk, type StoredLog, StoreError } from "./log-store.js";

/** Records a piece: enough to spread the cost of a transaction, few enough that reading them holds nobody up. */
export const RECORDS_PER_PIECE = 64;
/** Chunks are large (`core/checkpoint` cuts them by size). */
export const CHUNKS_PER_PIECE = 4;

/** How a store reads one piece; each call is a transaction of its own. */
export interface LogReader {
  pointer(): Promise<CheckpointPointer>;
  /** Up to `count` chunks of a generation from `index` on. */
  chunks(generation: number, index: number, count: number): Promise<CheckpointChunk[]>;
  /** Up to `count` records from `lsn` on. */
  records(lsn: Lsn, count: number): Promise<JournalRecord[]>;
  /** The one record; rejects with `unreadable` where that is so. */
  record(lsn: Lsn): Promise<JournalRecord | undefined>;
  /** Of the first record there is from `lsn` on, whether it can be read or not. */
  nextLsn(lsn: Lsn): Promise<Lsn | undefined>;
  /** Of the last batch there is; 0 where there is none. Called after `pointer`. */
  lastBatch(): Promise<Seq>;
}

/** First pieces of a log that were read with its pointer; `undefined`: it was not to be read. */
export interface LogBeginning {
  readonly pointer: CheckpointPointer;
  readonly chunks: CheckpointChunk[] | undefined;
  readonly records: JournalRecord[] | undefined;
  readonly lastBatch: Seq;
}

export function createStoredLog(reader: LogReader): StoredLog {
  let pointer: Promise<CheckpointPointer> | undefined;
  const readPointer = (): Promise<CheckpointPointer> => {
    pointer ??= reader.pointer();
    return pointer;
  };
  return {
    checkpoint: { [Symbol.asyncIterator]: () => readChunks(reader, readPointer) },
    journal: { [Symbol.asyncIterator]: () => readRecords(reader, readPointer) },
    remains: { [Symbol.asyncIterator]: () => readRemains(reader, readPointer) },
    async lastBatch() {
      await readPointer();
      return reader.lastBatch();
    },
    async former() {
      const former = formerOf(await readPointer());
      return former && createStoredLog({ ...reader, pointer: async () => former });
    },
  };
}

async function* readChunks(
  reader: LogReader,
  readPointer: () => Promise<CheckpointPointer>,
): AsyncGenerator<CheckpointChunk> {
  const { generation, chunks } = await readPointer();
  for (let index = 0; index < chunks; ) {
    const wanted = Math.min(CHUNKS_PER_PIECE, chunks - index);
    const piece = await reader.chunks(generation, index, wanted);
    if (piece.length < wanted) throw missing(`chunk ${index + piece.length} of checkpoint ${generation}`);
    yield* piece.map((chunk, at) => readable(chunk, `chunk ${index + at} of checkpoint ${generation}`));
    index += wanted;
  }
}

async function* readRecords(
  reader: LogReader,
  readPointer: () => Promise<CheckpointPointer>,
): AsyncGenerator<JournalRecord> {
  let lsn = (await readPointer()).uptoLsn + 1;
  let next = reader.records(lsn, RECORDS_PER_PIECE);
  for (let isLast = false; !isLast; ) {
    const piece = await next;
    isLast = piece.length < RECORDS_PER_PIECE;
    if (!isLast) {
      // Read while this piece is used; who stops within it does not ask what became of the next.
      next = reader.records(lsn + RECORDS_PER_PIECE, RECORDS_PER_PIECE);
      next.catch(() => {});
    }
    for (const record of piece) {
      // Replaying over a gap would build a state that never was.
      if (readable(record, `journal record ${lsn}`).lsn !== lsn) throw missing(`journal record ${lsn}`);
      yield record;
      lsn++;
    }
  }
}

async function* readRemains(
  reader: LogReader,
  readPointer: () => Promise<CheckpointPointer>,
): AsyncGenerator<{ readonly lsn: Lsn; readonly record: JournalRecord | undefined }> {
  const { uptoLsn } = await readPointer();
  for (let lsn = uptoLsn + 1; Number.isSafeInteger(lsn); lsn++) {
    const record = await reader.record(lsn).catch((cause: unknown) => {
      if (cause instanceof StoreError && cause.reason === "unreadable") return undefined;
      throw cause;
    });
    if (!record) {
      // Where the next one lies is whatever the store says: one place stands for all that are missing.
      const next = await reader.nextLsn(lsn);
      if (next === undefined || !Number.isSafeInteger(next)) return;
      lsn = Math.max(lsn, next - 1);
    }
    yield { lsn, record: record ?? undefined };
  }
}

function missing(what: string): StoreError {
  return new StoreError("unreadable", `${what} is missing`);
}

/** Chromium hands out `null` for a record that it cannot deserialize. */
export function readable<T extends object>(value: T | null | undefined, what: string): T {
  if (typeof value !== "object" || value === null) throw new StoreError("unreadable", `${what} cannot be read`);
  return value;
}
