// What SQLite's own failures mean to a store. The bindings tell them in different ways: a number, a name, or in the text.

import { StoreError, type StoreFailure } from "../log-store.js";

/** By primary result code (https://sqlite.org/rescode.html); what is not here is `failed`. */
const FAILURES: Readonly<Record<string, { readonly code: number; readonly reason: StoreFailure }>> = {
  SQLITE_PERM: { code: 3, reason: "refused" },
  SQLITE_BUSY: { code: 5, reason: "failed" },
  SQLITE_NOMEM: { code: 7, reason: "quota" },
  SQLITE_READONLY: { code: 8, reason: "refused" },
  // A write that failed at its end may be found again after a crash.
  SQLITE_IOERR: { code: 10, reason: "lost" },
  SQLITE_CORRUPT: { code: 11, reason: "unreadable" },
  SQLITE_FULL: { code: 13, reason: "quota" },
  SQLITE_CANTOPEN: { code: 14, reason: "refused" },
  SQLITE_CONSTRAINT: { code: 19, reason: "failed" },
  SQLITE_NOTADB: { code: 26, reason: "unreadable" },
};
const REASONS = new Map(Object.values(FAILURES).map(({ code, reason }) => [code, reason]));

/** Names a failure of SQLite; errors of others (a fault hook's, a `StoreError`) pass untouched. */
export function storeError(cause: unknown, doing: string): unknown {
  if (cause instanceof StoreError || !(cause instanceof Error)) return cause;
  const reason = reasonOf(cause);
  return reason === undefined ? cause : new StoreError(reason, `${doing}: ${cause.message}`, { cause });
}

/** `undefined` for an error that is not SQLite's. */
function reasonOf(error: Error): StoreFailure | undefined {
  const { code, errcode, errno } = error as Error & { code?: unknown; errcode?: unknown; errno?: unknown };
  const isOurs = code === "ERR_SQLITE_ERROR" || error.name === "SQLiteError" || error.name === "SqliteError";
  // The low byte of an extended result code is the primary one.
  const number = typeof errcode === "number" ? errcode : errno;
  if (isOurs && typeof number === "number") return REASONS.get(number & 0xff) ?? "failed";
  const name = /SQLITE_[A-Z]+/.exec(typeof code === "string" && code.startsWith("SQLITE_") ? code : error.message)?.[0];
  if (name !== undefined) return FAILURES[name]?.reason ?? "failed";
  if (!isOurs) return undefined;
  // Deno says no more of a file that cannot be opened.
  return error.message.startsWith("unable to open") ? "refused" : "failed";
}

/** Whether somebody else holds the database. */
export const isBusy = (cause: unknown): boolean =>
  cause instanceof StoreError && cause.cause instanceof Error && /busy|locked/i.test(cause.cause.message);

/** Runs what calls the driver. */
export function named<T>(doing: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw storeError(cause, doing);
  }
}
