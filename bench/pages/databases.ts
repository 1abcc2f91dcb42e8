// Plain IndexedDB for the limits and for cleaning up.

import type { Durability } from "./case.js";

/** Opens a new database, built by `upgrade`. */
export function openDatabase(name: string, upgrade: (db: IDBDatabase) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => upgrade(request.result);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

/** Adds one record in one transaction; resolves when it is complete. */
export function addRecord(
  db: IDBDatabase,
  store: string,
  key: number,
  value: unknown,
  durability: Durability,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const tx = db.transaction(store, "readwrite", { durability });
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error);
    tx.objectStore(store).add(value, key);
    tx.commit();
  });
}
