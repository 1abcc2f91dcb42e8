// The log store on IndexedDB: wires connection, commit, checkpoint, batches and reserve to one `LogStore`.
// Invariant: every write goes through a transaction that is fenced by the epoch this store took over with.

import type { JournalRecord } from "../../core/log/journal.js";
import { assert } from "../../core/spec/errors.js";
import type { BodyBatch, LogStore, LogTail } from "../log-store.js";
import { createStoredLog, type LogBeginning, type LogReader } from "../stored-log.js";
import { type Access, createAccess, outliveLoss } from "./access.js";
import { batchKeys, deleteBatches, readBatches } from "./batches.js";
import { writeCheckpoint } from "./checkpoint.js";
import { commit, rewrite, type TakenOver, takeOver } from "./commit.js";
import { type Connection, createConnection } from "./connection.js";
import { findUnstorable } from "./probe.js";
import { createReserve, hasPlenty, isQuota, onceFreed } from "./reserve.js";
import { readPointer } from "./schema.js";
import { type Step, transact } from "./transaction.js";

export interface IndexedDbStoreOptions {
  /** Name of the IndexedDB database, as it is. */
  readonly database: string;
  /** Called between any two steps; an error thrown there ends the operation as the death of the process would. */
  readonly onStep?: Step;
  readonly indexedDB?: IDBFactory;
}

export function createIndexedDbStore(options: IndexedDbStoreOptions): LogStore {
  const step: Step = options.onStep ?? (() => {});
  /** Asked while a new database is made: who stores the first bodies needs the answer. */
  let plenty: Promise<boolean> | undefined;
  const connection = createConnection(options.indexedDB ?? indexedDB, options.database, () => {
    plenty = hasPlenty();
  });
  let tail: LogTail | undefined;
  /** Read in the last take-over, for who opened the log before it and reads it next. */
  let ahead: LogBeginning | undefined;
  let checkpointing = false;
  const access = createAccess({ connection, step, epoch: () => tail?.epoch });
  const reserve = createReserve(access);

  return {
    async open() {
      await connection.open();
      ahead = undefined;
      const takeAhead = () => {
        const begun = ahead;
        ahead = undefined;
        return begun;
      };
      return createStoredLog(createReader(access, takeAhead));
    },
    async takeOver(build) {
      step("take-over:begin");
      await connection.open();
      tail = undefined;
      const taken = await takeOverWithReserve(connection, build, step);
      step("take-over:complete");
      connection.establish();
      ({ tail, beginning: ahead } = taken);
      reserve.found(taken.hasReserve);
      if (!taken.hasReserve && taken.tail.epoch === 1) reserve.postpone(plenty ?? hasPlenty());
      else await reserve.restore();
      return taken.tail;
    },
    async commit(record, batches: readonly BodyBatch[], durability) {
      assert(record.epoch === access.epoch(), "a record carries the epoch of its writer");
      ahead = undefined;
      // What was given up for settlements is theirs: bodies would fill it at once, and nothing could be drained.
      if (batches.length > 0) await reserve.secure();
      try {
        await commit(access, record, batches, durability);
        if (batches.length > 0) reserve.stored();
      } catch (cause) {
        if (batches.length > 0 || !isQuota(cause)) throw cause;
        await reserve.lend(() => commit(access, record, batches, durability));
      }
    },
    readBatches: (firstSeqs) => readBatches(access, firstSeqs),
    findUnstorable: (bodies) => findUnstorable(connection, access, bodies),
    async checkpoint(chunks, uptoLsn, isAlone) {
      assert(!checkpointing, "one checkpoint at a time");
      checkpointing = true;
      ahead = undefined;
      try {
        await writeCheckpoint(access, chunks, uptoLsn, isAlone);
      } finally {
        checkpointing = false;
      }
      await reserve.restore();
    },
    async rewrite(record, add, remove) {
      assert(record.epoch === access.epoch(), "a record carries the epoch of its writer");
      ahead = undefined;
      await rewrite(access, record, add, remove);
    },
    async deleteBatches(ranges) {
      await deleteBatches(access, ranges);
      await reserve.restore();
    },
    batchKeys: () => batchKeys(access),
    async close() {
      connection.close();
    },
  };
}

/** The record of a take-over must fit into a full disk too, or a queue that filled it could never be drained. */
async function takeOverWithReserve(
  connection: Connection,
  build: (next: LogTail) => JournalRecord,
  step: Step,
): Promise<TakenOver> {
  const attempt = async (): Promise<TakenOver> => {
    const taken = await outliveLoss(connection, (db) => takeOver(db, build, step));
    assert(taken !== undefined, "a take-over that resolves knows its tail");
    return taken;
  };
  try {
    return await attempt();
  } catch (cause) {
    if (!isQuota(cause)) throw cause;
    // The one write without a fence: there is no epoch yet, and the reserve holds nothing.
    await outliveLoss(connection, (db) =>
      transact(db, ["meta"], "relaxed", async (tx) => {
        tx.objectStore("meta").delete("reserve");
      }),
    );
    return onceFreed(attempt);
  }
}

/** `takeAhead`: what of the log was read already, when its reading begins. */
function createReader(access: Access, takeAhead: () => LogBeginning | undefined): LogReader {
  let begun: LogBeginning | undefined;
  return {
    async pointer() {
      begun = takeAhead();
      return begun?.pointer ?? access.read(["meta"], readPointer);
    },
    async chunks(generation, index, count) {
      access.step("read:chunks");
      if (begun?.chunks && generation === begun.pointer.generation && index === 0) return begun.chunks;
      const range = IDBKeyRange.bound([generation, index], [generation, index + count - 1]);
      return access.read(["checkpoint"], (tx) => tx.objectStore("checkpoint").getAll(range));
    },
    async records(lsn, count) {
      access.step("read:records");
      if (begun?.records && lsn === begun.pointer.uptoLsn + 1) return begun.records;
      return access.read(["journal"], (tx) => tx.objectStore("journal").getAll(IDBKeyRange.lowerBound(lsn), count));
    },
    record: (lsn) => access.read(["journal"], (tx) => tx.objectStore("journal").get(lsn)),
    nextLsn: (lsn) => access.read(["journal"], (tx) => tx.objectStore("journal").getKey(IDBKeyRange.lowerBound(lsn))),
    async lastBatch() {
      if (begun) return begun.lastBatch;
      const last = await access.read(["bodies"], (tx) => tx.objectStore("bodies").openKeyCursor(null, "prev"));
      return last?.key ?? 0;
    },
  };
}
