// The stored form in SQLite: three tables of blobs by number, one of their further pieces, and one row that says what
// counts. Invariants: a reader of this layout understands every row; rows are written with INSERT, never over another; a
// blob is smaller than the 2 MB that a Durable Object takes.

import { decode, encode } from "../../codec/codec.js";
import { joined } from "../../codec/joined.js";
import type { Epoch } from "../../core/log/journal.js";
import { ROW_BYTES_MAX } from "../../core/spec/limits.js";
import { assertReadable, type Checkpoint, type CheckpointPointer, FORMAT, oldestKept } from "../format.js";
import { StoreError } from "../log-store.js";
import type { Row, SqliteDriver, SqlValue } from "./driver.js";

/** Of the tables. A greater one is refused; columns may be added under the same. */
const LAYOUT = 1;

const META_TABLE = `CREATE TABLE originmq_meta (
  id INTEGER PRIMARY KEY, layout INTEGER NOT NULL, major INTEGER NOT NULL, minor INTEGER NOT NULL, epoch INTEGER NOT NULL,
  generation INTEGER NOT NULL, upto_lsn INTEGER NOT NULL, chunks INTEGER NOT NULL)`;
/** The key is the row's own, so that there is no second tree to write. */
const blobTable = (name: BlobTable) =>
  `CREATE TABLE ${name} (key INTEGER PRIMARY KEY, pieces INTEGER NOT NULL, data BLOB NOT NULL)`;
const PIECES_TABLE = `CREATE TABLE originmq_pieces (place TEXT NOT NULL, key INTEGER NOT NULL, piece INTEGER NOT NULL,
  data BLOB NOT NULL, PRIMARY KEY (place, key, piece)) WITHOUT ROWID`;

export type BlobTable = "originmq_journal" | "originmq_batches" | "originmq_checkpoint";
export const JOURNAL: BlobTable = "originmq_journal";
export const BATCHES: BlobTable = "originmq_batches";
export const CHECKPOINT: BlobTable = "originmq_checkpoint";

/** Chunks of a generation lie side by side. */
const CHUNKS_PER_GENERATION = 2 ** 20;
export const chunkKey = (generation: number, index: number): number => generation * CHUNKS_PER_GENERATION + index;

export interface Meta {
  readonly epoch: Epoch;
  readonly pointer: CheckpointPointer;
}

/**
 * Whether the tables are there. Throws where one is something else, a view that never ends, say, or where something happens when it is
 * used: who gave the file may be a stranger, and SQLite would run it.
 */
export function isCreated(driver: SqliteDriver): boolean {
  const own = driver.all(`SELECT name, type, rootpage, name = 'originmq_meta' AS counts FROM sqlite_master
    WHERE lower(tbl_name) IN ('originmq_meta', '${JOURNAL}', '${BATCHES}', '${CHECKPOINT}', 'originmq_pieces')`);
  for (const { name, type, rootpage } of own)
    if (type === "view" || type === "trigger" || rootpage === 0)
      throw new StoreError("failed", `${name} in the database is no table of a host's`);
  return own.some(({ counts }) => counts === 1);
}

/** Inside a transaction. Does nothing where somebody was first. */
export function createTables(driver: SqliteDriver): void {
  if (isCreated(driver)) return;
  for (const table of [META_TABLE, blobTable(JOURNAL), blobTable(BATCHES), blobTable(CHECKPOINT), PIECES_TABLE])
    driver.run(table);
  const { major, minor } = FORMAT;
  driver.run("INSERT INTO originmq_meta VALUES (0, ?, ?, ?, 0, 0, 0, 0)", LAYOUT, major, minor);
}

/** Throws `format-too-new` for what a later build has written. */
export function readMeta(driver: SqliteDriver): Meta {
  const [row] = driver.all("SELECT * FROM originmq_meta WHERE id = 0");
  if (row !== undefined && numberOf(row, "layout") > LAYOUT)
    throw new StoreError("format-too-new", `the tables have layout ${row.layout}, this build reads up to ${LAYOUT}`);
  assertReadable(row && { major: numberOf(row, "major"), minor: numberOf(row, "minor") });
  const at = row as Row;
  return {
    epoch: numberOf(at, "epoch"),
    pointer: {
      generation: numberOf(at, "generation"),
      uptoLsn: numberOf(at, "upto_lsn"),
      chunks: numberOf(at, "chunks"),
    },
  };
}

export function writeEpoch(driver: SqliteDriver, epoch: Epoch): void {
  // From here on there may be records that builds of an older format do not understand.
  const { major, minor } = FORMAT;
  driver.run("UPDATE originmq_meta SET epoch = ?, layout = ?, major = ?, minor = ?", epoch, LAYOUT, major, minor);
}

