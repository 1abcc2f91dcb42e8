// One IndexedDB transaction, told truthfully: durable means `complete`; `abort` is the event that tells of failure,
// because a full disk can fire it alone. Invariant: whoever writes is fenced by the epoch in that same transaction.

import { unwrap } from "idb";
import type { Epoch } from "../../core/log/journal.js";
import { type Durability, StoreError, type StoreFailure } from "../log-store.js";
import type { Database, NativeTransaction, ReadTransaction, StoreName } from "./schema.js";

/** A fault hook: called at a named point between two steps. What it throws ends the operation there, as death would. */
export type Step = (name: string) => void;

/** Stored; or the connection broke, so that nobody knows. A failure that is known is thrown. */
export type Ending<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly cause: unknown };

export interface FencedWrite {
  /** What the steps are called after. */
  readonly name: string;
  /** Beside `meta`, which every write reads. */
  readonly stores: readonly StoreName[];
  readonly durability: Durability;
  /** Issues the requests in one synchronous pass. */
  readonly issue: (tx: NativeTransaction) => Iterable<IDBRequest>;
}

const FAILURES: Readonly<Record<string, StoreFailure>> = {
  QuotaExceededError: "quota",
  DataCloneError: "not-cloneable",
  // A Blob whose file is gone or has changed, found when the browser copies it into the database.
  NotReadableError: "not-cloneable",
  DataError: "not-cloneable",
  ConstraintError: "failed",
  VersionError: "format-too-new",
  NotFoundError: "failed",
  // Of this context, by the browser's settings or the kind of frame.
  SecurityError: "refused",
};

/** By name, not by class: the quota failure is a DOMException in some browsers and a class of its own in others. */
export function errorName(cause: unknown): string {
  return typeof cause === "object" && cause !== null && "name" in cause ? String(cause.name) : "";
}

/** Whether it leaves open what was stored: the browser closed the database, lost its server, or failed inside. */
export function isConnectionFailure(cause: unknown): boolean {
  if (cause === null || cause === undefined) return true;
  return cause instanceof DOMException && FAILURES[cause.name] === undefined;
}

/** Names a failure of IndexedDB; errors of others (a fault hook's, a `StoreError`) pass untouched. */
export function storeError(cause: unknown, doing: string, as?: StoreFailure): unknown {
  const reason = FAILURES[errorName(cause)] ?? (cause instanceof DOMException ? "failed" : undefined);
  if (reason === undefined || cause instanceof StoreError) return cause;
  return new StoreError(as ?? reason, `${doing}: ${cause instanceof Error ? cause.message : errorName(cause)}`, {
    cause,
  });
}

/**
 * Runs `body` in a transaction and resolves on its `complete`. What `body` throws aborts it. `body` may await
 * nothing but requests of this transaction.
 */
export function transact<T>(
  db: Database,
  stores: readonly StoreName[],
  durability: Durability,
  body: (tx: IDBTransaction) => Promise<T>,
): Promise<Ending<T>> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      if (isConnectionFailure(cause)) resolve({ known: false, cause });
      else reject(storeError(cause, "transaction"));
    };
    let tx: IDBTransaction;
    try {
      tx = unwrap(db).transaction([...stores], "readwrite", { durability });
    } catch (cause) {
      fail(cause);
      return;
    }
    let thrown: unknown;
    const result = body(tx);
    result.catch((cause: unknown) => {
      thrown = cause;
      abort(tx);
    });
    tx.addEventListener("complete", () => resolve(result.then((value) => ({ known: true, value }))));
    tx.addEventListener("abort", () => fail(tx.error ?? thrown));
  });
}

/**
 * Stores all of it or none, and none if the epoch is no longer ours. The adds are issued right behind the read of
 * the epoch, so that fencing costs no round trip: a transaction that aborts takes them back.
 */
export function writeFenced(db: Database, write: FencedWrite, epoch: Epoch, step: Step): Promise<Ending<void>> {
  const fenced = (tx: IDBTransaction): Promise<void> =>
    new Promise((resolve, reject) => {
      const stored = tx.objectStore("meta").get("epoch");
      issueAll(write.issue(tx as NativeTransaction)[Symbol.iterator](), () => step(`${write.name}:request`));
      stored.onsuccess = () => {
        try {
          if (stored.result !== epoch) throw new StoreError("deposed", `${write.name}: another writer took over`);
          step(`${write.name}:fenced`);
          // No `tx.commit()`: it would spare the wait for the answers to the adds, but in WebKit an add that fails
          // after it does not fail the transaction, which then completes with half of its requests.
          resolve();
        } catch (cause) {
          reject(cause);
        }
      };
    });
  return transact(db, ["meta", ...write.stores], write.durability, fenced);
}

function issueAll(requests: Iterator<IDBRequest>, step: () => void): void {
  while (!pull(requests).done) step();
}

function pull(requests: Iterator<IDBRequest>): IteratorResult<IDBRequest, unknown> {
  try {
    return requests.next();
  } catch (cause) {
    // Cloning runs the getters of a body, which can throw anything.
    throw cause instanceof DOMException
      ? cause
      : new StoreError("not-cloneable", "a value cannot be cloned", { cause });
  }
}

function abort(tx: IDBTransaction): void {
  try {
    tx.abort();
  } catch {
    // It is over already: a request's failure aborted it, or it has completed.
  }
}

/** Reads in one transaction. A request that fails does not take the others with it. */
export function beginRead(db: Database, stores: readonly StoreName[]): ReadTransaction {
  const tx = db.transaction([...stores], "readonly");
  tx.done.catch(() => {});
  tx.addEventListener("error", (event) => event.preventDefault());
  return tx;
}
