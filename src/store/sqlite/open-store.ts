// A store in a file that one process has open. Invariant: there is never a second that serves it: the claim is a lock of
// the operating system, which goes with its process however that ends, and the epoch fences whoever wrote without one.

import { type LogStore, StoreError } from "../log-store.js";
import type { SqliteDriver } from "./driver.js";
import { loadSqlite } from "./drivers/open-driver.js";
import { isBusy, named } from "./failures.js";
import { createSqliteStore } from "./sqlite.js";

/**
 * Opens or creates the database in `file`. Rejects with `refused`, naming the process, while another one has it open, in
 * this process too; with a `QueueError` of code `unsupported` where there is no SQLite. `close()` lets it go.
 */
export async function openSqliteStore(file: string): Promise<LogStore> {
  const open = await loadSqlite();
  const claim = claimFile(open, file);
  try {
    const store = createSqliteStore({ driver: open(file) });
    const close = async () => {
      await store.close();
      claim.release();
    };
    return { ...store, close };
  } catch (cause) {
    claim.release();
    throw cause;
  }
}

interface Claim {
  release(): void;
}

/** Left there: who finds it knows that the file beside it is a database of ours. */
export const claimOf = (file: string): string => `${file}-claim`;

/**
 * A file of its own beside the database, so that tools may read that: a transaction that never ends holds its write lock,
 * and readers see who holds it.
 */
function claimFile(open: (file: string) => SqliteDriver, file: string): Claim {
  const claim = open(claimOf(file));
  let isHeld = true;
  const release = () => {
    if (isHeld) claim.close();
    isHeld = false;
  };
  try {
    named(`claim ${file}`, () => {
      claim.all("PRAGMA busy_timeout = 0");
      claim.transaction("relaxed", () => {
        claim.run("CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY, process INTEGER, since TEXT)");
        claim.run("INSERT OR REPLACE INTO holder VALUES (0, ?, ?)", processId(), new Date().toISOString());
      });
      claim.run("BEGIN IMMEDIATE");
    });
    return { release };
  } catch (cause) {
    const refused = isBusy(cause) ? inUse(claim, file, cause) : cause;
    release();
    throw refused;
  }
}

function inUse(claim: SqliteDriver, file: string, cause: unknown): StoreError {
  const [holder] = claim.all("SELECT process, since FROM holder");
  const who = holder ? `process ${holder.process}, since ${holder.since}` : "another process";
  return new StoreError("refused", `${file} is in use by ${who}: end that one first, or use another file`, { cause });
}

const processId = (): number => (globalThis as { process?: { pid?: number } }).process?.pid ?? 0;
