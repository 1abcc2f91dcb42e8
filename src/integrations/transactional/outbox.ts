// Sends written in the application's own transactions, and their relay to the queues.
// Invariants: a record goes only after its message is accepted; a record's id is its message's deduplication id, so that
// whoever relays it again, at the same time or after a death, adds nothing; each relay sends a queue's records in the order
// of their commits, and the first to be refused ends that queue's turn, so that those are also accepted in order.

import { aFunction, type Check, checkOptions, fits, invalid, type Spec } from "../../core/spec/check.js";
import { dateOrInstant, delayMs, groupId, headers, priority, queueName, ttlMs } from "../../core/spec/fields.js";
import { type Connection, openQueue, type Queue, QueueError, type SendOptions } from "../../index.js";
import {
  storeName as aStoreName,
  begin,
  createStore,
  endOf,
  missing,
  requireStore,
  resultOf,
  type UpgradableDatabase,
  unwatched,
} from "./database.js";

/** Header of a relayed message: the id that `Outbox.send` returned, and the same whenever it is relayed. */
export const OUTBOX_ID_HEADER = "originmq-outbox-id";

/** As for `queue.send`; a delay counts from `Outbox.send`, `ttlMs` from the relay. */
export type OutboxSendOptions = Omit<SendOptions, "deduplicationId">;

/** Records of this queue wait, and are tried again later. */
export interface OutboxFailure {
  readonly queue: string;
  /** The first record that was not accepted; missing when the queue could not be asked. */
  readonly id?: string;
  readonly error: unknown;
}

export interface OutboxOptions {
  /** Object store that `createOutboxStore` made. Default "originmq-outbox". */
  readonly storeName?: string;
  /** Whose queues these are. Default: the queues of `openQueue(name)`. */
  readonly connection?: Pick<Connection, "openQueue">;
  /** Told of what a queue did not take (`full`, …). It is tried again after 1 s, then twice as long each time, to 60 s. */
  readonly onError?: (failure: OutboxFailure) => void;
}

/** A transaction of the application, raw or of `idb`, with the outbox's store in its scope. */
export interface OutboxTransaction {
  objectStore(name: never): unknown;
  addEventListener(type: "complete", listener: () => void): void;
}

export interface Outbox {
  /**
   * Writes a send into the transaction: the message goes to the queue if and only if the transaction completes. Returns
   * its id at once; the message is relayed soon after the commit, by this context or another one that has this outbox
   * open, or else by the next to open it. Messages for one queue are accepted in the order of the commits. Throws
   * `invalid-argument` (the store is not in the transaction's scope, an option is wrong) and `not-cloneable`; then nothing
   * was written, and the transaction goes on.
   */
  send(tx: OutboxTransaction, queue: string, body: unknown, options?: OutboxSendOptions): string;
  /**
   * Relays what is committed now, though that happens by itself: for those who want to know. Resolves when the queues have
   * accepted all of it; rejects with why one did not take its part, which stays and is tried again.
   */
  relay(): Promise<void>;
  /** Ends the relay here; what waits stays. Closes the queues it has opened. */
  close(): Promise<void>;
}

const STORE = "originmq-outbox";
const PAGE = 100;
/** Longest wait for another relay's page. One that takes longer is frozen, or slow: it does no harm beside this one. */
const STEAL_AFTER_MS = 5_000;
/** The context that has committed relays; the others look after it, in case it died. */
const LOOK_AFTER_MS = 1_000;
const RETRY_MS = { first: 1_000, max: 60_000 };

interface OutboxRecord {
  readonly v: 1;
  readonly id: string;
  readonly queue: string;
  readonly body: unknown;
  readonly options: OutboxSendOptions;
}

interface Entry {
  readonly key: IDBValidKey;
  readonly record: OutboxRecord;
}

const SEND_SPEC: Spec = { priority, delayMs, deliverAt: dateOrInstant, ttlMs, groupId, headers };
const aConnection: Check = (value, name) => {
  const { openQueue } = (value ?? {}) as Partial<Connection>;
  if (typeof openQueue !== "function") invalid(name, value, "a connection");
};
const OUTBOX_SPEC: Spec = { storeName: aStoreName, connection: aConnection, onError: aFunction };

/** Makes the outbox's object store; call it inside `onupgradeneeded` (with `idb`: `upgrade`) of a new version. Does nothing when it is there. */
export function createOutboxStore(db: UpgradableDatabase, options: { readonly storeName?: string } = {}): void {
  checkOptions("createOutboxStore()", options, { storeName: aStoreName });
  createStore(db, options.storeName ?? STORE, { autoIncrement: true });
}

