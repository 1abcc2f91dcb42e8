// `openQueue`, `openTopic` and `connect`, for what a context can start.

import { type Client, createClient } from "../client/connection/client.js";
import { configureQueue } from "../client/connection/configure.js";
import {
  CONNECT_SPEC,
  CONNECTION_SPEC,
  type ConnectionOptions,
  type ConnectOptions,
  checkAddress,
  type Encryption,
} from "../client/connection/connect-options.js";
import type { Connection } from "../client/connection/connection.js";
import { createEarlyQueue } from "../client/connection/early-queue.js";
import type { EncryptedConnection } from "../client/connection/encrypted-connection.js";
import { createSharing, type Leave } from "../client/connection/sharing.js";
import type { Whole } from "../client/connection/whole.js";
import type { Queue } from "../client/queue/queue.js";
import type { Topic } from "../client/queue/topic.js";
import { wrapQueue } from "../client/queue/wrap.js";
import { type Later, SOON_MS } from "../client/runtime/later.js";
import { checkQueueName, checkTopicName, QUEUE_SPEC, type QueueOptions } from "../client/sending/options.js";
import type { StandardSchema } from "../client/sending/schema.js";
import { boolean, checkOptions } from "../core/spec/check.js";
import { QueueError } from "../core/spec/errors.js";
import { persist } from "./persist.js";
import { isServer, ownsSockets } from "./server.js";
import { createTransport, type Starters } from "./transport.js";

type OpenOptions = QueueOptions & ConnectOptions & { readonly local?: boolean };

/** `openQueue` without `local`. */
export interface OpenQueue {
  <Input, Output>(
    name: string,
    options: QueueOptions & ConnectOptions & { readonly schema: StandardSchema<Input, Output> },
  ): Promise<Queue<Input, Output>>;
  <Body = unknown>(name: string, options?: OpenOptions): Promise<Queue<Body>>;
}

/** `connect`, by what it is given. */
export interface Connect {
  (options: ConnectionOptions & { readonly encryption: Encryption | "required" }): Promise<EncryptedConnection>;
  (options?: ConnectionOptions): Promise<Connection>;
}

/** What a client needs beside its host. */
export interface ClientStarters extends Starters {
  /** The same as what it has beside sending, of encrypted queues, once the key that is given was found to be right. */
  sealing(client: Client, options: ConnectOptions): Promise<Whole>;
  /** Loaded where it is asked for, if it can be. */
  readonly local: OpenLocalFirst;
}

/** Opens a queue that is local first, of plain ones. What it is built on is handed in: it is loaded when it is asked for. */
type OpenLocalFirst = <Body>(
  means: {
    open<Body>(name: string, options: QueueOptions & ConnectOptions): Promise<Queue<Body>>;
    readonly wrapQueue: typeof wrapQueue;
  },
  name: string,
  options: QueueOptions & ConnectOptions,
) => Promise<Queue<Body>>;

export interface Api {
  openQueue<Body>(name: string, options?: OpenOptions): Promise<Queue<Body>>;
  openTopic<Body = unknown>(name: string, options?: ConnectOptions): Promise<Topic<Body>>;
  connect(options?: ConnectionOptions): Promise<Connection>;
}

/** A tenth: early enough to send what waits, or to ask the user. */
const LOW_STORAGE = 0.1;

/** Whoever comes with another token is somebody else, perhaps. */
const tokens = new WeakMap<() => unknown, number>();
let lastToken = 0;
function numberOf(token: ConnectOptions["token"]): number {
  if (!token) return 0;
  const number = tokens.get(token) ?? ++lastToken;
  tokens.set(token, number);
  return number;
}

