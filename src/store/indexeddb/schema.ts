// The stored form in IndexedDB: object stores and their keys, with all keys out of line.
// Invariant: a reader of this major format understands every record of it; fields it does not know are left alone.

import type { DBSchema, IDBPDatabase, IDBPTransaction } from "idb";
import type { Epoch, JournalRecord, Lsn, Seq } from "../../core/log/journal.js";
import { type CheckpointPointer, FORMAT, type Format, NO_CHECKPOINT } from "../format.js";
import type { BodyBatch, CheckpointChunk } from "../log-store.js";

/** Version of the IndexedDB schema: rises only when object stores are added. */
export const SCHEMA_VERSION = 1;

export interface MetaValues {
  readonly format: Format;
  readonly epoch: Epoch;
  readonly checkpoint: CheckpointPointer;
  readonly reserve: Uint8Array;
}

/** Bodies that are tried out (see `indexeddb-probe.ts`) lie under these keys for the length of the trial. */
export type ProbeKey = ["probe", number];

export interface LogSchema extends DBSchema {
  journal: { key: Lsn; value: JournalRecord };
  /** Key: `firstSeq` of the batch. */
  bodies: { key: Seq; value: BodyBatch };
  checkpoint: { key: [generation: number, index: number]; value: CheckpointChunk };
  meta: { key: keyof MetaValues | ProbeKey; value: unknown };
}

export type StoreName = "journal" | "bodies" | "checkpoint" | "meta";
export type Database = IDBPDatabase<LogSchema>;
export type ReadTransaction = IDBPTransaction<LogSchema, StoreName[], "readonly">;
export type WriteTransaction = IDBPTransaction<LogSchema, StoreName[], "readwrite">;

/**
 * The browser's own transaction, typed by the schema. Writes go through it rather than through idb, whose promises
 * cost three listeners and a callback a request: measured, a tenth of a commit.
 */
export interface NativeTransaction {
  objectStore<Name extends StoreName>(name: Name): NativeStore<LogSchema[Name]["key"], LogSchema[Name]["value"]>;
}
export interface NativeStore<Key, Value> {
  add(value: Value, key: Key): IDBRequest;
  put(value: Value, key: Key): IDBRequest;
  delete(key: Key | IDBKeyRange): IDBRequest;
}

/** Builds the object stores of an empty database. */
export function createStores(db: IDBDatabase, tx: IDBTransaction): void {
  for (const name of ["journal", "bodies", "checkpoint", "meta"]) db.createObjectStore(name);
  const meta = tx.objectStore("meta");
  meta.add(FORMAT, "format");
  meta.add(0, "epoch");
}

/** `undefined` where nothing is stored under `key`. */
export async function readMeta<Key extends keyof MetaValues>(
  tx: ReadTransaction | WriteTransaction,
  key: Key,
): Promise<MetaValues[Key] | undefined> {
  const value = await (tx as ReadTransaction).objectStore("meta").get(key);
  return value as MetaValues[Key] | undefined;
}

export async function readPointer(tx: ReadTransaction | WriteTransaction): Promise<CheckpointPointer> {
  return (await readMeta(tx, "checkpoint")) ?? NO_CHECKPOINT;
}
