// Sends written in the application's own transactions, and when they are relayed: after each commit here, after one
// elsewhere that nobody else saw to, and again when a queue refused. Who relays, and how, is in relay.ts.

import { randomUuid } from "../../client/runtime/uuid.js";
import { snapshotOf } from "../../core/log/plain.js";
import { aFunction, type Check, check, checkOptions, fits, invalid, type Spec } from "../../core/spec/check.js";
import { dateOrInstant, delayMs, groupId, headers, priority, queueName, ttlMs } from "../../core/spec/fields.js";
import { type Connection, openQueue, QueueError } from "../../index.js";
import { storeName as aStoreName, createStore, requireStore, type UpgradableDatabase } from "./database.js";
import { type OutboxRecord, type OutboxSendOptions, type OutboxTransaction, writeRecord } from "./records.js";
import { createRelay, OUTBOX_ID_HEADER, type OutboxFailure } from "./relay.js";

/** Where sends are written, and which queues they go to. */
export interface TransactionalOutboxOptions {
  /** Object store that `createOutboxStore` made. Default "originmq-outbox". */
  readonly storeName?: string;
  /** Whose queues these are. Default: the queues of `openQueue(name)`. */
  readonly connection?: Pick<Connection, "openQueue">;
  /** Told of what a queue did not take (`full`, …). It is tried again after 1 s, then twice as long each time, to 60 s. */
  readonly onError?: (failure: OutboxFailure) => void;
}

/** Sends that are part of the application's own transactions. */
export interface TransactionalOutbox {
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
/** The context that has committed relays; the others look after it, in case it died. */
const LOOK_AFTER_MS = 1_000;
const RETRY_MS = { first: 1_000, max: 60_000 };

/** Beside its own its message has one more, and what a queue would refuse for that is never to be written. */
const relayedHeaders: Check = (value, name) => {
  check(headers, value, name);
  check(headers, { ...(value as object), [OUTBOX_ID_HEADER]: randomUuid() }, name);
};
const SEND_SPEC: Spec = { priority, delayMs, deliverAt: dateOrInstant, ttlMs, groupId, headers: relayedHeaders };
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
 * 100 years), or let the consumers' inbox know the messages by `OUTBOX_ID_HEADER`. A queue whose `deduplicationMode` is
 * "replace" recognises too little, and is refused. Throws `invalid-argument` when the object store is missing.
 */
export function outbox(
  given: { readonly name: string; readonly objectStoreNames: { contains(name: never): boolean } },
  options: TransactionalOutboxOptions = {},
): TransactionalOutbox {
  const db = given as IDBDatabase;
  checkOptions("outbox()", options, OUTBOX_SPEC);
  const { storeName = STORE, connection = { openQueue }, onError } = options;
  requireStore(db, storeName, "call createOutboxStore(db) when it is upgraded");
  const shared = `originmq-outbox:${db.name}:${storeName}`;
  const announced = new WeakSet<OutboxTransaction>();
  let channel: BroadcastChannel | undefined;
  let looking: ReturnType<typeof setTimeout> | undefined;
  let retryMs = RETRY_MS.first;
  let isWanted = false;
  let running: Promise<void> | undefined;
  let isClosed = false;
  const relay = createRelay({ db, storeName, lockName: shared, connection, onError, isClosed: () => isClosed });

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

  const run = async () => {
    while (isWanted && !isClosed) {
      isWanted = false;
      try {
        await relay.run();
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
      const sent = { ...rest, headers: { ...rest.headers }, ...(due !== undefined && { deliverAt: Number(due) }) };
      const record: OutboxRecord = {
        v: 1,
        id: randomUuid(),
        queue,
        body: snapshotOf(body, structuredClone),
        options: sent,
      };
      writeRecord(tx, storeName, record);
      announce(tx);
      return record.id;
    },
    async relay() {
      assertOpen();
      await relay.run();
    },
    async close() {
      isClosed = true;
      clearTimeout(looking);
      onHide();
      globalThis.removeEventListener?.("pagehide", onHide);
      globalThis.removeEventListener?.("pageshow", onShow);
      await running;
      await relay.close();
    },
  };
}