/** `whole`: what a client has beside sending. */
export function createApi(starters: ClientStarters, whole: Later<Whole>): Api {
  /** Clients that `openQueue` shares, by storage and database, or by address and token. */
  const share = createSharing<Client>();

  const start = (options: ConnectOptions) =>
    createClient({
      ...createTransport(options, starters),
      label: options.label,
      rest: whole.get,
    });

  /** One more user of the database's client, who calls `leave` once. */
  const join = async (options: ConnectOptions): Promise<{ readonly client: Client; readonly leave: Leave }> => {
    const { database = "originmq", storage = "indexeddb", url, token, openTimeoutMs, signal } = options;
    signal?.throwIfAborted();
    if (options.persist) void persist();
    const address = url ? `${numberOf(token)} ${url}` : `${storage}:${openTimeoutMs ?? ""}:${database}`;
    return share(url && ownsSockets() ? {} : address, () => start(options));
  };

  /** What is not needed to send: in nobody's way, and yet there before a page goes offline. */
  const fetchSoon = () => {
    if (whole.now) return;
    const timer: unknown = setTimeout(() => void whole.get().catch(() => {}), SOON_MS);
    (timer as { unref?(): void }).unref?.();
  };

  /** What is opened, or why it is not, once nobody uses the client for it any more. */
  const orLeave = <T>(opening: Promise<T>, leave: () => Promise<void>): Promise<T> =>
    opening.catch(async (error) => {
      await leave();
      throw error;
    });

  /** What the client is made whole by, once it may be used. */
  const ready = async (client: Client, options: ConnectOptions): Promise<Whole> => {
    const part = await (options.encryption === undefined ? whole.get() : starters.sealing(client, options));
    if (!options.lazy) await client.connected(options.signal);
    return part;
  };

  const openQueue = async <Body>(
    name: string,
    options: QueueOptions,
    connect: ConnectOptions,
  ): Promise<Queue<Body>> => {
    const { client, leave } = await join(connect);
    const { lazy, signal } = connect;
    const given = { options, lazy, signal };
    const open = async (): Promise<Queue<Body>> => {
      // Neither is for the part that only sends.
      if (connect.encryption !== undefined || connect.label)
        return (await ready(client, connect)).openWholeQueue(client, name, given, leave);
      await configureQueue(client, name, given);
      fetchSoon();
      return createEarlyQueue<Body, Body>({ name, client, whole, schema: options.schema, onClosed: leave });
    };
    return orLeave(open(), leave);
  };

  const api: Api = {
    async openQueue<Body>(name: string, options: OpenOptions = {}) {
      checkQueueName(name);
      checkOptions("openQueue()", options, { ...QUEUE_SPEC, ...CONNECT_SPEC, local: boolean });
      if (options.local) return starters.local<Body>({ open: api.openQueue, wrapQueue }, name, options);
      checkAddress("openQueue()", options);
      return openQueue<Body>(name, options, options);
    },
    async openTopic<Body>(name: string, options: ConnectOptions = {}): Promise<Topic<Body>> {
      checkTopicName(name);
      checkOptions("openTopic()", options, CONNECT_SPEC);
      checkAddress("openTopic()", options);
      const { client, leave } = await join(options);
      const { openTopic } = await orLeave(ready(client, options), leave);
      return openTopic<Body>({
        name,
        client,
        openQueue: (queue, settings) => openQueue<Body>(queue, settings, options),
        onClosed: leave,
      });
    },
    async connect(options = {}) {
      checkOptions("connect()", options, CONNECTION_SPEC);
      checkAddress("connect()", options);
      options.signal?.throwIfAborted();
      const persisted = options.persist ? persist() : undefined;
      const client = start(options);
      const { createPublicConnection } = await orLeave(ready(client, options), () => client.close({ force: true }));
      const { lazy: isLazy, storage = "indexeddb", url, lowStorage = LOW_STORAGE } = options;
      const isStored = storage === "indexeddb" && url === undefined;
      return createPublicConnection(client, { isLazy, persisted, ...(isStored && { lowStorage }) });
    },
  };
  return isServer() ? forgiving(api) : api;
}

/**
 * What a module of an application opens is opened on its server, too, when that renders a page: that there are no durable
 * queues hears who waits for the promise, and does not end the process.
 */
function forgiving(api: Api): Api {
  const forgive = <T>(opening: Promise<T>): Promise<T> => {
    const forgiven = opening.catch((error: unknown) => {
      // Of any other failure the runtime is to hear, if nobody does.
      if (error instanceof QueueError && error.code === "unsupported") forgiven.catch(() => {});
      throw error;
    });
    return forgiven;
  };
  return {
    openQueue: (...opened) => forgive(api.openQueue(...opened)),
    openTopic: (...opened) => forgive(api.openTopic(...opened)),
    connect: (...opened) => forgive(api.connect(...opened)),
  } as Api;
}
