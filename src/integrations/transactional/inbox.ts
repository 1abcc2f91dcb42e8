// Effects of messages in the application's own database, once each: the effect and the record of the message's id are one
// transaction. Invariants: a record is there exactly when its effect is; an acknowledgement follows `complete`; a record
// whose acknowledgement is not known to be stored goes only when there are more than `maxIds`.

import type { IDBPDatabase, IDBPTransaction, StoreNames } from "idb";
import { aFunction, checkOptions, integer, invalid, type Spec } from "../../core/spec/check.js";
import { type Delivery, type Handler, QueueError } from "../../index.js";
import {
  abort,
  storeName as aStoreName,
  begin,
  createStore,
  endOf,
  requireStore,
  resultOf,
  type UpgradableDatabase,
  unwatched,
} from "./database.js";

/** Where an inbox keeps the ids of messages, and for how long. */
export interface InboxOptions {
  /** Object store that `createInboxStore` made. Default "originmq-inbox". */
  readonly storeName?: string;
  /**
   * How long an id is kept after its message was acknowledged, in ms. The queue delivers such a message no more; only a
   * consumer that got it before, and stood still since, could still run. Default 86,400,000 (a day). With an `idOf` of
   * your own: as long as a second message with the same id may come.
   */
  readonly keepMs?: number;
  /**
   * Ids kept, about (a tenth more at most). Beyond it the oldest acknowledged ones go first, and only then those whose
   * message may still be in the queue: a tab that died between effect and acknowledgement leaves one. More than the queue's
   * `maxMessages` and `maxDeadLetters` together is always safe. Default 200,000.
   */
  readonly maxIds?: number;
  /** What counts as the same message. Default: its `id`, which repeats of it share. */
  readonly idOf?: (delivery: Delivery) => string;
}

/** What is done with a message, inside the transaction that records its id. */
export type InboxHandler<Body, Tx> = (delivery: Delivery<Body>, tx: Tx) => unknown;

/** Handlers whose effects on the application's own database happen effectively once. */
export interface Inbox<Tx = IDBTransaction> {
  /**
   * A handler for `consume` or `consumeUntilEmpty` whose effects happen effectively once: `handler` runs in a readwrite
   * transaction over the named stores, with `durability: "strict"`, in which the message's id is recorded, too. A message
   * whose id is there already is acknowledged, and `handler` does not run (the answer to a `request` is `undefined` then).
   * Acknowledged once the transaction is complete. When `handler` throws, or the transaction fails, nothing of it
   * remains, and the message is retried as usual.
   *
   * `handler` may await requests of `tx` and what is resolved already, nothing else: no `fetch`, timer, `crypto.subtle`, or other
   * database. One that does is ended with `invalid-argument`, the transaction aborted. It does not settle the delivery, and
   * need not wait for its last requests. Throws `invalid-argument` when a store is missing.
   */
  handle<Body = unknown>(storeNames: string | readonly string[], handler: InboxHandler<Body, Tx>): Handler<Body>;
}

const STORE = "originmq-inbox";
const DAY_MS = 86_400_000;
/** Ids of acknowledged messages are marked with the next message, or after so long. */
const TIDY_AFTER_MS = 1_000;
const INBOX_SPEC: Spec = {
  storeName: aStoreName,
  keepMs: { kind: "number", min: 0, max: Number.POSITIVE_INFINITY, isWhole: false, unit: "milliseconds" },
  maxIds: integer(1),
  idOf: aFunction,
};
const PRUNE_EVERY_MAX = 10_000;

interface Record {
  /** Epoch milliseconds of the effect; once acknowledged, of that. */
  readonly at: number;
  readonly isAcked: boolean;
}

/** Makes the inbox's object store; call it inside `onupgradeneeded` (with `idb`: `upgrade`) of a new version. Does nothing when it is there. */
export function createInboxStore(db: UpgradableDatabase, options: { readonly storeName?: string } = {}): void {
  checkOptions("createInboxStore()", options, { storeName: aStoreName });
  createStore(db, options.storeName ?? STORE);
}

/**
 * An inbox in the application's database, raw or wrapped by `idb`. All contexts that consume the same messages use the same
 * database and store; handlers of one store run one after the other, in all tabs. Throws `invalid-argument` when the
 * object store is missing.
 */
