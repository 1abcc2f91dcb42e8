// `openQueue`, `openTopic` and `connect`, for what a context can start.

import { type Client, createClient } from "../client/connection/client.js";
import { configureQueue } from "../client/connection/configure.js";
import {
  CONNECT_SPEC,
  CONNECTION_SPEC,
  type ConnectionOptions,
  type ConnectOptions,
  checkAddress,
} from "../client/connection/connect-options.js";
import type { Connection } from "../client/connection/connection.js";
import { createEarlyQueue } from "../client/connection/early-queue.js";
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
  openQueue<Body>(name: string, options: OpenOptions | undefined, local: OpenLocalFirst): Promise<Queue<Body>>;
  openTopic<Body = unknown>(name: string, options?: ConnectOptions): Promise<Topic<Body>>;
  connect(options?: ConnectionOptions): Promise<Connection>;
}

/** A tenth: early enough to send what waits, or to ask the user. */
const LOW_STORAGE = 0.1;

/** Whoever comes with another token is somebody else, perhaps. */
const tokens = new WeakMap<() => unknown, number>();
let lastToken = 0;
function numberOf(token: ConnectOptions["token"]): number {
  if (token === undefined) return 0;
  const number = tokens.get(token) ?? ++lastToken;
  tokens.set(token, number);
  return number;
}

/** `whole`: what a client has beside sending. */
export function createApi(starters: Starters, whole: Later<Whole>): Api {
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
    const address = url === undefined ? `${storage}:${openTimeoutMs ?? ""}:${database}` : `${numberOf(token)} ${url}`;
    const key = url !== undefined && ownsSockets() ? {} : address;
    return share(key, () => start(options));
  };

  /** What is not needed to send: in nobody's way, and yet there before a page goes offline. */
  const fetchSoon = () => {
    if (whole.now) return;
    const timer: unknown = setTimeout(() => void whole.get().catch(() => {}), SOON_MS);
    (timer as { unref?(): void }).unref?.();
  };

  const openQueue = async <Body>(
    name: string,
    { settings, connect }: { readonly settings: QueueOptions; readonly connect: ConnectOptions },
  ): Promise<Queue<Body>> => {
    const { client, leave } = await join(connect);
    const { lazy = false, signal } = connect;
    try {
      await configureQueue(client, name, { options: settings, lazy, signal });
      fetchSoon();
      return createEarlyQueue<Body, Body>({ name, client, whole, schema: settings.schema, onClosed: leave });
    } catch (error) {
      await leave();
      throw error;
    }
  };

  const api: Api = {
    async openQueue<Body>(name: string, options: OpenOptions = {}, openLocalFirst: OpenLocalFirst) {
      checkQueueName(name);
      checkOptions("openQueue()", options, { ...QUEUE_SPEC, ...CONNECT_SPEC, local: boolean });
      if (options.local) {
        const open = <Body>(name: string, options: OpenOptions) => api.openQueue<Body>(name, options, openLocalFirst);
        return openLocalFirst<Body>({ open, wrapQueue }, name, options);
      }
      checkAddress("openQueue()", options);
      const { local, database, worker, storage, url, token, lazy, persist, label, openTimeoutMs, signal, ...settings } =
        options;
      return openQueue<Body>(name, { settings, connect: options });
    },
    async openTopic<Body>(name: string, options: ConnectOptions = {}): Promise<Topic<Body>> {
      checkTopicName(name);
      checkOptions("openTopic()", options, CONNECT_SPEC);
      checkAddress("openTopic()", options);
      const { client, leave } = await join(options);
      let createTopic: Whole["createTopic"];
      try {
        ({ createTopic } = await whole.get());
        if (!options.lazy) await client.connected(options.signal);
      } catch (error) {
        await leave();
        throw error;
      }
      return createTopic<Body>({
        name,
        pipeline: client.pipeline,
        openQueue: (queue, settings) => openQueue<Body>(queue, { settings, connect: options }),
        onClosed: leave,
      });
    },
    async connect(options = {}) {
      checkOptions("connect()", options, CONNECTION_SPEC);
      checkAddress("connect()", options);
      options.signal?.throwIfAborted();
      const persisted = options.persist ? persist() : undefined;
      const client = start(options);
      let createPublicConnection: Whole["createPublicConnection"];
      try {
        ({ createPublicConnection } = await whole.get());
        if (!options.lazy) await client.connected(options.signal);
      } catch (error) {
        await client.close({ force: true });
        throw error;
      }
      const { lazy: isLazy = false, storage = "indexeddb", url, lowStorage = LOW_STORAGE } = options;
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
    const forgiven: Promise<T> = new Promise((resolve, reject) => {
      opening.then(resolve, (error: unknown) => {
        // Of any other failure the runtime is to hear, if nobody does.
        if (error instanceof QueueError && error.code === "unsupported") forgiven.catch(() => {});
        reject(error);
      });
    });
    return forgiven;
  };
  return {
    openQueue: <Body>(...opened: Parameters<Api["openQueue"]>) => forgive(api.openQueue<Body>(...opened)),
    openTopic: <Body>(name: string, options?: ConnectOptions) => forgive(api.openTopic<Body>(name, options)),
    connect: (options) => forgive(api.connect(options)),
  };
}
