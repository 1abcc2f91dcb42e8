// From the records of an outbox to the queues.
// Invariants: a record goes only after its message is accepted; a record's id is its message's deduplication id, so that
// whoever relays it again, at the same time or after a death, adds nothing; each relay sends a queue's records in the order
// of their commits, and the first to be refused ends that queue's turn, so that those are also accepted in order.

import { type Connection, type Queue, QueueError, type QueueStats } from "../../index.js";
import { missing } from "./database.js";
import { deleteRecords, type Entry, PAGE, readRecords } from "./records.js";

/** Header of a relayed message: the id that `Outbox.send` returned, and the same whenever it is relayed. */
export const OUTBOX_ID_HEADER = "originmq-outbox-id";

/** Records of this queue wait, and are tried again later. */
export interface OutboxFailure {
  /** Its name. */
  readonly queue: string;
  /** The first record that was not accepted; missing when the queue could not be asked. */
  readonly id?: string;
  /** Why, a `QueueError` as a rule. */
  readonly error: unknown;
}

/** Longest wait for another relay's page. One that takes longer is frozen, or slow: it does no harm beside this one. */
const STEAL_AFTER_MS = 5_000;

/** So long what a queue has no room for may hold up the others: what does not fit by then is tried again later. */
const ROOM_MS = 1_000;

export interface RelayParts {
  readonly db: IDBDatabase;
  readonly storeName: string;
  /** Of the lock that one relay at a time holds. */
  readonly lockName: string;
  readonly connection: Pick<Connection, "openQueue">;
  readonly onError?: ((failure: OutboxFailure) => void) | undefined;
  isClosed(): boolean;
}

export interface Relay {
  /** Relays what is committed now, unless it is closed meanwhile; rejects with why a queue did not take its part. */
  run(): Promise<void>;
  /** Closes the queues that it has opened. */
  close(): Promise<void>;
}

export function createRelay({ db, storeName, lockName, connection, onError, isClosed }: RelayParts): Relay {
  const queues = new Map<string, Promise<Queue>>();

  const queueOf = (name: string): Promise<Queue> => {
    const opening = queues.get(name) ?? connection.openQueue(name);
    queues.set(name, opening);
    opening.catch(() => queues.delete(name));
    return opening;
  };

  /** The queue takes all of them, or as many as it can before the first that it refuses. */
  const relayTo = async (
    name: string,
    entries: readonly Entry[],
    readAt: number,
  ): Promise<OutboxFailure | undefined> => {
    let queue: Queue;
    let stats: QueueStats;
    try {
      queue = await queueOf(name);
      stats = await queue.stats();
      const { settings } = stats;
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
      // A batch that waits for room cannot be taken back.
      if (hasRoom(stats, items.length)) {
        await queue.sendBatch(items);
        await deleteRecords(db, storeName, entries);
        return undefined;
      }
    } catch {
      // One of them may be to blame, or there is room for some.
    }
    const signal = stats.settings.overflow === "block" ? AbortSignal.timeout(ROOM_MS) : undefined;
    for (const [i, { body, ...given }] of items.entries()) {
      try {
        await queue.send(body, { ...given, ...(signal && { signal }) });
        await deleteRecords(db, storeName, [entries[i] as Entry]);
      } catch (error) {
        return { queue: name, id: given.deduplicationId, error };
      }
    }
    return undefined;
  };

  const relayPage = async (after: IDBValidKey | undefined, failures: Map<string, OutboxFailure>) => {
    const readAt = performance.now();
    const page = await readRecords(db, storeName, after);
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
      return await navigator.locks.request(lockName, { signal }, work);
    } catch (error) {
      if (error !== signal.reason) throw error;
    }
    return navigator.locks.request(lockName, { steal: true }, work);
  };

  return {
    async run() {
      const failures = new Map<string, OutboxFailure>();
      let after: IDBValidKey | undefined;
      do {
        const from = after;
        after = await exclusively(() => relayPage(from, failures));
      } while (after !== undefined && !isClosed());
      for (const failure of failures.values()) onError?.(failure);
      const [first] = failures.values();
      if (first) throw first.error;
    },
    async close() {
      await Promise.allSettled([...queues.values()].map(async (opening) => (await opening).close()));
    },
  };
}

/**
 * Whether a batch may be sent to a queue that lets its senders wait: it has twice the room for it, so that what others send
 * meanwhile does not fill it up. Bytes are not known here.
 */
function hasRoom({ settings, ready, delayed, leased, blocked }: QueueStats, count: number): boolean {
  if (settings.overflow !== "block") return true;
  return settings.maxBytes === null && settings.maxMessages - (ready + delayed + leased + blocked) >= 2 * count;
}
