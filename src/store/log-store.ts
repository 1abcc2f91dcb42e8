// The contract of a store: an append-only log of journal records, batches of bodies beside it, and a checkpoint
// that lets old journal be deleted. Invariants: a commit is stored whole or not at all; a writer whose epoch has
// passed writes nothing, whatever it calls; what `commit` resolved is found by every later `open`.

import type { BodyColumn, BodyEncoding, HeadersColumn } from "../core/log/bodies.js";
import type { HeldColumn } from "../core/log/columns.js";
import type { Epoch, JournalRecord, Lsn, Seq } from "../core/log/journal.js";

export type Durability = "strict" | "relaxed";

/**
 * Bodies that were stored by one commit: one record of the database, since IndexedDB charges by the record.
 * Body (and header) i belong to `seqs[i]`, or to `firstSeq + i` where `seqs` is missing (a batch that was never
 * rewritten has no gaps). Find by sequence number, never by offset alone.
 */
export interface NewBatch {
  readonly v: number;
  /** "clone": values, as the structured clone algorithm stores them. "json": their texts, a line each. */
  readonly encoding: BodyEncoding;
  readonly firstSeq: Seq;
  readonly seqs?: readonly Seq[];
  /** Epoch milliseconds at which the bodies were accepted; a rewritten batch has one a body. */
  readonly sentAt: number | readonly number[];
  /** As bytes only where the store writes bytes. */
  readonly bodies: HeldColumn;
  /** Missing when no message of the batch has headers. */
  readonly headers?: HeadersColumn;
}

/** As it is read again: texts are texts, however they came. */
export interface BodyBatch extends NewBatch {
  readonly bodies: BodyColumn;
}

/** One piece of a snapshot of the state, as `core/checkpoint` encodes it. Opaque to the store. */
export interface CheckpointChunk {
  readonly v: number;
  readonly [part: string]: unknown;
}

/**
 * What is stored: one view, fixed when the first of the two is iterated. Both are read in order, in bounded pieces,
 * as they are iterated; iterate after `takeOver`. A record or chunk that is missing from it is `unreadable`.
 */
export interface StoredLog {
  /** The chunks of the newest complete checkpoint, in the order they were given; empty when there is none. */
  readonly checkpoint: AsyncIterable<CheckpointChunk>;
  /** The records after that checkpoint, by rising LSN. */
  readonly journal: AsyncIterable<JournalRecord>;
  /** The same from the checkpoint before, for a reader that finds the newest one damaged; `undefined` where there is none. */
  former(): Promise<StoredLog | undefined>;
  /**
   * As `journal`, one by one, and on past those that cannot be read, or are missing: these have no `record`, and of a stretch that is missing
   * there is the last place alone. Slow.
   */
  readonly remains: AsyncIterable<{ readonly lsn: Lsn; readonly record: JournalRecord | undefined }>;
  /** The `firstSeq` of the last batch, 0 where there is none: what it holds was numbered by a record. */
  lastBatch(): Promise<Seq>;
}

export interface LogTail {
  readonly epoch: Epoch;
  /** LSN of the last record, 0 in an empty log. */
  readonly lsn: Lsn;
}

/**
 * Why the store refused. `deposed`: another writer took over, or this one never did; nothing was stored. `quota`: no
 * room, nothing was stored. `not-cloneable`: a body cannot be stored, nothing was. `format-too-new`: written by a newer
 * major format, nothing was touched. `unreadable`: a record is there but cannot be read. `unavailable`: the database cannot
 * be opened for now, or fails whatever it is asked: the same may work later; a commit that was under way may have been
 * stored. `lost`: the database was deleted, or the store closed; with a commit that was under way it is the same. `refused`: this context may not use the database; nothing was stored. `failed`: anything else;
 * nothing was stored.
 */
export type StoreFailure =
  | "deposed"
  | "quota"
  | "not-cloneable"
  | "format-too-new"
  | "unreadable"
  | "unavailable"
  | "lost"
  | "refused"
  | "failed";

export class StoreError extends Error {
  readonly reason: StoreFailure;
  /** With `unreadable`, where known: the batches that cannot be read. All others of the call can be. */
  declare readonly firstSeqs?: readonly Seq[];
  constructor(reason: StoreFailure, message: string, options?: ErrorOptions & { firstSeqs?: readonly Seq[] }) {
    super(message, options);
    this.name = "StoreError";
    this.reason = reason;
    if (options?.firstSeqs !== undefined) this.firstSeqs = options.firstSeqs;
  }
}

export interface LogStore {
  /** Opens (creates, upgrades) the database. Calling it again re-reads the log, for a writer that must undo. */
  open(): Promise<StoredLog>;

  /**
   * Makes the caller the only writer: one strict transaction reads the tail, raises the epoch and adds the record
   * that `record` builds for the new tail (`lsn` and `epoch` are those the record must carry).
   */
  takeOver(record: (next: LogTail) => JournalRecord): Promise<LogTail>;

  /**
   * Stores the record and the batches, all or none. Resolves on the transaction's `complete`. A commit whose
   * outcome is unknown (connection lost) is looked up in the tail before this settles. A record without batches
   * is given the reserve's room when the quota refuses it. What is handed in must not change until this settles.
   */
  commit(record: JournalRecord, batches: readonly NewBatch[], durability: Durability): Promise<void>;

  /**
   * The batches with these `firstSeq`s, in that order; `undefined` for one that is not there. Keys come sorted.
   * Rejects with `unreadable`, naming the `firstSeqs`, if one is there but cannot be read.
   */
  readBatches(firstSeqs: readonly Seq[]): Promise<(BodyBatch | undefined)[]>;

  /** Index of the first body (or header) that this store cannot store, tried for real and taken back; `undefined` if all can. */
  findUnstorable(bodies: readonly unknown[]): Promise<number | undefined>;

  /**
   * Writes a snapshot of the state after record `uptoLsn`. Invisible until one fenced strict transaction flips the
   * pointer and deletes what is older than the snapshot before: that one is kept, and the journal since; `isAlone`: it is not,
   * and that transaction deletes all that the snapshot stands for. One at a time.
   */
  checkpoint(
    chunks: Iterable<CheckpointChunk> | AsyncIterable<CheckpointChunk>,
    uptoLsn: Lsn,
    isAlone?: boolean,
  ): Promise<void>;

  /**
   * Replaces batches by others in one strict transaction together with the record that says so. `remove` lists the
   * `firstSeq`s that go, before those of `add` come: an added batch may take the key of a removed one. All or none.
   */
  rewrite(record: JournalRecord, add: readonly BodyBatch[], remove: readonly Seq[]): Promise<void>;

  /** Deletes the batches with `firstSeq` in these stretches (flat: first, last, both inclusive). Safe to repeat. */
  deleteBatches(ranges: readonly Seq[]): Promise<void>;

  /** The `firstSeq` of every stored batch, rising, in bounded pieces: for the sweep of orphans after an open. */
  batchKeys(): AsyncIterable<readonly Seq[]>;

  /** Releases the database. Later calls reject with `lost`. */
  close(): Promise<void>;
}
