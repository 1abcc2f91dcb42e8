// The log store without a disk: for tests, for runtimes without IndexedDB, and where nothing is to be kept.
// Invariant: it behaves as the one on IndexedDB does, fencing included; a `MemoryDisk` outlives the stores on it.

import type { Epoch, JournalRecord } from "../../core/log/journal.js";
import { assert } from "../../core/spec/errors.js";
import { assertReadable, nextGeneration } from "../format.js";
import { type LogStore, StoreError } from "../log-store.js";
import { createStoredLog, type LogReader } from "../stored-log.js";
import {
  add,
  applyAll,
  flip,
  lastLsn,
  type MemoryDisk,
  putChunk,
  raiseEpoch,
  removeBatches,
  removeRanges,
  type StagedWrite,
  sweep,
} from "./memory-disk.js";
import { cloneForStorage } from "./storable.js";

export { createMemoryDisk, type MemoryDisk } from "./memory-disk.js";

const KEYS_PER_PIECE = 1024;

export interface MemoryStoreOptions {
  readonly disk: MemoryDisk;
  /** Called between any two steps; an error thrown there ends the operation as the death of the process would. */
  readonly onStep?: (name: string) => void;
}

/** One store object on a disk: what it took over, and whether it was closed. */
interface OpenDisk {
  readonly disk: MemoryDisk;
  readonly step: (name: string) => void;
  epoch: Epoch | undefined;
  closed: boolean;
}

export function createMemoryStore({ disk, onStep }: MemoryStoreOptions): LogStore {
  const opened: OpenDisk = { disk, step: onStep ?? (() => {}), epoch: undefined, closed: false };
  return { ...createReads(opened), ...createWrites(opened) };
}

type Reads = Pick<LogStore, "open" | "readBatches" | "findUnstorable" | "batchKeys" | "close">;

function createReads(opened: OpenDisk): Reads {
  const { disk } = opened;
  return {
    async open() {
      assertOpen(opened);
      return createStoredLog(createReader(opened));
    },
    async readBatches(firstSeqs) {
      assertOpen(opened);
      return firstSeqs.map((firstSeq) => structuredClone(disk.bodies.get(firstSeq)));
    },
    async findUnstorable(bodies) {
      opened.step("probe:begin");
      assertOpen(opened);
      const index = bodies.findIndex((body) => !isStorable(body));
      opened.step("probe:complete");
      return index === -1 ? undefined : index;
    },
    async *batchKeys() {
      assertOpen(opened);
      const keys = [...disk.bodies.keys()].sort((a, b) => a - b);
      for (let from = 0; from < keys.length; from += KEYS_PER_PIECE) {
        assertOpen(opened);
        yield keys.slice(from, from + KEYS_PER_PIECE);
      }
    },
    async close() {
      opened.closed = true;
    },
  };
}

function createWrites(opened: OpenDisk): Omit<LogStore, keyof Reads> {
  const { disk, step } = opened;
  const addRecord = (record: JournalRecord): StagedWrite => {
    assert(record.epoch === opened.epoch, "a record carries the epoch of its writer");
    return add(disk.journal, record.lsn, record);
  };
  return {
    async takeOver(build) {
      opened.epoch = undefined;
      step("take-over:begin");
      assertOpen(opened);
      const next = { epoch: disk.epoch + 1, lsn: lastLsn(disk) + 1 };
      step("take-over:read");
      const record = build(next);
      assert(
        record.epoch === next.epoch && record.lsn === next.lsn,
        "a take-over record carries the tail that it was given",
      );
      applyAll([raiseEpoch(disk, next.epoch), add(disk.journal, next.lsn, record), sweep(disk)]);
      step("take-over:complete");
      opened.epoch = next.epoch;
      return next;
    },
    commit: (record, batches) =>
      write(opened, "commit", function* () {
        yield addRecord(record);
        for (const batch of batches) yield add(disk.bodies, batch.firstSeq, batch);
      }),
    rewrite: (record, added, removed) =>
      write(opened, "rewrite", function* () {
        yield addRecord(record);
        yield removeBatches(disk, removed);
        for (const batch of added) yield add(disk.bodies, batch.firstSeq, batch, new Set(removed));
      }),
    deleteBatches: (ranges) => write(opened, "delete-batches", () => [removeRanges(disk, ranges)]),
    async checkpoint(chunks, uptoLsn, isAlone = false) {
      step("checkpoint:begin");
      assertOpen(opened);
      const generation = nextGeneration(disk.pointer, uptoLsn);
      let written = 0;
      for await (const chunk of chunks) {
        await write(opened, "checkpoint-chunks", () => [putChunk(disk, generation, written, chunk)]);
        written++;
      }
      await write(opened, "checkpoint-flip", () => [flip(disk, { generation, uptoLsn, chunks: written }, isAlone)]);
    },
  };
}

/** Stages every change, then makes all of them in one turn, or none. */
async function write(opened: OpenDisk, name: string, stage: () => Iterable<StagedWrite>): Promise<void> {
  const { disk, step } = opened;
  step(`${name}:begin`);
  assertOpen(opened);
  if (opened.epoch === undefined) throw new StoreError("deposed", "this store has not taken over");
  const changes: StagedWrite[] = [];
  for (const change of stage()) {
    changes.push(change);
    step(`${name}:request`);
  }
  // A database answers later, too: whoever takes over in between comes first.
  await undefined;
  if (disk.epoch !== opened.epoch) throw new StoreError("deposed", `${name}: another writer took over`);
  step(`${name}:fenced`);
  applyAll(changes);
  step(`${name}:complete`);
}

function createReader(opened: OpenDisk): LogReader {
  const { disk, step } = opened;
  return {
    async pointer() {
      assertOpen(opened);
      return disk.pointer;
    },
    async chunks(generation, index, count) {
      step("read:chunks");
      assertOpen(opened);
      return structuredClone(disk.checkpoints.get(generation)?.slice(index, index + count) ?? []);
    },
    async records(lsn, count) {
      step("read:records");
      assertOpen(opened);
      const records: JournalRecord[] = [];
      const last = lastLsn(disk);
      for (let at = lsn; at <= last && records.length < count; at++) {
        const record = disk.journal.get(at);
        if (record !== undefined) records.push(structuredClone(record));
      }
      return records;
    },
    async record(lsn) {
      assertOpen(opened);
      return structuredClone(disk.journal.get(lsn));
    },
    async nextLsn(lsn) {
      const keys = [...disk.journal.keys()].filter((key) => key >= lsn);
      return keys.length > 0 ? keys.reduce((least, key) => Math.min(least, key)) : undefined;
    },
    async lastBatch() {
      return [...disk.bodies.keys()].reduce((last, key) => Math.max(last, key), 0);
    },
  };
}

function assertOpen(opened: OpenDisk): void {
  if (opened.closed) throw new StoreError("lost", "the store was closed");
  assertReadable(opened.disk.format);
}

function isStorable(value: unknown): boolean {
  try {
    cloneForStorage(value);
    return true;
  } catch {
    return false;
  }
}
