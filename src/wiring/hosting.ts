// Hosts databases in this context, each as long as it holds that database's lock. What the worker entries share.

import { QueueError } from "../core/spec/errors.js";
import { type Elsewhere, stand } from "../host/election/candidate.js";
import { createPlatform } from "../host/engine/platform.js";
import { type Host, openHost } from "../host/host.js";
import { holdLife } from "../link/finding/life.js";
import type { Opening } from "../link/finding/opening.js";
import { channelName, directoryName, hostLockName, presenceLockName } from "../link/rpc/names.js";
import type { HostKind } from "../link/rpc/wire.js";
import { createIndexedDbStore } from "../store/indexeddb/indexeddb.js";
import type { LogStore } from "../store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../store/memory/memory.js";
import { createAsking } from "./asking.js";
import { createCanary } from "./canary.js";

/** Holds a lock for as long as this worker lives, and says which. Rejects where nothing can host for want of locks. */
export async function proveLife(): Promise<string> {
  const { locks } = navigator;
  if (locks === undefined) throw missing("Web Locks are");
  try {
    return (await holdLife(locks, `originmq:worker:${crypto.randomUUID()}`)).lock;
  } catch (cause) {
    throw new QueueError("unsupported", "Web Locks are refused in this worker", { cause });
  }
}

export type Hosting = (opening: Opening) => Promise<Host | Elsewhere>;

/** `signal` ends all hosting here: commits under way are finished, then the locks are free. */
export function createHosting(kind: HostKind, signal?: AbortSignal): Hosting {
  const hosts = new Map<string, Promise<Host | Elsewhere>>();
  return (opening) => {
    const key = `${opening.storage}:${opening.database}`;
    const known = hosts.get(key);
    if (known) return known;
    const standing = standFor(kind, opening, signal);
    hosts.set(key, standing);
    const forget = () => {
      if (hosts.get(key) === standing) hosts.delete(key);
    };
    standing.then((host) => ("elsewhere" in host ? forget() : host.ended.then(forget, forget)), forget);
    return standing;
  };
}

/** Begins to host the database that a SharedWorker is named after: whoever has named it asks for that next. */
export function hostNamed(hosting: Hosting, name: string): void {
  const [, storage, database] = /^originmq:(indexeddb|memory):(.+)$/s.exec(name) ?? [];
  if (storage && database) hosting({ storage: storage as Opening["storage"], database }).catch(() => {});
}

async function standFor(kind: HostKind, opening: Opening, signal: AbortSignal | undefined): Promise<Host | Elsewhere> {
  const { storage, database } = opening;
  const { locks } = navigator;
  if (locks === undefined) throw missing("Web Locks are");
  if (storage === "indexeddb" && typeof indexedDB === "undefined") throw missing("IndexedDB is");
  const lock = hostLockName(storage, database);
  // Opened beside the asking for the lock: who may write is said by the epoch.
  const store = createStore(opening);
  void store.open().catch(() => {});
  const canary = storage === "memory" ? undefined : createCanary(database);
  const standing = stand({
    kind,
    locks,
    lock,
    asking: createAsking(directoryName(storage, database)),
    signal,
    async openHost() {
      const platform = createPlatform(channelName(storage, database), {
        locks,
        canary,
      });
      try {
        const presenceLock = (client: string) => presenceLockName(storage, database, client);
        const host = await openHost({ kind, store, platform, lock, presenceLock });
        host.ended.catch(() => {}).finally(() => platform.close());
        return host;
      } catch (error) {
        platform.close();
        throw error;
      }
    },
  });
  const leave = () => store.close();
  standing.then((host) => ("elsewhere" in host ? leave() : undefined), leave);
  return standing;
}

const createStore = ({ storage, database }: Opening): LogStore =>
  storage === "memory" ? createMemoryStore({ disk: createMemoryDisk() }) : createIndexedDbStore({ database });

const missing = (what: string) =>
  new QueueError("unsupported", `${what} missing here: a durable queue needs a secure context (https or localhost)`);
