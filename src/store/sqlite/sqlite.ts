// The log store on SQLite: wires reading, writing and the reserve to one `LogStore`. Invariant: every write is one
// transaction of the driver, fenced by the epoch this store took over with; readers need no lock, since the log is only
// appended to and what is cut off is missed.

import { CodecError, decode } from "../../codec/codec.js";
import type { JournalRecord, Seq } from "../../core/log/journal.js";
import { assert } from "../../core/spec/errors.js";
import { type BodyBatch, type CheckpointChunk, type LogStore, type LogTail, StoreError } from "../log-store.js";
import { createStoredLog, type LogReader } from "../stored-log.js";
import type { SqliteDriver } from "./driver.js";
import { named } from "./failures.js";
import { createReserve } from "./reserve.js";
import {
  BATCHES,
  type BlobTable,
  CHECKPOINT,
  chunkKey,
  createTables,
  isCreated,
  JOURNAL,
  KEY_MAX,
  keysAfter,
  lastKey,
  readBlobs,
  readFormer,
  readMeta,
  type StoredBlob,
} from "./schema.js";
import { type Access, change, deleteBatches, type Step, takeOver, toBytes, writeCheckpoint } from "./writing.js";

const KEYS_PER_PIECE = 1_024;

export interface SqliteStoreOptions {
  /** The store's from here on: it closes it. */
  readonly driver: SqliteDriver;
  /** Called between any two steps; an error thrown there ends the operation as the death of the process would. */
  readonly onStep?: Step;
}

export function createSqliteStore({ driver, onStep }: SqliteStoreOptions): LogStore {
  let tail: LogTail | undefined;
  let isClosed = false;
  let hasTables = false;
  let isCheckpointing = false;
  const access: Access = {
    step: onStep ?? (() => {}),
    driver() {
      if (isClosed) throw new StoreError("lost", "the store was closed");
      if (!hasTables) ensureTables(driver);
      hasTables = true;
      return driver;
    },
    epoch() {
      if (tail === undefined) throw new StoreError("deposed", "this store has not taken over");
      return tail.epoch;
    },
  };
  const reserve = createReserve(driver.reserve);

  return {
    async open() {
      named("open", () => readMeta(access.driver()));
      return createStoredLog(createReader(access));
    },
    async takeOver(build) {
      tail = undefined;
      access.step("take-over:begin");
      // A queue that filled the disk could never be drained if the record of a take-over did not fit.
      const next = reserve.lend(() => takeOver(access, build));
      access.step("take-over:complete");
      tail = next;
      reserve.restore();
      return next;
    },
    async commit(record, batches, durability) {
      const commit = { name: "commit", record, add: batches, remove: [], durability } as const;
      // What was given up for settlements is theirs: bodies would fill it at once, and nothing could be drained.
      if (batches.length > 0) await change(access, { ...commit, secure: reserve.secure });
      else await reserve.lendTo(() => change(access, commit));
    },
    async readBatches(firstSeqs) {
      return readBatches(access, firstSeqs);
    },
    findUnstorable: (bodies) => findUnstorable(access, bodies),
    async checkpoint(chunks, uptoLsn, isAlone) {
      assert(!isCheckpointing, "one checkpoint at a time");
      isCheckpointing = true;
      try {
        await writeCheckpoint(access, chunks, uptoLsn, isAlone);
      } finally {
        isCheckpointing = false;
      }
      reserve.restore();
    },
    rewrite: (record, add, remove) => change(access, { name: "rewrite", record, add, remove, durability: "strict" }),
    async deleteBatches(ranges) {
      reserve.lend(() => deleteBatches(access, ranges));
      reserve.restore();
    },
    batchKeys: () => batchKeys(access),
    async close() {
      if (!isClosed) driver.close();
      isClosed = true;
    },
  };
}

function ensureTables(driver: SqliteDriver): void {
  named("open", () => {
    if (!isCreated(driver)) driver.transaction("strict", () => createTables(driver));
  });
}

function createReader({ step, driver }: Access): LogReader {
  const read = (table: BlobTable, range: readonly [number, number], count: number): unknown[] =>
    named("read", () => readBlobs(driver(), table, range, count)).map(decodeBlob);
  return {
    pointer: async () => named("read", () => ({ ...readMeta(driver()).pointer, former: readFormer(driver()) })),
    async chunks(generation, index, count) {
      step("read:chunks");
      const first = chunkKey(generation, index);
      return read(CHECKPOINT, [first, first + count - 1], count) as CheckpointChunk[];
    },
    async records(lsn, count) {
      step("read:records");
      return read(JOURNAL, [lsn, KEY_MAX], count) as JournalRecord[];
    },
    record: async (lsn) => read(JOURNAL, [lsn, lsn], 1)[0] as JournalRecord | undefined,
    lastBatch: async () => named("read", () => lastKey(driver(), BATCHES)) ?? 0,
    nextLsn: async (lsn) => named("read", () => keysAfter(driver(), JOURNAL, lsn - 1, 1))[0],
  };
}

/** `undefined` for what cannot be read: whoever asked says what that was. */
function decodeBlob({ bytes }: StoredBlob): unknown {
  try {
    return bytes && decode(bytes);
  } catch (cause) {
    if (cause instanceof CodecError) return undefined;
    throw cause;
  }
}

function readBatches(access: Access, firstSeqs: readonly Seq[]): (BodyBatch | undefined)[] {
  const driver = access.driver();
  const unreadable: Seq[] = [];
  let cause: unknown;
  const batches = firstSeqs.map((firstSeq) => {
    try {
      const [stored] = named(`batch ${firstSeq}`, () => readBlobs(driver, BATCHES, [firstSeq, firstSeq], 1));
      if (stored === undefined) return undefined;
      if (stored.bytes === undefined) throw new StoreError("unreadable", `batch ${firstSeq} is not whole`);
      return decode(stored.bytes) as BodyBatch;
    } catch (thrown) {
      // One that is damaged does not hide the others.
      if (!(thrown instanceof CodecError) && !(thrown instanceof StoreError && thrown.reason === "unreadable"))
        throw thrown;
      cause = thrown;
      unreadable.push(firstSeq);
      return undefined;
    }
  });
  if (unreadable.length === 0) return batches;
  const message = `batches ${unreadable.join(", ")} cannot be read`;
  throw new StoreError("unreadable", message, { cause, firstSeqs: unreadable });
}

/** There is nothing to be tried in the database: what can be written as bytes can be stored. */
async function findUnstorable({ step, driver }: Access, bodies: readonly unknown[]): Promise<number | undefined> {
  step("probe:begin");
  driver();
  let refused: number | undefined;
  for (let index = 0; index < bodies.length && refused === undefined; index++) {
    try {
      await toBytes(bodies[index], `body ${index}`);
    } catch (cause) {
      if (!(cause instanceof StoreError)) throw cause;
      refused = index;
    }
  }
  step("probe:complete");
  return refused;
}

async function* batchKeys({ driver }: Access): AsyncGenerator<readonly Seq[]> {
  let after: Seq = -1;
  for (;;) {
    const keys = named("read", () => keysAfter(driver(), BATCHES, after, KEYS_PER_PIECE));
    if (keys.length > 0) yield keys;
    if (keys.length < KEYS_PER_PIECE) return;
    after = keys.at(-1) as Seq;
  }
}
