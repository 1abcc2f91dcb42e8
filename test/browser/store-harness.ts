// Disposable databases, with a look at what lies in them that does not go through the store under test.

import { type CheckpointPointer, NO_CHECKPOINT } from "../../src/store/format.js";
import { createIndexedDbStore } from "../../src/store/indexeddb/indexeddb.js";
import type { LogStore } from "../../src/store/log-store.js";
import type { StoreHarness, TestDisk } from "../contract/log-store.contract.js";
import type { RawDatabase } from "../contract/raw-database.js";

export interface IndexedDbDisk extends TestDisk {
  readonly database: string;
  /** Writes past the store, unfenced. */
  put(store: string, key: IDBValidKey, value: unknown): Promise<void>;
  reserveBytes(): Promise<number>;
}

export interface IndexedDbHarness extends StoreHarness {
  createDisk(): IndexedDbDisk;
}

export function createIndexedDbHarness(): IndexedDbHarness {
  const stores: LogStore[] = [];
  const databases: string[] = [];
  return {
    createDisk() {
      const database = `store-test-${crypto.randomUUID()}`;
      databases.push(database);
      return {
        database,
        store(onStep) {
          const store = createIndexedDbStore(onStep === undefined ? { database } : { database, onStep });
          stores.push(store);
          return store;
        },
        put: (store, key, value) => withDatabase(database, (db) => putRaw(db, store, key, value)),
        async restore(raw) {
          // The first store that opens it makes the object stores.
          const store = createIndexedDbStore({ database });
          await store.open();
          await store.close();
          await withDatabase(database, (db) => restoreRaw(db, raw));
        },
        keepOne: (when) => withDatabase(database, (db) => keepOne(db, when)),
        setFormat: (format) => withDatabase(database, (db) => putRaw(db, "meta", "format", format)),
        reserveBytes: () => withDatabase(database, readReserveBytes),
        dump: () => withDatabase(database, dumpRaw),
      };
    },
    async dispose() {
      for (const store of stores.splice(0)) await store.close();
      await Promise.all(databases.splice(0).map((name) => settled(indexedDB.deleteDatabase(name))));
    },
  };
}

export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export async function withDatabase<T>(database: string, use: (db: IDBDatabase) => Promise<T>): Promise<T> {
  const db = await settled(indexedDB.open(database));
  try {
    return await use(db);
  } finally {
    db.close();
  }
}

function putRaw(db: IDBDatabase, store: string, key: IDBValidKey, value: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const tx = db.transaction(store, "readwrite");
    tx.objectStore(store).put(value, key);
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error);
  });
}

function restoreRaw(db: IDBDatabase, { format, epoch, pointer, records }: RawDatabase): Promise<void> {
  return new Promise((resolve, reject) => {
    const tx = db.transaction(["journal", "bodies", "checkpoint", "meta"], "readwrite");
    for (const [key, value] of Object.entries({ format, epoch, checkpoint: pointer })) {
      tx.objectStore("meta").put(value, key);
    }
    for (const { store, key, value } of records) tx.objectStore(store).add(value, key);
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error);
  });
}

async function keepOne(db: IDBDatabase, when: "take-over" | "checkpoint"): Promise<void> {
  const tx = db.transaction(["journal", "checkpoint", "meta"], "readwrite");
  const pointer: CheckpointPointer = (await settled(tx.objectStore("meta").get("checkpoint"))) ?? NO_CHECKPOINT;
  const { generation, uptoLsn, chunks } = pointer;
  await settled(tx.objectStore("checkpoint").delete(IDBKeyRange.upperBound([generation], true)));
  if (when === "take-over") return;
  await settled(tx.objectStore("journal").delete(IDBKeyRange.upperBound(uptoLsn)));
  await settled(tx.objectStore("meta").put({ generation, uptoLsn, chunks }, "checkpoint"));
}

async function readReserveBytes(db: IDBDatabase): Promise<number> {
  const reserve: Uint8Array | undefined = await settled(db.transaction("meta").objectStore("meta").get("reserve"));
  return reserve?.byteLength ?? 0;
}

async function dumpRaw(db: IDBDatabase): ReturnType<TestDisk["dump"]> {
  const tx = db.transaction(["journal", "bodies", "checkpoint", "meta"]);
  const [journal, bodies, chunks, epoch, format, metaKeys] = await Promise.all([
    settled(tx.objectStore("journal").getAllKeys()),
    settled(tx.objectStore("bodies").getAllKeys()),
    settled(tx.objectStore("checkpoint").count()),
    settled(tx.objectStore("meta").get("epoch")),
    settled(tx.objectStore("meta").get("format")),
    settled(tx.objectStore("meta").getAllKeys()),
  ]);
  const trials = metaKeys.filter((key) => typeof key !== "string").length;
  return { journal: journal as number[], bodies: bodies as number[], chunks, epoch, trials, format };
}
