// Take-over and commit. Invariants: an epoch is ours only after its transaction is complete, so that no two
// writers ever hold the same one; a record and its batches are stored together or not at all.

import { wrap } from "idb";
import type { JournalRecord, Seq } from "../../core/log/journal.js";
import { assert } from "../../core/spec/errors.js";
import { assertReadable, type CheckpointPointer, FORMAT, oldestKept } from "../format.js";
import { type BodyBatch, type CheckpointChunk, type Durability, type LogTail, StoreError } from "../log-store.js";
import { CHUNKS_PER_PIECE, type LogBeginning, RECORDS_PER_PIECE } from "../stored-log.js";
import type { Access } from "./access.js";
import { probeKeys } from "./probe.js";
import { type Database, readMeta, readPointer, type StoreName, type WriteTransaction } from "./schema.js";
import { type Ending, type Step, transact } from "./transaction.js";

/** What a take-over has found. */
export interface TakenOver {
  readonly tail: LogTail;
  readonly hasReserve: boolean;
  /** Of the log as it now is. */
  readonly beginning: LogBeginning;
}

/**
 * One strict transaction: reads the tail, raises the epoch, adds the record, and sweeps what a writer that died
 * left half done; and reads the log's first pieces, which spares a transaction for each. Requests are issued together: each
 * wait for an answer is a way to the browser and back. When its outcome is unknown it is simply done again, under a higher
 * epoch.
 */
export function takeOver(
  db: Database,
  build: (next: LogTail) => JournalRecord,
  step: Step,
): Promise<Ending<TakenOver>> {
  return transact(db, ["meta", "journal", "checkpoint", "bodies"], "strict", async (native) => {
    const tx = wrap(native) as unknown as WriteTransaction;
    // The transaction's own `abort` event tells more, and `transact` listens to it.
    tx.done.catch(() => {});
    const [meta, journal, checkpoint] = [
      tx.objectStore("meta"),
      tx.objectStore("journal"),
      tx.objectStore("checkpoint"),
    ];
    const [format, pointer, lastEpoch, lastLsn, reserve, lastBatch] = await Promise.all([
      readMeta(tx, "format"),
      readPointer(tx),
      readMeta(tx, "epoch"),
      journal.openKeyCursor(null, "prev"),
      meta.getKey("reserve"),
      tx.objectStore("bodies").openKeyCursor(null, "prev"),
    ]);
    // A newer build may have come since it was opened.
    assertReadable(format);
    const epoch = (lastEpoch ?? 0) + 1;
    // Truncation may have emptied the journal; numbers are never used twice all the same.
    const lsn = Math.max(pointer.uptoLsn, lastLsn?.key ?? 0) + 1;
    step("take-over:read");
    const record = build({ epoch, lsn });
    assert(record.epoch === epoch && record.lsn === lsn, "a take-over record carries the tail that it was given");
    // From here on there may be records that builds of an older format do not understand.
    const raised = quietly(meta.put(epoch, "epoch"), meta.put(FORMAT, "format"));
    step("take-over:epoch-raised");
    const added = quietly(journal.add(record, lsn));
    step("take-over:record-added");
    const swept = quietly(
      checkpoint.delete(IDBKeyRange.upperBound([oldestKept(pointer)], true)),
      checkpoint.delete(IDBKeyRange.lowerBound([pointer.generation, pointer.chunks])),
      meta.delete(probeKeys()),
    );
    const chunks = pointer.chunks === 0 ? [] : readAhead<CheckpointChunk>(native, "checkpoint", firstChunks(pointer));
    const records = readAhead<JournalRecord>(native, "journal", IDBKeyRange.lowerBound(pointer.uptoLsn + 1));
    await Promise.all([raised, added, swept]);
    step("take-over:swept");
    const beginning = { pointer, chunks: await chunks, records: await records, lastBatch: lastBatch?.key ?? 0 };
    return { tail: { epoch, lsn }, hasReserve: reserve !== undefined, beginning };
  });
}

/** All of them, for one who waits for them only if nothing goes wrong before. */
function quietly(...requests: Promise<unknown>[]): Promise<unknown> {
  const all = Promise.all(requests);
  all.catch(() => {});
  return all;
}

/** What cannot be read is read again by whoever needs it, who then says so; the transaction goes on. */
function readAhead<T>(tx: IDBTransaction, store: StoreName, range: IDBKeyRange): Promise<T[] | undefined> {
  const request: IDBRequest<T[]> = tx.objectStore(store).getAll(range, RECORDS_PER_PIECE);
  return new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault();
      event.stopPropagation();
      resolve(undefined);
    };
  });
}

const firstChunks = ({ generation, chunks }: CheckpointPointer): IDBKeyRange =>
  IDBKeyRange.bound([generation, 0], [generation, Math.min(CHUNKS_PER_PIECE, chunks) - 1]);

export function commit(
  access: Access,
  record: JournalRecord,
  batches: readonly BodyBatch[],
  durability: Durability,
): Promise<void> {
  return access.write(
    {
      name: "commit",
      stores: batches.length === 0 ? ["journal"] : ["journal", "bodies"],
      durability,
      issue: function* (tx) {
        yield tx.objectStore("journal").add(record, record.lsn);
        for (const batch of batches) yield tx.objectStore("bodies").add(batch, batch.firstSeq);
      },
    },
    () => hasLanded(access, record),
  );
}

/** Strict: a relaxed one could take the former batches along if the machine lost its last writes. */
export function rewrite(
  access: Access,
  record: JournalRecord,
  add: readonly BodyBatch[],
  remove: readonly Seq[],
): Promise<void> {
  return access.write(
    {
      name: "rewrite",
      stores: ["journal", "bodies"],
      durability: "strict",
      issue: function* (tx) {
        yield tx.objectStore("journal").add(record, record.lsn);
        // Deletes come first: a rewritten batch may keep the key of the one that it replaces.
        for (const firstSeq of remove) yield tx.objectStore("bodies").delete(firstSeq);
        for (const batch of add) yield tx.objectStore("bodies").add(batch, batch.firstSeq);
      },
    },
    () => hasLanded(access, record),
  );
}

/**
 * Looks up a record whose connection broke. The epoch makes it unmistakable: no other writer has ours. The read
 * waits for a transaction that is still under way in the browser.
 */
function hasLanded(access: Access, record: JournalRecord): Promise<boolean> {
  access.step("lookup:begin");
  return access.read(["meta", "journal"], async (tx) => {
    const [found, epoch, pointer] = await Promise.all([
      tx.objectStore("journal").get(record.lsn),
      readMeta(tx, "epoch"),
      readPointer(tx),
    ]);
    if (found?.epoch === record.epoch) return true;
    if (epoch === record.epoch) return false;
    // A later writer may have replayed it and cut it off since.
    if (pointer.uptoLsn >= record.lsn) throw new StoreError("lost", "the outcome of the commit cannot be learned");
    throw new StoreError("deposed", "another writer took over");
  });
}
