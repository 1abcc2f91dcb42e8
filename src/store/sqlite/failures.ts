// What SQLite's own failures mean to a store. The bindings tell them in different ways: a number, a name, or in the text.

import { StoreError, type StoreFailure } from "../log-store.js";

interface Failure {
  readonly code: number;
  /** How SQLite puts it, for bindings that say no more. */
  readonly text: RegExp;
  readonly reason: StoreFailure;
}

/** By primary result code (https://sqlite.org/rescode.html); what is not here is `failed`. */
const FAILURES: Readonly<Record<string, Failure>> = {
  SQLITE_PERM: { code: 3, text: /^access permission/, reason: "refused" },
  SQLITE_READONLY: { code: 8, text: /readonly/, reason: "refused" },
  // A write that failed at its end may be found again after a crash.
  SQLITE_IOERR: { code: 10, text: /disk I\/O error/, reason: "lost" },
  SQLITE_CORRUPT: { code: 11, text: /malformed/, reason: "unreadable" },
  SQLITE_FULL: { code: 13, text: /disk is full/, reason: "quota" },
  SQLITE_CANTOPEN: { code: 14, text: /^unable to open/, reason: "refused" },
  SQLITE_NOTADB: { code: 26, text: /not a database/, reason: "unreadable" },
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
  return Object.values(FAILURES).find(({ text }) => text.test(error.message))?.reason ?? "failed";
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
