// Keys that an origin makes for itself. They lie beside the data, not extractable: who has a copy of the disk alone has no key
// that works, as far as the browser keeps its own word; who runs code of this origin has.
// Invariants: of one name there is one key, whoever comes first; it is made for what is about to be stored, and destroyed for what
// no longer is, by one context at a time, since both lie in two databases.

import { QueueError } from "../core/spec/errors.js";

const DATABASE = "originmq-keys";
const STORE = "keys";

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The mark of a key that was destroyed before what it has encrypted was. */
const markOf = (name: string) => `${name} shredded`;

/** Makes it where there is none: of one that was destroyed nothing is left then. Rejects with `unsupported` where there is no IndexedDB. */
export async function makeGenerated(name: string): Promise<CryptoKey> {
  // Before the transaction, which would not wait for it.
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  let key: CryptoKey = made;
  await change((store) => {
    const asked = store.get(name);
    asked.onsuccess = () => {
      if (asked.result) key = asked.result;
      else {
        store.add(made, name);
        store.delete(markOf(name));
      }
    };
  });
  return key;
}

/** `undefined` where there is none. Rejects as the making does. */
export const generatedKey = (name: string): Promise<CryptoKey | undefined> => read(name);

/** `isMarked`: for whoever comes next to see that it was destroyed. */
export const destroyGenerated = (name: string, isMarked: boolean): Promise<void> =>
  change((store) => {
    store.delete(name);
    if (isMarked) store.put(true, markOf(name));
  });

export async function isDestroyed(name: string): Promise<boolean> {
  return typeof indexedDB !== "undefined" && (await read(markOf(name))) !== undefined;
}

export const unmark = (name: string): Promise<void> => change((store) => void store.delete(markOf(name)));

/** Whoever makes or destroys it, from before it looks at what is stored until that is what it is to be. */
export async function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  // Where there are none there is no IndexedDB either, and so no key.
  return locks ? locks.request(`originmq:${name}:key`, work) : work();
}

async function read<Value>(name: string): Promise<Value | undefined> {
  let value: Value | undefined;
  await change((store) => {
    const asked = store.get(name);
    asked.onsuccess = () => {
      value = asked.result;
    };
  });
  return value;
}

/** In one transaction. */
async function change(issue: (store: IDBObjectStore) => void): Promise<void> {
  if (typeof indexedDB === "undefined") {
    const message = "encryption.generate keeps its key in IndexedDB, which is not here: give a key or a password";
    throw new QueueError("unsupported", message, { detail: { missing: ["IndexedDB"] } });
  }
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await done(opening);
  try {
    const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
    const complete = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    issue(transaction.objectStore(STORE));
    await complete;
  } finally {
    database.close();
  }
}
