// The driver over a file: what node:sqlite, better-sqlite3 and bun:sqlite have in common. Invariant: a transaction begins
// with the write lock, so that what it reads first still holds when it writes.

import type { Durability } from "../../log-store.js";
import type { DriverReserve, Row, SqliteDriver, SqlValue } from "../driver.js";

/** A database of any of the three. */
export interface PreparedDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): PreparedStatement;
  close(): void;
}
export interface PreparedStatement {
  run(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
  /** Bun's: a database with statements that are left stays open, its locks held, until they are collected. */
  finalize?(): void;
}

/** How long a transaction waits for one of another process, which is short. */
const BUSY_MS = 5_000;
/**
 * The log is moved into the database when it has so many pages: measured, at 1,000 half as many messages a second are stored
 * relaxed. See `FREE_BYTES_MIN`.
 */
const CHECKPOINT_PAGES = 4_000;

const SYNCHRONOUS: Readonly<Record<Durability, string>> = {
  strict: "PRAGMA synchronous = FULL",
  relaxed: "PRAGMA synchronous = NORMAL",
};

export function createPreparedDriver(database: PreparedDatabase, reserve?: DriverReserve): SqliteDriver {
  const statements = new Map<string, PreparedStatement>();
  let current: Durability = "strict";

  function prepare(sql: string): PreparedStatement {
    const known = statements.get(sql);
    if (known) return known;
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }

  function close(): void {
    for (const statement of statements.values()) statement.finalize?.();
    statements.clear();
    database.close();
  }

  try {
    // Rows come from these, so that they cannot be run by `exec` everywhere.
    for (const pragma of [
      `busy_timeout = ${BUSY_MS}`,
      "journal_mode = WAL",
      `wal_autocheckpoint = ${CHECKPOINT_PAGES}`,
    ])
      prepare(`PRAGMA ${pragma}`).all();
    database.exec(SYNCHRONOUS.strict);
  } catch (cause) {
    close();
    throw cause;
  }

  return {
    run: (sql, ...values) => void prepare(sql).run(...values),
    all: (sql, ...values) => prepare(sql).all(...values) as Row[],
    transaction(durability, body) {
      if (durability !== current) {
        database.exec(SYNCHRONOUS[durability]);
        current = durability;
      }
      database.exec("BEGIN IMMEDIATE");
      try {
        const result = body();
        database.exec("COMMIT");
        return result;
      } catch (cause) {
        rollBack(database);
        throw cause;
      }
    },
    ...(reserve !== undefined && { reserve }),
    close,
  };
}

function rollBack(database: PreparedDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself: it does where the disk is full.
  }
}
