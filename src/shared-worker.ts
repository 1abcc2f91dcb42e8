// The SharedWorker entry: hosts the databases that its clients ask for, each as long as it holds that database's lock.

import { QueueError } from "./core/errors.js";
import { type Host, openHost } from "./host/host.js";
import { leadWhileLocked } from "./host/lead.js";
import { createPlatform } from "./host/platform.js";
import { answerOpening, type Opening } from "./link/opening.js";
import { channelName, hostLockName, presenceLockName } from "./link/wire.js";
import { createIndexedDbStore } from "./store/indexeddb.js";
import { createMemoryDisk, createMemoryStore } from "./store/memory.js";

const hosts = new Map<string, Promise<Host>>();

function hostOf(opening: Opening): Promise<Host> {
  const key = `${opening.storage}:${opening.database}`;
  const known = hosts.get(key) ?? lead(opening);
  hosts.set(key, known);
  known.then(
    (host) => host.ended.finally(() => hosts.delete(key)).catch(() => {}),
    () => hosts.delete(key),
  );
  return known;
}

/** Resolves with the host once this worker has the lock and has taken over. */
function lead({ storage, database }: Opening): Promise<Host> {
  const { locks } = navigator;
  if (locks === undefined) return Promise.reject(missing("Web Locks"));
  if (storage === "indexeddb" && typeof indexedDB === "undefined") return Promise.reject(missing("IndexedDB"));
  const lock = hostLockName(storage, database);
  const presenceLock = (client: string) => presenceLockName(storage, database, client);
  return new Promise((resolve, reject) => {
    const hostUntilEnded = async () => {
      const store =
        storage === "memory" ? createMemoryStore({ disk: createMemoryDisk() }) : createIndexedDbStore({ database });
      const platform = createPlatform(channelName(storage, database), { locks });
      try {
        const host = await openHost({ kind: "shared-worker", store, platform, lock, presenceLock });
        resolve(host);
        await host.ended;
      } finally {
        platform.close();
      }
    };
    leadWhileLocked(locks, lock, new AbortController().signal, hostUntilEnded).catch(reject);
  });
}

const missing = (what: string) =>
  new QueueError(
    "unsupported",
    `${what} is missing in this SharedWorker: it needs a secure context (https or localhost)`,
  );

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port) answerOpening(port, hostOf);
});
