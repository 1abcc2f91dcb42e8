// Take-over and commit. Invariants: an epoch is ours only after its transaction is complete, so that no two
// writers ever hold the same one; a record and its batches are stored together or not at all.

import { wrap } from "idb";
import type { JournalRecord, Lsn, Seq } from "../../core/log/journal.js";
import { assert } from "../../core/spec/errors.js";
import { FORMAT } from "../format.js";
import { type BodyBatch, type Durability, type LogTail, StoreError } from "../log-store.js";
import type { Access } from "./access.js";
import { probeKeys } from "./probe.js";
import { type Database, readMeta, readPointer, type WriteTransaction } from "./schema.js";
import { type Ending, type Step, transact } from "./transaction.js";

/**
 * One strict transaction: reads the tail, raises the epoch, adds the record, and sweeps what a writer that died
 * left half done. When its outcome is unknown it is simply done again, under a higher epoch.
 */
export function takeOver(db: Database, build: (next: LogTail) => JournalRecord, step: Step): Promise<Ending<LogTail>> {
  return transact(db, ["meta", "journal", "checkpoint"], "strict", async (native) => {
    const tx = wrap(native) as unknown as WriteTransaction;
    // The transaction's own `abort` event tells more, and `transact` listens to it.
    tx.done.catch(() => {});
    const pointer = await readPointer(tx);
    const epoch = ((await readMeta(tx, "epoch")) ?? 0) + 1;
    // Truncation may have emptied the journal; numbers are never used twice all the same.
    const lsn = Math.max(pointer.uptoLsn, (await lastLsn(tx)) ?? 0) + 1;
    step("take-over:read");
    const record = build({ epoch, lsn });
    assert(record.epoch === epoch && record.lsn === lsn, "a take-over record carries the tail that it was given");
    await tx.objectStore("meta").put(epoch, "epoch");
    // From here on there may be records that builds of an older format do not understand.
    await tx.objectStore("meta").put(FORMAT, "format");
    step("take-over:epoch-raised");
    await tx.objectStore("journal").add(record, lsn);
    step("take-over:record-added");
    await Promise.all([
      tx.objectStore("checkpoint").delete(IDBKeyRange.upperBound([pointer.generation], true)),
      tx.objectStore("checkpoint").delete(IDBKeyRange.lowerBound([pointer.generation, pointer.chunks])),
      tx.objectStore("meta").delete(probeKeys()),
    ]);
    step("take-over:swept");
    return { epoch, lsn };
  });
}

async function lastLsn(tx: WriteTransaction): Promise<Lsn | undefined> {
  return (await tx.objectStore("journal").openKeyCursor(null, "prev"))?.key;
}

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
