// The handle of the database, opened again when the browser drops it. Invariant: a store that has taken over creates no
// database, so that one that was deleted under it is `lost` and never comes back empty.

import { wrap } from "idb";
import { assertReadable } from "../format.js";
import { StoreError } from "../log-store.js";
import { createStores, type Database, readMeta, SCHEMA_VERSION } from "./schema.js";
import { beginRead, isConnectionFailure, storeError } from "./transaction.js";

/** Waits between the tries of one opening; browsers lose their IndexedDB server for about as long. */
export const REOPEN_DELAYS_MS: readonly number[] = [20, 100, 400, 1000];
/** An opening that takes longer hangs, as WebKit's first one may: another one is tried beside it. */
const OPENING_MS_MAX = 10_000;

export interface Connection {
  /** The open handle, opened if need be. Rejects with `unavailable` when that does not succeed, with `lost` after `close`. */
  open(): Promise<Database>;
  /** Forgets a handle that turned out to be broken. */
  drop(db: Database): void;
  /** From now on the database is there, and to miss it is to have lost it. */
  establish(): void;
  close(): void;
}

/** `onCreate`: the database is not there, and is made. */
export function createConnection(factory: IDBFactory, name: string, onCreate = () => {}): Connection {
  let opening: Promise<Database> | undefined;
  let current: Database | undefined;
  let isEstablished = false;
  let closed = false;

  const drop = (db: Database): void => {
    db.close();
    if (current !== db) return;
    current = undefined;
    opening = undefined;
  };

  async function connect(): Promise<Database> {
    const db = await openPatiently(factory, name, isEstablished ? undefined : onCreate, () => closed);
    if (closed) {
      db.close();
      throw lost("the store was closed");
    }
    current = db;
    db.addEventListener("close", () => drop(db));
    // Whoever deletes or upgrades the database waits for this handle to close.
    db.addEventListener("versionchange", () => drop(db));
    return db;
  }

  return {
    drop,
    establish() {
      isEstablished = true;
    },
    open() {
      if (closed) return Promise.reject(lost("the store was closed"));
      if (opening === undefined) {
        opening = connect();
        opening.catch(() => {
          opening = undefined;
        });
      }
      return opening;
    },
    close() {
      closed = true;
      if (current !== undefined) drop(current);
    },
  };
}

async function openPatiently(
  factory: IDBFactory,
  name: string,
  onCreate: (() => void) | undefined,
  isClosed: () => boolean,
): Promise<Database> {
  for (let tries = 0; ; tries++) {
    try {
      return await openOnce(factory, name, onCreate);
    } catch (cause) {
      const delayMs = REOPEN_DELAYS_MS[tries];
      if (!isConnectionFailure(cause)) throw storeError(cause, "open");
      if (delayMs === undefined || isClosed()) throw unavailable(`the database ${name} cannot be opened`, cause);
      await pause(delayMs);
    }
  }
}

/** `onCreate`: missing where the database must not be made. */
async function openOnce(factory: IDBFactory, name: string, onCreate: (() => void) | undefined): Promise<Database> {
  const request = factory.open(name, SCHEMA_VERSION);
  let vanished = false;
  let isNew = false;
  request.addEventListener("upgradeneeded", (event) => {
    const tx = request.transaction;
    if (tx === null || event.oldVersion !== 0) return;
    vanished = onCreate === undefined;
    isNew = !vanished;
    if (vanished) return tx.abort();
    createStores(request.result, tx);
    onCreate?.();
  });
  // idb types the promise of an untyped request as `IDBPDatabase`; the schema is ours to state.
  const opened = wrap(request) as unknown as Promise<Database>;
  const db = await inTime(opened).catch((cause: unknown) => {
    throw vanished ? lost(`the database ${name} was deleted`, cause) : cause;
  });
  // What was made here needs no look.
  if (isNew) return db;
  try {
    assertReadable(await readMeta(beginRead(db, ["meta"]), "format"));
    return db;
  } catch (cause) {
    db.close();
    throw cause;
  }
}

/** Rejects as a failing connection does once it took too long; what comes later is closed. */
function inTime(opening: Promise<Database>): Promise<Database> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new DOMException(`it did not open within ${OPENING_MS_MAX} ms`, "TimeoutError"));
      opening.then((late) => late.close()).catch(() => {});
    }, OPENING_MS_MAX);
    opening.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function lost(message: string, cause?: unknown): StoreError {
  return new StoreError("lost", message, cause === undefined ? undefined : { cause });
}

/** Says what the browser said: its error does not cross to the pages. */
export const unavailable = (message: string, cause: unknown): StoreError =>
  new StoreError(
    "unavailable",
    `${message} (${cause instanceof Error ? `${cause.name}: ${cause.message}` : "aborted"})`,
    {
      cause,
    },
  );
