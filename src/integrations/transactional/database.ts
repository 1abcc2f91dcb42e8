// The application's database as the inbox and the outbox use it: raw, or wrapped by `idb`. What differs is what a request
// returns, an IDBRequest or a promise; listeners and transactions are the same.

import { string } from "../../core/spec/check.js";
import { QueueError } from "../../index.js";

/** What a schema change needs of a database; both kinds have it. */
export interface UpgradableDatabase {
  readonly objectStoreNames: { contains(name: never): boolean };
  createObjectStore(name: never, options?: IDBObjectStoreParameters): unknown;
}

export function createStore(db: UpgradableDatabase, name: string, options?: IDBObjectStoreParameters): void {
  if (!db.objectStoreNames.contains(name as never)) db.createObjectStore(name as never, options);
}

export const storeName = string(1, 10_000);

/** For what is missing rather than wrong: there is no value to show. */
export function missing(name: string, expected: string, cause?: unknown): never {
  throw new QueueError("invalid-argument", `${name} must be ${expected}`, { cause, detail: { name, expected } });
}

export function requireStore(db: IDBDatabase, name: string, hint: string): void {
  if (!db.objectStoreNames.contains(name)) {
    missing(`the database "${db.name}"`, `one with an object store "${name}": ${hint}`);
  }
}

/** What a request comes to. Settles in the request's own event, so that its transaction is still alive. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  if (typeof (request as unknown as PromiseLike<T>).then === "function") return request as unknown as Promise<T>;
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** For a request whose failure shows in its transaction's end. */
export const unwatched = (request: IDBRequest): void => void resultOf(request).catch(() => {});

/** A readwrite transaction; by default what it reports as complete is flushed to the disk. */
export function begin(
  db: IDBDatabase,
  storeNames: readonly string[],
  durability: IDBTransactionDurability = "strict",
): IDBTransaction {
  try {
    const tx = db.transaction([...new Set(storeNames)], "readwrite", { durability });
    // `idb` has a promise of the end, which nobody waits for here.
    (tx as { done?: Promise<void> }).done?.catch(() => {});
    return tx;
  } catch (cause) {
    throw new QueueError("storage-failed", `the database "${db.name}" gives no transaction: ${String(cause)}`, {
      cause,
    });
  }
}

/** Resolves when the transaction has ended: with nothing once it is complete, with why it was aborted otherwise. */
export const endOf = (tx: IDBTransaction): Promise<QueueError | undefined> =>
  new Promise((resolve) => {
    tx.addEventListener("complete", () => resolve(undefined));
    tx.addEventListener("abort", () => {
      const isFull = tx.error?.name === "QuotaExceededError";
      const why = tx.error ? String(tx.error) : "its handler, or the browser, ended it";
      const code = isFull ? "quota-exceeded" : "storage-failed";
      resolve(new QueueError(code, `the transaction was aborted: ${why}`, { cause: tx.error }));
    });
  });

export function abort(tx: IDBTransaction): void {
  try {
    tx.abort();
  } catch {
    // It has ended already.
  }
}
