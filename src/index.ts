// OriginMQ: a durable message queue for everything that runs on one web origin.

import { type Client, createClient } from "./client/client.js";
import {
  CONNECT_SPEC,
  type Connection,
  type ConnectOptions,
  createPublicConnection,
  openQueueOver,
} from "./client/connection.js";
import { checkQueueName, QUEUE_SPEC, type QueueOptions } from "./client/options.js";
import type { Queue } from "./client/queue.js";
import { checkOptions } from "./core/check.js";
import { createTransport } from "./transport.js";

export type { Connection, ConnectOptions } from "./client/connection.js";
export type { ConsumeOptions, Consumer, Handler } from "./client/consumer.js";
export type { Delivery } from "./client/delivery.js";
export type { Receipt } from "./client/draft.js";
export type { DrainOptions, DrainResult } from "./client/drain.js";
export type { QueueOptions, SendOptions } from "./client/options.js";
export type { DeadLetters, PeekOptions, Queue, ReceiveOptions } from "./client/queue.js";
export type { QueueEventMap } from "./client/queue-events.js";
export type { DeadLetterFilter } from "./core/commands.js";
export { QueueError, type QueueErrorCode } from "./core/errors.js";
export type { Backoff, QueueSettings } from "./core/settings.js";
export type { MessageState, QueueStats } from "./core/view.js";
export type { Diagnostics, HostKind, MessageView } from "./link/wire.js";

interface Shared {
  readonly client: Client;
  users: number;
}

/** Clients that `openQueue` shares, by storage and database. */
const shared = new Map<string, Shared>();

function openClient(options: ConnectOptions): Client {
  const { openPort, onClosed, ...parts } = createTransport(options);
  const client = createClient({ openPort, ...parts });
  return {
    ...client,
    get host() {
      return client.host;
    },
    async close() {
      await client.close();
      await onClosed();
    },
  };
}

/**
 * Opens a queue, new if there is none of that name. Queues of one database share a connection. Resolves once the host
 * has accepted this client. Rejects with `unsupported` where SharedWorker, Web Locks or IndexedDB are missing, and with
 * `storage-failed` or `format-too-new` when the database cannot be used.
 */
export async function openQueue<Body = unknown>(
  name: string,
  options: QueueOptions & ConnectOptions = {},
): Promise<Queue<Body>> {
  checkQueueName(name);
  checkOptions("openQueue()", options, { ...QUEUE_SPEC, ...CONNECT_SPEC });
  const { database = "originmq", worker: _, storage = "indexeddb", lazy = false, signal, ...settings } = options;
  signal?.throwIfAborted();
  const key = `${storage}:${database}`;
  const entry = shared.get(key) ?? { client: openClient(options), users: 0 };
  shared.set(key, entry);
  entry.users++;
  const leave = async () => {
    if (--entry.users > 0) return;
    shared.delete(key);
    await entry.client.close();
  };
  try {
    return await openQueueOver<Body>(entry.client, name, { options: settings, lazy, signal }, leave);
  } catch (error) {
    await leave();
    throw error;
  }
}

/** A connection of its own: many queues over one link, closed together. Rejects as `openQueue` does. */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  checkOptions("connect()", options, CONNECT_SPEC);
  options.signal?.throwIfAborted();
  const client = openClient(options);
  try {
    if (!options.lazy) await client.connected(options.signal);
  } catch (error) {
    await client.close();
    throw error;
  }
  return createPublicConnection(client, options.lazy ?? false);
}