export function writePointer(driver: SqliteDriver, { generation, uptoLsn, chunks }: Checkpoint): void {
  driver.run("UPDATE originmq_meta SET generation = ?, upto_lsn = ?, chunks = ?", generation, uptoLsn, chunks);
}

function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new StoreError("unreadable", `${column} is no number: ${value}`);
  return value;
}

export function addBlob(driver: SqliteDriver, table: BlobTable, key: number, bytes: Uint8Array): void {
  const pieces = Math.max(1, Math.ceil(bytes.length / ROW_BYTES_MAX));
  const pieceOf = (at: number) => bytes.subarray(at * ROW_BYTES_MAX, (at + 1) * ROW_BYTES_MAX);
  driver.run(`INSERT INTO ${table} (key, pieces, data) VALUES (?, ?, ?)`, key, pieces, pieceOf(0));
  for (let at = 1; at < pieces; at++)
    driver.run(
      "INSERT INTO originmq_pieces (place, key, piece, data) VALUES (?, ?, ?, ?)",
      table,
      key,
      at,
      pieceOf(at),
    );
}

export interface StoredBlob {
  readonly key: number;
  /** `undefined` where a piece is missing. */
  readonly bytes: Uint8Array | undefined;
}

/** Up to `count` from `first` to `last`, both inclusive, rising. */
export function readBlobs(
  driver: SqliteDriver,
  table: BlobTable,
  [first, last]: readonly [number, number],
  count: number,
): StoredBlob[] {
  const sql = `SELECT key, pieces, data FROM ${table} WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?`;
  return driver.all(sql, first, last, count).map((row) => {
    const key = numberOf(row, "key");
    return { key, bytes: wholeOf(driver, table, key, row) };
  });
}

function wholeOf(driver: SqliteDriver, table: BlobTable, key: number, { pieces, data }: Row): Uint8Array | undefined {
  if (pieces === 1) return bytesOf(data);
  const sql = "SELECT data FROM originmq_pieces WHERE place = ? AND key = ? ORDER BY piece";
  const all = [bytesOf(data), ...driver.all(sql, table, key).map((row) => bytesOf(row.data))];
  const found = all.filter((piece) => piece !== undefined);
  if (found.length !== pieces) return undefined;
  return joined(found);
}

const bytesOf = (value: SqlValue | undefined): Uint8Array | undefined =>
  value instanceof Uint8Array ? value : undefined;

/** Both inclusive. */
export function deleteBlobs(driver: SqliteDriver, table: BlobTable, first: number, last: number): void {
  driver.run(`DELETE FROM ${table} WHERE key BETWEEN ? AND ?`, first, last);
  driver.run("DELETE FROM originmq_pieces WHERE place = ? AND key BETWEEN ? AND ?", table, first, last);
}

export function lastKey(driver: SqliteDriver, table: BlobTable): number | undefined {
  const key = driver.all(`SELECT max(key) AS key FROM ${table}`)[0]?.key;
  return typeof key === "number" ? key : undefined;
}

/** Up to `count` keys after `after`, rising. */
export const keysAfter = (driver: SqliteDriver, table: BlobTable, after: number, count: number): number[] =>
  driver
    .all(`SELECT key FROM ${table} WHERE key > ? ORDER BY key LIMIT ?`, after, count)
    .map((row) => numberOf(row, "key"));

/** The last number that is stored exactly. */
export const KEY_MAX = Number.MAX_SAFE_INTEGER;

/** Drops what no pointer names: generations before the former one, and the chunks of a checkpoint that was never finished. */
export function sweepChunks(driver: SqliteDriver, pointer: Checkpoint, oldest = oldestKept(pointer)): void {
  deleteBlobs(driver, CHECKPOINT, 0, chunkKey(oldest, 0) - 1);
  deleteBlobs(driver, CHECKPOINT, chunkKey(pointer.generation, pointer.chunks), KEY_MAX);
}

/** Under it, beside the chunks, lies which checkpoint was the one before: builds before this look at no key below 0. */
const FORMER_KEY = -1;

export function writeFormer(driver: SqliteDriver, former: Checkpoint | undefined): void {
  deleteBlobs(driver, CHECKPOINT, FORMER_KEY, FORMER_KEY);
  if (former) addBlob(driver, CHECKPOINT, FORMER_KEY, encode(former));
}

/** `undefined` where there is none, or what says so cannot be read. */
export function readFormer(driver: SqliteDriver): Checkpoint | undefined {
  const [stored] = readBlobs(driver, CHECKPOINT, [FORMER_KEY, FORMER_KEY], 1);
  try {
    return stored?.bytes && (decode(stored.bytes) as Checkpoint);
  } catch {
    return undefined;
  }
}
