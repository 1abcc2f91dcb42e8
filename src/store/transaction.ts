// One IndexedDB transaction, told truthfully: durable means `complete`; `abort` is the event that tells of failure,
// because a full disk can fire it alone. Invariant: whoever writes is fenced by the epoch in that same transaction.

import type { Epoch } from "../core/journal.js";
import type { Database, ReadTransaction, StoreName, WriteTransaction } from "./indexeddb-schema.js";
import { type Durability, StoreError, type StoreFailure } from "./log-store.js";

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
  readonly issue: (tx: WriteTransaction) => Iterable<Promise<unknown>>;
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

const ignore = (): void => {};

/**
 * Runs `body` in a transaction and resolves on its `complete`. What `body` throws aborts it. `body` may await
 * nothing but requests of this transaction.
 */
export function transact<T>(
  db: Database,
  stores: readonly StoreName[],
  durability: Durability,
  body: (tx: WriteTransaction) => Promise<T>,
): Promise<Ending<T>> {
  return new Promise((resolve, reject) => {
    let tx: WriteTransaction;
    try {
      tx = db.transaction([...stores], "readwrite", { durability });
    } catch (cause) {
      if (isConnectionFailure(cause)) resolve({ known: false, cause });
      else reject(storeError(cause, "transaction"));
      return;
    }
    // `done` rejects at a request's bubbling `error`, when the transaction's own error is not known yet.
    tx.done.catch(ignore);
    let thrown: unknown;
    const result = body(tx);
    result.catch((cause: unknown) => {
      thrown = cause;
      abort(tx);
    });
    tx.addEventListener("complete", () => resolve(result.then((value) => ({ known: true, value }))));
    tx.addEventListener("abort", () => {
      const cause: unknown = tx.error ?? thrown;
      if (isConnectionFailure(cause)) resolve({ known: false, cause });
      else reject(storeError(cause, "transaction"));
    });
  });
}

/**
 * Stores all of it or none, and none if the epoch is no longer ours. The adds are issued right behind the read of
 * the epoch, so that fencing costs no round trip: a transaction that aborts takes them back.
 */
export function writeFenced(db: Database, write: FencedWrite, epoch: Epoch, step: Step): Promise<Ending<void>> {
  return transact(db, ["meta", ...write.stores], write.durability, async (tx) => {
    const stored = tx.objectStore("meta").get("epoch");
    stored.catch(ignore);
    issueAll(write.issue(tx)[Symbol.iterator](), () => step(`${write.name}:request`));
    if ((await stored) !== epoch) throw new StoreError("deposed", `${write.name}: another writer took over`);
    step(`${write.name}:fenced`);
    // Spares the wait for the answers to the adds; they can still fail the transaction.
    tx.commit();
  });
}

/** The transaction's `abort` tells what became of a request, so that its own promise is of no interest. */
function issueAll(requests: Iterator<Promise<unknown>>, step: () => void): void {
  for (;;) {
    const next = pull(requests);
    if (next.done) return;
    next.value.catch(ignore);
    step();
  }
}

function pull(requests: Iterator<Promise<unknown>>): IteratorResult<Promise<unknown>, unknown> {
  try {
    return requests.next();
  } catch (cause) {
    // Cloning runs the getters of a body, which can throw anything.
    throw cause instanceof DOMException
      ? cause
      : new StoreError("not-cloneable", "a value cannot be cloned", { cause });
  }
}

function abort(tx: WriteTransaction): void {
  try {
    tx.abort();
  } catch {
    // It is over already: a request's failure aborted it, or it has completed.
  }
}

/** Reads in one transaction. A request that fails does not take the others with it. */
export function beginRead(db: Database, stores: readonly StoreName[]): ReadTransaction {
  const tx = db.transaction([...stores], "readonly");
  tx.done.catch(ignore);
  tx.addEventListener("error", (event) => event.preventDefault());
  return tx;
}
