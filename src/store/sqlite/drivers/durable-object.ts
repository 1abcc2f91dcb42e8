// The driver over a Durable Object's storage. Invariant: each `exec` is one statement, and what must be whole is one
// `transactionSync` with a synchronous callback: everything else keeps what it did when it throws.

import { RESERVE_BYTES } from "../../../core/spec/limits.js";
import type { Row, SqliteDriver, SqlValue } from "../driver.js";

/** What is used of `ctx.storage`. */
export interface DurableObjectStorage {
  readonly sql: {
    exec(sql: string, ...values: SqlValue[]): { toArray(): Record<string, number | string | ArrayBuffer | null>[] };
  };
  transactionSync<T>(body: () => T): T;
}

/** Always strict: the object's answers wait until what was written before them is safe. */
export function createDurableObjectDriver(storage: DurableObjectStorage): SqliteDriver {
  const run: SqliteDriver["run"] = (sql, ...values) => void storage.sql.exec(sql, ...values).toArray();
  const all: SqliteDriver["all"] = (sql, ...values) => {
    const rows = storage.sql.exec(sql, ...values).toArray();
    return rows.map(withBytes);
  };
  return {
    run,
    all,
    transaction: (_, body) => storage.transactionSync(body),
    // A row does: an object that is full still deletes.
    reserve: {
      release: () => all("DELETE FROM originmq_pieces WHERE place = 'reserve' RETURNING key").length > 0,
      take: () =>
        run("INSERT OR IGNORE INTO originmq_pieces VALUES ('reserve', 0, 0, ?)", new Uint8Array(RESERVE_BYTES)),
    },
    close: () => {},
  };
}

function withBytes(row: Record<string, number | string | ArrayBuffer | null>): Row {
  const copy: Record<string, SqlValue> = {};
  for (const [column, value] of Object.entries(row))
    copy[column] = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
  return copy;
}
