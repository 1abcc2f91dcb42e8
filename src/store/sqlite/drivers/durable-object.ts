// The driver over a Durable Object's storage. Invariant: each `exec` is one statement, and what must be whole is one
// `transactionSync` with a synchronous callback: everything else keeps what it did when it throws.

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
  return {
    run: (sql, ...values) => void storage.sql.exec(sql, ...values).toArray(),
    all: (sql, ...values) =>
      storage.sql
        .exec(sql, ...values)
        .toArray()
        .map(withBytes),
    transaction: (_, body) => storage.transactionSync(body),
    close: () => {},
  };
}

function withBytes(row: Record<string, number | string | ArrayBuffer | null>): Row {
  const copy: Record<string, SqlValue> = {};
  for (const [column, value] of Object.entries(row))
    copy[column] = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
  return copy;
}
