// A database that is only memory. Invariant: the changes of one transaction are made in one turn, or none is;
// what is kept shares nothing with what was handed in.

import type { Epoch, JournalRecord, Lsn, Seq } from "../../core/log/journal.js";
import {
  type Checkpoint,
  type CheckpointPointer,
  FORMAT,
  type Format,
  NO_CHECKPOINT,
  oldestKept,
  pointerAfter,
} from "../format.js";
import { type BodyBatch, type CheckpointChunk, StoreError } from "../log-store.js";
import { cloneForStorage } from "./storable.js";

/** Hand it to one store after another, as processes come and go. */
export interface MemoryDisk {
  format: Format;
  epoch: Epoch;
  pointer: CheckpointPointer;
  readonly journal: Map<Lsn, JournalRecord>;
  readonly bodies: Map<Seq, BodyBatch>;
  /** Chunks by generation. */
  readonly checkpoints: Map<number, CheckpointChunk[]>;
}

export function createMemoryDisk(): MemoryDisk {
  return {
    format: FORMAT,
    epoch: 0,
    pointer: NO_CHECKPOINT,
    journal: new Map(),
    bodies: new Map(),
    checkpoints: new Map(),
  };
}

export interface StagedWrite {
  /** Throws if the change cannot be made. Called for all changes before any is made. */
  readonly check?: () => void;
  readonly apply: () => void;
}

export function applyAll(changes: readonly StagedWrite[]): void {
  for (const change of changes) change.check?.();
  for (const change of changes) change.apply();
}

/** `freed`: keys that an earlier change of the same transaction gives back. */
export function add<T>(map: Map<number, T>, key: number, value: T, freed?: ReadonlySet<number>): StagedWrite {
  const copy = cloneForStorage(value);
  return {
    check() {
      if (map.has(key) && !freed?.has(key)) throw new StoreError("failed", `there is a record under ${key} already`);
    },
    apply: () => void map.set(key, copy),
  };
}

export function raiseEpoch(disk: MemoryDisk, epoch: Epoch): StagedWrite {
  return {
    apply() {
      disk.epoch = epoch;
      // From here on there may be records that builds of an older format do not understand.
      disk.format = FORMAT;
    },
  };
}

export function putChunk(disk: MemoryDisk, generation: number, index: number, chunk: CheckpointChunk): StagedWrite {
  const copy = cloneForStorage(chunk);
  return {
    apply() {
      const chunks = disk.checkpoints.get(generation) ?? [];
      chunks[index] = copy;
      disk.checkpoints.set(generation, chunks);
    },
  };
}

export function flip(disk: MemoryDisk, checkpoint: Checkpoint, isAlone: boolean): StagedWrite {
  return {
    apply() {
      if (isAlone) disk.checkpoints.delete(disk.pointer.generation);
      disk.pointer = isAlone ? checkpoint : pointerAfter(disk.pointer, checkpoint);
      const { uptoLsn } = disk.pointer.former ?? checkpoint;
      for (const lsn of [...disk.journal.keys()]) if (lsn <= uptoLsn) disk.journal.delete(lsn);
      sweep(disk).apply();
    },
  };
}

/** Drops what no pointer names: generations before the former one, and the chunks of a checkpoint that was never finished. */
export function sweep(disk: MemoryDisk): StagedWrite {
  return {
    apply() {
      const { generation, chunks } = disk.pointer;
      disk.checkpoints.set(generation, disk.checkpoints.get(generation)?.slice(0, chunks) ?? []);
      for (const key of [...disk.checkpoints.keys()])
        if (key < oldestKept(disk.pointer) || key > generation) disk.checkpoints.delete(key);
    },
  };
}

export function removeBatches(disk: MemoryDisk, firstSeqs: readonly Seq[]): StagedWrite {
  return {
    apply() {
      for (const firstSeq of firstSeqs) disk.bodies.delete(firstSeq);
    },
  };
}

/** `ranges` is flat: first, last, both inclusive. */
export function removeRanges(disk: MemoryDisk, ranges: readonly Seq[]): StagedWrite {
  return {
    apply() {
      for (let at = 0; at + 1 < ranges.length; at += 2) {
        const first = ranges[at] as Seq;
        const last = ranges[at + 1] as Seq;
        // A stretch may span far more numbers than there are batches.
        if (last - first > disk.bodies.size) {
          for (const key of [...disk.bodies.keys()]) if (key >= first && key <= last) disk.bodies.delete(key);
        } else for (let key = first; key <= last; key++) disk.bodies.delete(key);
      }
    },
  };
}

export function lastLsn(disk: MemoryDisk): Lsn {
  let last = disk.pointer.uptoLsn;
  for (const lsn of disk.journal.keys()) last = Math.max(last, lsn);
  return last;
}
