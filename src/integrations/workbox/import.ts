// Takes over what waits in the database of workbox-background-sync 7: version 3, store `requests`.
// Invariant: an entry is deleted there only once it is durable here, and is stored here once, whatever dies in between.

import type { Queue as MessageQueue } from "../../index.js";
import { openPushed, type StoredEntry } from "./entries.js";
import { askForSync, connection } from "./queue.js";

const DATABASE = "workbox-background-sync";
const STORE = "requests";

interface WorkboxEntry extends StoredEntry {
  readonly id: number;
  readonly queueName: string;
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The database as it is; `undefined` when there is none, and then none is made. */
async function openExisting(): Promise<IDBDatabase | undefined> {
  const request = indexedDB.open(DATABASE);
  let isNew = false;
  request.onupgradeneeded = () => {
    isNew = true;
    request.transaction?.abort();
  };
  const db = await settled(request).catch((error) => {
    if (isNew) return undefined;
    throw error;
  });
  if (db?.objectStoreNames.contains(STORE)) return db;
  db?.close();
  return undefined;
}

/**
 * Moves the entries of every Workbox queue, in their order, to the queue of the same name here: each exactly once, also
 * when it is called again after a crash in the middle. Call it when no older worker uses Workbox's database any more,
 * in `activate`. Resolves with how many there were.
 */
export async function importWorkbox(): Promise<{ readonly imported: number }> {
  return navigator.locks.request("originmq:workbox-import", async () => {
    const db = await openExisting();
    if (db === undefined) return { imported: 0 };
    try {
      const entries = (await settled(db.transaction(STORE).objectStore(STORE).getAll())) as WorkboxEntry[];
      const queues = new Map<string, MessageQueue<StoredEntry>>();
      // In order of their keys, which is their order in each queue.
      for (const { id, queueName, requestData, timestamp, metadata } of entries) {
        const queue = queues.get(queueName) ?? (await openPushed(await connection(), queueName));
        queues.set(queueName, queue);
        const deduplicationId = `workbox-import:${id}:${timestamp}`;
        await queue.send({ requestData, timestamp, ...(metadata && { metadata }) }, { deduplicationId });
        const tx = db.transaction(STORE, "readwrite");
        tx.objectStore(STORE).delete(id);
        await new Promise<void>((resolve, reject) => {
          tx.oncomplete = () => resolve();
          tx.onabort = () => reject(tx.error);
        });
      }
      for (const queue of queues.values()) await queue.close();
      await Promise.all([...queues.keys()].map(askForSync));
      return { imported: entries.length };
    } finally {
      db.close();
    }
  });
}
