/// <reference path="./better-sqlite3.d.ts" />
// Opens a file of SQLite with what this runtime has. Invariant: the one module that is imported is imported when it is asked
// for, so that a bundle for browsers has none.

import { QueueError } from "../../../core/spec/errors.js";
import type { SqliteDriver } from "../driver.js";
import { named } from "../failures.js";
import { builtin } from "./builtin.js";
import { createFileReserve } from "./file-reserve.js";
import { createPreparedDriver, type PreparedDatabase } from "./prepared.js";

type DatabaseClass = new (file: string) => PreparedDatabase;

/**
 * Bun: bun:sqlite. Deno, and Node from 22.13 on: node:sqlite. Node before: better-sqlite3, where it is installed. Creates
 * the file, with `-wal`, `-shm` and `-reserve` beside it. Rejects with `unsupported`, saying what to install, where there
 * is none of them.
 */
export async function openDriver(file: string): Promise<SqliteDriver> {
  const open = await loadSqlite();
  return open(file);
}

/** The same in two steps: once it is loaded, files open at once. */
export async function loadSqlite(): Promise<(file: string) => SqliteDriver> {
  const Database = await findDatabase();
  return (file) =>
    named(`open ${file}`, () => createPreparedDriver(new Database(file), createFileReserve(`${file}-reserve`)));
}

async function findDatabase(): Promise<DatabaseClass> {
  const own = "Bun" in globalThis ? "bun:sqlite" : "node:sqlite";
  const module = builtin<Record<string, DatabaseClass>>(own);
  const Database = module?.DatabaseSync ?? module?.Database;
  if (Database !== undefined) return Database;
  try {
    const imported: { readonly default: DatabaseClass } = await import("better-sqlite3");
    return imported.default;
  } catch (cause) {
    throw new QueueError(
      "unsupported",
      "there is no SQLite here: Node has it from 22.13 on, Deno from 2 and Bun from 1; for older Node install better-sqlite3@12",
      { cause, detail: { missing: [own, "better-sqlite3"] } },
    );
  }
}
