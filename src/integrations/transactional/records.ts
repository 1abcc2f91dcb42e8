// The records of an outbox in the application's database: one for each send, in the order of the commits.

import type { SendOptions } from "../../index.js";
import { notCloneable } from "../not-cloneable.js";
import { begin, endOf, missing, resultOf, unwatched } from "./database.js";

/** As for `queue.send`; a delay counts from `Outbox.send`, `ttlMs` from the relay. */
export type OutboxSendOptions = Omit<SendOptions, "deduplicationId">;

/** A transaction of the application, raw or of `idb`, with the outbox's store in its scope. */
export interface OutboxTransaction {
  objectStore(name: never): unknown;
  addEventListener(type: "complete", listener: () => void): void;
}

/** Records read at once. */
export const PAGE = 100;

export interface OutboxRecord {
  readonly v: 1;
  readonly id: string;
  readonly queue: string;
  readonly body: unknown;
  readonly options: OutboxSendOptions;
}

export interface Entry {
  readonly key: IDBValidKey;
  readonly record: OutboxRecord;
}

/** A page of them, in order, from after the one with the key `after`. */
export async function readRecords(
  db: IDBDatabase,
  storeName: string,
  after: IDBValidKey | undefined,
): Promise<Entry[]> {
  const store = db.transaction([storeName], "readonly").objectStore(storeName);
  const range = after === undefined ? undefined : IDBKeyRange.lowerBound(after, true);
  const [keys, records] = await Promise.all([
    resultOf(store.getAllKeys(range, PAGE)),
    resultOf(store.getAll(range, PAGE) as IDBRequest<OutboxRecord[]>),
  ]);
  return records.map((record, i) => ({ key: keys[i] as IDBValidKey, record }));
}

/** Resolves once they are deleted. */
export async function deleteRecords(db: IDBDatabase, storeName: string, entries: readonly Entry[]): Promise<void> {
  // A delete that is lost with the machine is a relay repeated, so it need not be flushed.
  const tx = begin(db, [storeName], "relaxed");
  const end = endOf(tx);
  for (const { key } of entries) unwatched(tx.objectStore(storeName).delete(key));
  const failure = await end;
  if (failure) throw failure;
}

/** Throws `invalid-argument` or `not-cloneable`; then nothing was written, and the transaction goes on. */
export function writeRecord(tx: OutboxTransaction, storeName: string, record: OutboxRecord): void {
  try {
    unwatched((tx.objectStore(storeName as never) as IDBObjectStore).add(record));
  } catch (cause) {
    const { name } = cause as DOMException;
    const told = notCloneable(record.body, "outbox.send().body", cause);
    // A getter that throws ends the clone with an error of its own.
    if (name === "DataCloneError" || told.detail !== undefined) throw told;
    missing("outbox.send(tx)", `an active readwrite transaction with the store "${storeName}" in its scope`, cause);
  }
}