export function inbox<Schema>(
  db: IDBPDatabase<Schema>,
  options?: InboxOptions,
): Inbox<IDBPTransaction<Schema, StoreNames<Schema>[], "readwrite">>;
export function inbox(db: IDBDatabase, options?: InboxOptions): Inbox;
export function inbox(given: unknown, options: InboxOptions = {}): Inbox<never> {
  const db = given as IDBDatabase;
  checkOptions("inbox()", options, INBOX_SPEC);
  const { storeName = STORE, keepMs = DAY_MS, maxIds = 200_000, idOf = ({ id }) => id } = options;
  requireStore(db, storeName, "call createInboxStore(db) when it is upgraded");
  const pruneEvery = Math.min(PRUNE_EVERY_MAX, Math.ceil(maxIds / 10));
  /** Acknowledged, and not marked as such yet. */
  let acked: string[] = [];
  let sincePruned = pruneEvery;
  let isTidyDue = false;

  const mark = (store: IDBObjectStore, ids: readonly string[]) => {
    const record: Record = { at: Date.now(), isAcked: true };
    for (const id of ids) unwatched(store.put(record, id));
  };

  const handleOne = async <Body>(
    delivery: Delivery<Body>,
    storeNames: readonly string[],
    handler: InboxHandler<Body, never>,
  ): Promise<unknown> => {
    const id = idOf(delivery as Delivery);
    if (typeof id !== "string" || id === "") return invalid("inbox().idOf()", id, "a function that returns a text");
    const marking = acked;
    acked = [];
    let value: unknown;
    try {
      const tx = begin(db, [...storeNames, storeName]);
      const end = endOf(tx);
      const outcome = await attempt(
        tx,
        storeName,
        id,
        (store) => mark(store, marking),
        () => handler(delivery, tx as never),
      );
      const failure = await end;
      if (outcome && "thrown" in outcome) throw outcome.thrown;
      if (failure) throw failure;
      value = outcome?.value;
    } catch (error) {
      acked.push(...marking);
      throw error;
    }
    await delivery.ack();
    acked.push(id);
    sincePruned++;
    if (!isTidyDue) setTimeout(tidy, TIDY_AFTER_MS);
    isTidyDue = true;
    return value;
  };

  /** Marks what the last messages left, and deletes what is old. What fails is done with a later one. */
  const tidy = async () => {
    isTidyDue = false;
    const marking = acked;
    acked = [];
    const isPruning = sincePruned >= pruneEvery;
    try {
      const tx = begin(db, [storeName]);
      const end = endOf(tx);
      const store = tx.objectStore(storeName);
      mark(store, marking);
      if (isPruning) await prune(store, maxIds, keepMs);
      const failure = await end;
      if (failure) throw failure;
      if (isPruning) sincePruned = 0;
    } catch {
      acked.push(...marking);
    }
  };

  return {
    handle(names, handler) {
      const storeNames = typeof names === "string" ? [names] : [...names];
      for (const name of storeNames) requireStore(db, name, "it is named in inbox().handle()");
      aFunction(handler, "inbox().handle(handler)");
      return (delivery) => handleOne(delivery, storeNames, handler);
    },
  };
}

type Outcome = { readonly value: unknown } | { readonly thrown: unknown };

/**
 * Records the id and runs the handler, or does nothing when the id is there. Afterwards the transaction is on its way to
 * its end, whichever.
 *
 * A transaction that waits for nothing commits by itself, with half of the effect if the handler waits for something else.
 * So a request of ours always stands behind the handler's. When it is reached without another one having been before
 * it, the handler, all microtasks being over, waits for what is no request.
 */
async function attempt(
  tx: IDBTransaction,
  storeName: string,
  id: string,
  prepare: (store: IDBObjectStore) => void,
  handler: () => unknown,
): Promise<Outcome | undefined> {
  let outcome: Outcome | undefined;
  let working: Promise<unknown> | undefined;
  try {
    const store = tx.objectStore(storeName);
    prepare(store);
    if ((await resultOf(store.count(id))) > 0) return undefined;
    let seen = 0;
    // Requests' events pass their transaction on the way down, though `success` does not bubble.
    for (const type of ["success", "error"]) tx.addEventListener(type, () => seen++, true);
    const record: Record = { at: Date.now(), isAcked: false };
    const recorded = resultOf(store.add(record, id));
    working = (async () => handler())().then(
      (value) => {
        outcome = { value };
      },
      (thrown) => {
        outcome = { thrown };
        abort(tx);
      },
    );
    // Before the first of the handler's requests, so that nothing follows from it.
    await recorded;
    while (!outcome) {
      const before = seen;
      await resultOf(store.count(id));
      // Also when it has ended meanwhile: the next time that may take longer.
      if (seen - before <= 1 && !(outcome && "thrown" in outcome)) throw waitsForElse();
    }
    return outcome;
  } catch (error) {
    if (error instanceof QueueError) {
      abort(tx);
      return { thrown: error };
    }
    // The handler committed, or the transaction was aborted: its end tells.
    if ((error as DOMException).name !== "AbortError") await working;
    abort(tx);
    return outcome;
  }
}

const waitsForElse = () =>
  new QueueError(
    "invalid-argument",
    "inbox().handle(handler): the handler must await requests of its transaction only; what it awaited was no request, and the transaction was aborted",
    {
      detail: { name: "inbox().handle(handler)", expected: "a function that awaits requests of its transaction only" },
    },
  );

async function prune(store: IDBObjectStore, maxIds: number, keepMs: number): Promise<void> {
  const [keys, records] = await Promise.all([
    resultOf(store.getAllKeys()),
    resultOf(store.getAll() as IDBRequest<Record[]>),
  ]);
  const isOlder = (a: Record, b: Record) => Number(b.isAcked) - Number(a.isAcked) || a.at - b.at;
  const entries = records.map((record, i) => ({ key: keys[i] as IDBValidKey, record }));
  entries.sort((a, b) => isOlder(a.record, b.record));
  const oldestKept = Date.now() - keepMs;
  const excess = entries.length - maxIds;
  entries.forEach(({ key, record }, i) => {
    if (i < excess || (record.isAcked && record.at <= oldestKept)) unwatched(store.delete(key));
  });
}
