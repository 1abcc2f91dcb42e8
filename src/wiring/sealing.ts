// The part of a client that encrypts, loaded where a key is given. It comes with the rest of what a client has beside sending: to
// name pieces of that alone would have every page load it in as many files.

import type { Client } from "../client/connection/client.js";
import type { ConnectOptions } from "../client/connection/connect-options.js";
import { type Whole, whole } from "../client/connection/whole.js";
import { assertHostKnows } from "../client/queue/host-knows.js";
import type { Queue } from "../client/queue/queue.js";
import { abortable } from "../client/runtime/abortable.js";
import { QueueError } from "../core/spec/errors.js";
import { KEY_QUEUE, MINOR_ENCRYPTION, MINOR_SHARES, MINOR_SHRED } from "../core/spec/key-queue.js";
import type { QueueStats } from "../core/view/view.js";
import { encryptedConnection } from "../encryption/encrypted-connection.js";
import { createLock, type OpenedKey } from "../encryption/lock.js";
import { whileLocked } from "../encryption/locked-sealing.js";
import { checkEncryption, givenBy, isForLocked } from "../encryption/options.js";
import { createSealing } from "../encryption/sealing.js";
import { idOf, type KeyStore, pairOf, type UnlockedKey, unlock } from "../encryption/unlock.js";
import { watchKey } from "../encryption/watch.js";

/** Rejects with `wrong-key`, and has done nothing then; the first key that a database is opened with becomes its key. */
export async function openSealing(client: Client, options: ConnectOptions): Promise<Whole> {
  const { encryption: wanted, lazy, signal } = options;
  checkEncryption(wanted);
  if (lazy) {
    const message = "encryption asks the host for the key of the database: it is not for a connection that is lazy";
    throw new QueueError("invalid-argument", message, { detail: { name: "lazy" } });
  }
  await client.connected(signal);
  await assertHostKnows(client, MINOR_ENCRYPTION, "encryption");
  const store = keyStoreOf(client, options);
  const isPaired = isForLocked(wanted);
  const open = async (giveUp: AbortSignal | undefined, id?: string): Promise<OpenedKey> => {
    const encryption = await givenBy(wanted, giveUp);
    return { ...(await abortable(unlock(store, encryption, { id, isPaired }), giveUp)), encryption };
  };
  const stored = isPaired ? await abortable(store.read(), signal) : undefined;
  const pair = pairOf(stored);
  const unlocked = pair ? undefined : await open(signal);
  const id = unlocked ? unlocked.keyring.id : idOf(stored as string);
  const watch = watchKey(client, store, id);
  // What has become of it since it was read; nobody waits for that, since the host refuses what is late.
  watch.look().catch(() => {});
  const lock = pair && (await createLock({ id, pair, over: watch.over, open: () => open(watch.over, id) }));
  lock?.unlocked().catch(() => {});
  const { keyring, isSeveral } = (lock ?? unlocked) as UnlockedKey;
  const plain = createSealing(keyring, {
    ...{ shredded: watch.shredded, over: watch.over },
    maySeveral: () => isSeveral && client.minor >= MINOR_SHARES,
  });
  const sealing = lock ? whileLocked(plain, lock) : plain;
  const opened = lock ? () => lock.unlocked() : async () => unlocked as OpenedKey;
  /** The client may have other users, and live on. */
  const thenStop =
    <Given extends readonly unknown[]>(onClosed: (...given: Given) => Promise<void>) =>
    (...given: Given): Promise<void> => {
      watch.stop();
      lock?.close(new QueueError("closed", "it was closed while it was locked"));
      return onClosed(...given);
    };
  return {
    ...whole,
    createPublicConnection(client, options) {
      const connection = whole.createPublicConnection(client, { ...options, sealing });
      return encryptedConnection(connection, { store, id, watch, opened, lock, client, sealing });
    },
    openTopic: (parts) =>
      whole.openTopic({ ...parts, sealing: sealing.topic(parts.name), onClosed: thenStop(parts.onClosed) }),
    openWholeQueue: async <Input, Output>(...[client, name, given, onClosed]: Parameters<Whole["openWholeQueue"]>) => {
      const sealed = { ...given, sealing };
      const queue: Queue<Input, Output> = await whole.openWholeQueue(client, name, sealed, thenStop(onClosed));
      return lock?.tellOn(queue) ?? queue;
    },
  };
}

function keyStoreOf(client: Client, options: ConnectOptions): KeyStore {
  const { storage = "indexeddb", database = "originmq", url } = options;
  return {
    name: url ?? `${storage}:${database}`,
    read: async () => (await client.ask<QueueStats>({ op: "stats", queue: KEY_QUEUE })).settings.encryption,
    write: (sealed, replacing) =>
      client.pipeline.command({
        type: "configure",
        queue: KEY_QUEUE,
        settings: {},
        sealed,
        ...(replacing !== undefined && { replacing }),
      }),
    canDestroy: () => assertHostKnows(client, MINOR_SHRED, "shred()"),
    destroy: (sealed) => client.pipeline.command({ type: "shred", sealed }),
  };
}
