// Take-over, commit, checkpoint and rewrite. Invariants: whoever writes is fenced by the epoch in that same transaction;
// everything is written as bytes before the transaction begins, so that what cannot be stored is refused with nothing done.

import { CodecError, encode, encodeReadingBlobs } from "../../codec/codec.js";
import type { Epoch, JournalRecord, Lsn, Seq } from "../../core/log/journal.js";
import { assert } from "../../core/spec/errors.js";
import { nextGeneration } from "../format.js";
import { type CheckpointChunk, type Durability, type LogTail, type NewBatch, StoreError } from "../log-store.js";
import type { SqliteDriver } from "./driver.js";
import { named } from "./failures.js";
import {
  addBlob,
  BATCHES,
  CHECKPOINT,
  chunkKey,
  deleteBlobs,
  JOURNAL,
  lastKey,
  type Meta,
  readMeta,
  sweepChunks,
  writeEpoch,
  writeFormer,
  writePointer,
} from "./schema.js";

/** A fault hook: called at a named point between two steps. What it throws ends the operation there, as death would. */
export type Step = (name: string) => void;

/** One store on a database. */
export interface Access {
  readonly step: Step;
  /** The database, its tables there. Throws `lost` once it was closed. */
  driver(): SqliteDriver;
  /** The epoch under which this store writes. Throws `deposed` before it took over. */
  epoch(): Epoch;
}

interface FencedWrite {
  /** What the steps are called after. */
  readonly name: string;
  readonly durability: Durability;
  /** Each is one statement or more; a step lies between any two. */
  readonly statements: (driver: SqliteDriver, meta: Meta) => Iterable<unknown>;
}

/** Stores all of it or none, and none if the epoch is no longer ours. */
export function write({ step, driver: open, epoch: own }: Access, { name, durability, statements }: FencedWrite): void {
  const driver = open();
  const epoch = own();
  named(name, () =>
    driver.transaction(durability, () => {
      const meta = readMeta(driver);
      if (meta.epoch !== epoch) throw new StoreError("deposed", `${name}: another writer took over`);
      step(`${name}:fenced`);
      for (const _ of statements(driver, meta)) step(`${name}:request`);
    }),
  );
  step(`${name}:complete`);
}

/** Raises the epoch, adds the record, and sweeps what a writer that died left half done. */
export function takeOver({ step, driver: open }: Access, build: (next: LogTail) => JournalRecord): LogTail {
  const driver = open();
  return named("take-over", () =>
    driver.transaction("strict", () => {
      const { epoch: former, pointer } = readMeta(driver);
      const epoch = former + 1;
      // Truncation may have emptied the journal; numbers are never used twice all the same.
      const lsn = Math.max(pointer.uptoLsn, lastKey(driver, JOURNAL) ?? 0) + 1;
      step("take-over:read");
      const record = build({ epoch, lsn });
      assert(record.epoch === epoch && record.lsn === lsn, "a take-over record carries the tail that it was given");
      writeEpoch(driver, epoch);
      step("take-over:epoch-raised");
      addBlob(driver, JOURNAL, lsn, encode(record));
      step("take-over:record-added");
      sweepChunks(driver, pointer);
      step("take-over:swept");
      return { epoch, lsn };
    }),
  );
}

/** `what` is named in the error. */
export async function toBytes(value: unknown, what: string): Promise<Uint8Array> {
  try {
    return await encodeReadingBlobs(value);
  } catch (cause) {
    if (cause instanceof CodecError) throw new StoreError("not-cloneable", `${what}: ${cause.message}`, { cause });
    throw cause;
  }
}

interface Encoded {
  readonly record: Uint8Array;
  readonly batches: readonly { readonly firstSeq: Seq; readonly bytes: Uint8Array }[];
}

async function encodeAll(record: JournalRecord, batches: readonly NewBatch[]): Promise<Encoded> {
  const encoded: { firstSeq: Seq; bytes: Uint8Array }[] = [];
  for (const batch of batches) {
    encoded.push({ firstSeq: batch.firstSeq, bytes: await toBytes(batch, `batch ${batch.firstSeq}`) });
  }
  return { record: await toBytes(record, `record ${record.lsn}`), batches: encoded };
}

/** A commit, or a rewrite of the batches in `remove`. */
export interface RecordWrite {
  readonly name: "commit" | "rewrite";
  readonly record: JournalRecord;
  readonly add: readonly NewBatch[];
  readonly remove: readonly Seq[];
  readonly durability: Durability;
  /** Throws where so many bytes of batches have no room. */
  readonly secure?: (bytes: number) => void;
}

export async function change(
  access: Access,
  { name, record, add, remove, durability, secure }: RecordWrite,
): Promise<void> {
  access.step(`${name}:begin`);
  access.driver();
  assert(record.epoch === access.epoch(), "a record carries the epoch of its writer");
  const encoded = await encodeAll(record, add);
  secure?.(encoded.batches.reduce((sum, { bytes }) => sum + bytes.length, 0));
  write(access, {
    name,
    durability,
    statements: function* (driver) {
      yield addBlob(driver, JOURNAL, record.lsn, encoded.record);
      // Deletes come first: a rewritten batch may keep the key of the one that it replaces.
      for (const firstSeq of remove) yield deleteBlobs(driver, BATCHES, firstSeq, firstSeq);
      for (const { firstSeq, bytes } of encoded.batches) yield addBlob(driver, BATCHES, firstSeq, bytes);
    },
  });
}

/** Relaxed: what comes back after a crash is deleted again, or swept as an orphan. */
export function deleteBatches(access: Access, ranges: readonly Seq[]): void {
  access.step("delete-batches:begin");
  write(access, {
    name: "delete-batches",
    durability: "relaxed",
    statements: function* (driver) {
      for (let at = 0; at + 1 < ranges.length; at += 2)
        yield deleteBlobs(driver, BATCHES, ranges[at] as Seq, ranges[at + 1] as Seq);
    },
  });
}

/** A reader sees the former checkpoint whole until the last of these transactions, and after it who finds this one damaged. */
export async function writeCheckpoint(
  access: Access,
  chunks: Iterable<CheckpointChunk> | AsyncIterable<CheckpointChunk>,
  uptoLsn: Lsn,
  isAlone = false,
): Promise<void> {
  access.step("checkpoint:begin");
  const { pointer } = named("checkpoint", () => readMeta(access.driver()));
  const generation = nextGeneration(pointer, uptoLsn);
  let written = 0;
  for await (const chunk of chunks) {
    const bytes = await toBytes(chunk, `chunk ${written}`);
    const key = chunkKey(generation, written);
    // Relaxed: the strict flip puts on the disk what came before it, too.
    write(access, {
      name: "checkpoint-chunks",
      durability: "relaxed",
      statements: function* (driver) {
        // An unfinished checkpoint of this very writer may have left chunks under the same generation.
        yield deleteBlobs(driver, CHECKPOINT, key, key);
        yield addBlob(driver, CHECKPOINT, key, bytes);
      },
    });
    written++;
  }
  const next = { generation, uptoLsn, chunks: written };
  write(access, {
    name: "checkpoint-flip",
    durability: "strict",
    statements: function* (driver) {
      yield writePointer(driver, next);
      yield writeFormer(driver, isAlone ? undefined : pointer);
      yield deleteBlobs(driver, JOURNAL, 0, (isAlone ? next : pointer).uptoLsn);
      yield sweepChunks(driver, next, isAlone ? generation : undefined);
    },
  });
}
