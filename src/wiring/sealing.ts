// The part of a client that encrypts, loaded where a key is given. It comes with the rest of what a client has beside sending: to
// name pieces of that alone would have every page load it in as many files.

import type { Client } from "../client/connection/client.js";
import type { ConnectOptions } from "../client/connection/connect-options.js";
import { type Whole, whole } from "../client/connection/whole.js";
import { assertHostKnows } from "../client/queue/host-knows.js";
import { QueueError } from "../core/spec/errors.js";
import type { QueueStats } from "../core/view/view.js";
import { checkEncryption } from "../encryption/options.js";
import { createSealing } from "../encryption/sealing.js";
import { unlock } from "../encryption/unlock.js";
import { KEY_QUEUE, MINOR_ENCRYPTION } from "../link/rpc/key-queue.js";

/** Rejects with `wrong-key`, and has done nothing then; the first key that a database is opened with becomes its key. */
export async function openSealing(client: Client, options: ConnectOptions): Promise<Whole> {
  const { encryption, lazy, storage = "indexeddb", database = "originmq", url, signal } = options;
  checkEncryption(encryption);
  if (lazy) {
    const message = "encryption asks the host for the key of the database: it is not for a connection that is lazy";
    throw new QueueError("invalid-argument", message, { detail: { name: "lazy" } });
  }
  await client.connected(signal);
  await assertHostKnows(client, MINOR_ENCRYPTION, "encryption");
  const keyring = await unlock(
    {
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
    },
    encryption,
  );
  const sealing = createSealing(keyring);
  return {
    ...whole,
    createPublicConnection: (client, options) => whole.createPublicConnection(client, { ...options, sealing }),
    createTopic: (parts) => whole.createTopic({ ...parts, sealing: sealing.topic(parts.name) }),
    openWholeQueue: (client, name, given, onClosed) =>
      whole.openWholeQueue(client, name, { ...given, sealing }, onClosed),
  };
}
