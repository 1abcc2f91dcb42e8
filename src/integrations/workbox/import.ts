// Takes over what waits in the database of workbox-background-sync 7: version 3, store `requests`.
// Invariant: an entry is deleted there only once it is durable here, and is stored here once, whatever dies in between. What
// is no entry stays where it is, and stands in nobody's way.

import type { Queue as MessageQueue } from "../../index.js";
import { openPushed, type StoredEntry } from "./entries.js";
import { askForSync, connection } from "./queue.js";
import { readEntry } from "./workbox-entry.js";

const DATABASE = "workbox-background-sync";
const STORE = "requests";

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
 * in `activate`. Resolves with how many there were, and how many more have stayed there: no request can be made of them.
 */
export async function importWorkbox(): Promise<{ readonly imported: number; readonly left: number }> {
  return navigator.locks.request("originmq:workbox-import", async () => {
    const db = await openExisting();
    if (db === undefined) return { imported: 0, left: 0 };
    try {
      const stored = await settled(db.transaction(STORE).objectStore(STORE).getAll());
      const entries = stored.flatMap((one) => readEntry(one) ?? []);
      const queues = new Map<string, MessageQueue<StoredEntry>>();
      // In order of their keys, which is their order in each queue.
      for (const { id, queueName, deduplicationId, entry } of entries) {
        const queue = queues.get(queueName) ?? (await openPushed(await connection(), queueName));
        queues.set(queueName, queue);
        await queue.send(entry, { deduplicationId });
        const tx = db.transaction(STORE, "readwrite");
        tx.objectStore(STORE).delete(id);
        await new Promise<void>((resolve, reject) => {
          tx.oncomplete = () => resolve();
          tx.onabort = () => reject(tx.error);
        });
      }
      for (const queue of queues.values()) await queue.close();
      await Promise.all([...queues.keys()].map(askForSync));
      return { imported: entries.length, left: stored.length - entries.length };
    } finally {
      db.close();
    }
  });
}
