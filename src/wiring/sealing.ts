// The part of a client that encrypts, loaded where a key is given. It comes with the rest of what a client has beside sending: to
// name pieces of that alone would have every page load it in as many files.

import type { Client } from "../client/connection/client.js";
import type { ConnectOptions } from "../client/connection/connect-options.js";
import { type Whole, whole } from "../client/connection/whole.js";
import { assertHostKnows } from "../client/queue/host-knows.js";
import { QueueError } from "../core/spec/errors.js";
import { KEY_QUEUE, MINOR_ENCRYPTION, MINOR_SHARES, MINOR_SHRED } from "../core/spec/key-queue.js";
import type { QueueStats } from "../core/view/view.js";
import { encryptedConnection } from "../encryption/encrypted-connection.js";
import { checkEncryption, givenBy } from "../encryption/options.js";
import { createSealing } from "../encryption/sealing.js";
import { type KeyStore, unlock } from "../encryption/unlock.js";
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
  const encryption = await givenBy(wanted, signal);
  const { keyring, isSeveral } = await unlock(store, encryption);
  const { id } = keyring;
  const watch = watchKey(client, store, id);
  // What has become of it since it was read; nobody waits for that, since the host refuses what is late.
  watch.look().catch(() => {});
  const sealing = createSealing(keyring, {
    ...{ shredded: watch.shredded, over: watch.over },
    maySeveral: () => isSeveral && client.minor >= MINOR_SHARES,
  });
  /** The client may have other users, and live on. */
  const thenStop =
    <Given extends readonly unknown[]>(onClosed: (...given: Given) => Promise<void>) =>
    (...given: Given): Promise<void> => {
      watch.stop();
      return onClosed(...given);
    };
  return {
    ...whole,
    createPublicConnection(client, options) {
      const connection = whole.createPublicConnection(client, { ...options, sealing });
      return encryptedConnection(connection, { store, id, watch, encryption, client, sealing });
    },
    openTopic: (parts) =>
      whole.openTopic({ ...parts, sealing: sealing.topic(parts.name), onClosed: thenStop(parts.onClosed) }),
    openWholeQueue: (client, name, given, onClosed) =>
      whole.openWholeQueue(client, name, { ...given, sealing }, thenStop(onClosed)),
  };
}

function keyStoreOf(client: Client, options: ConnectOptions): KeyStore {
  const { storage = "indexeddb", database = "originmq", url, signal } = options;
  return {
    name: url ?? `${storage}:${database}`,
    read: async () => (await client.ask<QueueStats>({ op: "stats", queue: KEY_QUEUE }, signal)).settings.encryption,
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