/**
 * An outbox in the application's database, raw or wrapped by `idb`; begins to relay what is in it. Open it in every context
 * that writes to it, and in one that lives long. A relay that dies between send and delete is repeated by the next, and
 * recognised within the queue's `deduplicationWindowMs`: make that longer than the application may stay closed (at most
 * 2,147,483,647 ms), or let the consumers' inbox know the messages by `OUTBOX_ID_HEADER`. A queue whose `deduplicationMode` is
 * "replace" recognises too little, and is refused. Throws `invalid-argument` when the object store is missing.
 */
export function outbox(
  given: { readonly name: string; readonly objectStoreNames: { contains(name: never): boolean } },
  options: OutboxOptions = {},
): Outbox {
  const db = given as IDBDatabase;
  checkOptions("outbox()", options, OUTBOX_SPEC);
  const { storeName = STORE, connection = { openQueue }, onError } = options;
  requireStore(db, storeName, "call createOutboxStore(db) when it is upgraded");
  const shared = `originmq-outbox:${db.name}:${storeName}`;
  const queues = new Map<string, Promise<Queue>>();
  const announced = new WeakSet<OutboxTransaction>();
  let channel: BroadcastChannel | undefined;
  let looking: ReturnType<typeof setTimeout> | undefined;
  let retryMs = RETRY_MS.first;
  let isWanted = false;
  let running: Promise<void> | undefined;
  let isClosed = false;

  const lookAfter = (ms: number) => {
    looking ??= setTimeout(() => {
      looking = undefined;
      kick();
    }, ms);
  };
  const listen = () => {
    channel ??= new BroadcastChannel(shared);
    channel.onmessage = () => lookAfter(LOOK_AFTER_MS);
  };
  // A message that reaches a page in the back/forward cache would throw it out.
  const onHide = () => {
    channel?.close();
    channel = undefined;
  };
  const onShow = () => {
    if (channel) return;
    listen();
    kick();
  };

  const queueOf = (name: string): Promise<Queue> => {
    const opening = queues.get(name) ?? connection.openQueue(name);
    queues.set(name, opening);
    opening.catch(() => queues.delete(name));
    return opening;
  };

  const readPage = async (after: IDBValidKey | undefined): Promise<Entry[]> => {
    const store = db.transaction([storeName], "readonly").objectStore(storeName);
    const range = after === undefined ? undefined : IDBKeyRange.lowerBound(after, true);
    const [keys, records] = await Promise.all([
      resultOf(store.getAllKeys(range, PAGE)),
      resultOf(store.getAll(range, PAGE) as IDBRequest<OutboxRecord[]>),
    ]);
    return records.map((record, i) => ({ key: keys[i] as IDBValidKey, record }));
  };

  const forget = async (entries: readonly Entry[]) => {
    // A delete that is lost with the machine is a relay repeated, so it need not be flushed.
    const tx = begin(db, [storeName], "relaxed");
    const end = endOf(tx);
    for (const { key } of entries) unwatched(tx.objectStore(storeName).delete(key));
    const failure = await end;
    if (failure) throw failure;
  };

  /** The queue takes all of them, or as many as it can before the first that it refuses. */
  const relayTo = async (
    name: string,
    entries: readonly Entry[],
    readAt: number,
  ): Promise<OutboxFailure | undefined> => {
    let queue: Queue;
    try {
      queue = await queueOf(name);
      const { settings } = await queue.stats();
      if (settings.deduplicationMode === "replace") {
        missing(`deduplicationMode of queue "${name}"`, '"drop" for what comes from an outbox');
      }
      if (performance.now() - readAt > STEAL_AFTER_MS)
        throw new QueueError("timeout", "the relay stood still; others may have gone on");
    } catch (error) {
      if (error instanceof QueueError && error.code === "closed") queues.delete(name);
      return { queue: name, error };
    }
    const items = entries.map(({ record: { id, body, options: given } }) => ({
      ...given,
      body,
      headers: { ...given.headers, [OUTBOX_ID_HEADER]: id },
      deduplicationId: id,
    }));
    try {
      await queue.sendBatch(items);
      await forget(entries);
      return undefined;
    } catch {
      // One of them may be to blame, or there is room for some.
    }
    for (const [i, { body, ...given }] of items.entries()) {
      try {
        await queue.send(body, given);
        await forget([entries[i] as Entry]);
      } catch (error) {
        return { queue: name, id: given.deduplicationId, error };
      }
    }
    return undefined;
  };

  const relayPage = async (after: IDBValidKey | undefined, failures: Map<string, OutboxFailure>) => {
    const readAt = performance.now();
    const page = await readPage(after);
    const byQueue = new Map<string, Entry[]>();
    for (const entry of page) {
      const { queue } = entry.record;
      if (failures.has(queue)) continue;
      const entries = byQueue.get(queue);
      if (entries) entries.push(entry);
      else byQueue.set(queue, [entry]);
    }
    const relays = [...byQueue].map(([name, entries]) => relayTo(name, entries, readAt));
    for (const failure of await Promise.all(relays)) if (failure) failures.set(failure.queue, failure);
    return page.length < PAGE ? undefined : page.at(-1)?.key;
  };

  /** One context at a time: spares work, and is not what keeps a message from being sent twice. */
  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    const signal = AbortSignal.timeout(STEAL_AFTER_MS);
    try {
      return await navigator.locks.request(shared, { signal }, work);
    } catch (error) {
      if (error !== signal.reason) throw error;
    }
    return navigator.locks.request(shared, { steal: true }, work);
  };

  const relay = async (): Promise<void> => {
    const failures = new Map<string, OutboxFailure>();
    let after: IDBValidKey | undefined;
    do {
      const from = after;
      after = await exclusively(() => relayPage(from, failures));
    } while (after !== undefined && !isClosed);
    for (const failure of failures.values()) onError?.(failure);
    const [first] = failures.values();
    if (first) throw first.error;
  };

  const run = async () => {
    while (isWanted && !isClosed) {
      isWanted = false;
      try {
        await relay();
        retryMs = RETRY_MS.first;
      } catch {
        if (isClosed) break;
        lookAfter(retryMs);
        retryMs = Math.min(retryMs * 2, RETRY_MS.max);
      }
    }
    running = undefined;
  };
  const kick = () => {
    if (isClosed) return;
    isWanted = true;
    running ??= run();
  };

  const announce = (tx: OutboxTransaction) => {
    if (announced.has(tx)) return;
    announced.add(tx);
    // Told before the commit: a context that dies right after it has told.
    channel?.postMessage(0);
    tx.addEventListener("complete", kick);
  };

  const assertOpen = () => {
    if (isClosed) throw new QueueError("closed", "the outbox was closed");
  };

  listen();
  globalThis.addEventListener?.("pagehide", onHide);
  globalThis.addEventListener?.("pageshow", onShow);
  kick();

  return {
    send(tx, queue, body, given = {}) {
      assertOpen();
      if (!fits(queueName, queue) || queue.startsWith("originmq:")) {
        invalid("outbox.send(queue)", queue, 'a name of 1 to 256 characters that does not begin with "originmq:"');
      }
      checkOptions("outbox.send()", given, SEND_SPEC);
      const { delayMs, deliverAt, ...rest } = given;
      if (delayMs !== undefined && deliverAt !== undefined)
        invalid("outbox.send().deliverAt", deliverAt, "left out when delayMs is given");
      const due = delayMs === undefined ? deliverAt : Date.now() + delayMs;
      const sent = { ...rest, ...(due !== undefined && { deliverAt: Number(due) }) };
      const record: OutboxRecord = { v: 1, id: crypto.randomUUID(), queue, body, options: sent };
      write(tx, storeName, record);
      announce(tx);
      return record.id;
    },
    async relay() {
      assertOpen();
      await relay();
    },
    async close() {
      isClosed = true;
      clearTimeout(looking);
      onHide();
      globalThis.removeEventListener?.("pagehide", onHide);
      globalThis.removeEventListener?.("pageshow", onShow);
      await running;
      await Promise.allSettled([...queues.values()].map(async (opening) => (await opening).close()));
    },
  };
}

function write(tx: OutboxTransaction, storeName: string, record: OutboxRecord): void {
  try {
    unwatched((tx.objectStore(storeName as never) as IDBObjectStore).add(record));
  } catch (cause) {
    const { name } = cause as DOMException;
    if (name === "DataCloneError") {
      throw new QueueError("not-cloneable", `outbox.send(): the body cannot be stored: ${String(cause)}`, { cause });
    }
    missing("outbox.send(tx)", `an active readwrite transaction with the store "${storeName}" in its scope`, cause);
  }
}
