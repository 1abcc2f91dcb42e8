// `openQueue`, `openTopic` and `connect`, for what a context can start.

import type { Client } from "../client/connection/client.js";
import {
  CONNECT_SPEC,
  CONNECTION_SPEC,
  type ConnectionOptions,
  type ConnectOptions,
  checkAddress,
  type Encryption,
} from "../client/connection/connect-options.js";
import type { Connection } from "../client/connection/connection.js";
import type { EarlyClient } from "../client/connection/early-client.js";
import { createEarlyQueue } from "../client/connection/early-queue.js";
import type { EncryptedConnection } from "../client/connection/encrypted-connection.js";
import type { Happenings } from "../client/connection/happenings.js";
import { createSharing, type Leave, type Shareable } from "../client/connection/sharing.js";
import type { Whole } from "../client/connection/whole.js";
import type { Queue } from "../client/queue/queue.js";
import type { Topic } from "../client/queue/topic.js";
import { wrapQueue } from "../client/queue/wrap.js";
import { abortable } from "../client/runtime/abortable.js";
import { type Later, SOON_MS } from "../client/runtime/later.js";
import {
  checkQueueName,
  checkTopicName,
  QUEUE_SPEC,
  type QueueOptions,
  settingsOf,
} from "../client/sending/options.js";
import type { StandardSchema } from "../client/sending/schema.js";
import { createUsualIntake } from "../client/sending/usual.js";
import { boolean, checkOptions } from "../core/spec/check.js";
import { QueueError } from "../core/spec/errors.js";
import { sharedAs } from "./begin.js";
import { persist } from "./persist.js";
import { isServer, ownsSockets } from "./server.js";
import type { Starters } from "./transport.js";
import type { WiredWhole } from "./whole.js";

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

/** A client that is there to send, and becomes whole. */
export interface Beginning extends Shareable {
  readonly client: EarlyClient;
  readonly happenings: Omit<Happenings, "tell">;
  /** What its database is known by here. */
  readonly database: string;
}

export type Begin = (options: ConnectOptions) => Beginning;

/** `whole`: what a client has beside sending. */
export function createApi(starters: Pick<ClientStarters, "sealing" | "local">, whole: Later<WiredWhole>, begin: Begin) {
  /** Clients that `openQueue` shares, by storage and database, or by address and token. */
  const share = createSharing<Beginning>();

  /** One more user of the database's client, who calls `leave` once. */
  const join = (options: ConnectOptions): { readonly client: Beginning; readonly leave: Leave } => {
    const { url, token, signal } = options;
    signal?.throwIfAborted();
    if (options.persist) void persist();
    const address = url ? `${numberOf(token)} ${url}` : sharedAs(options);
    return share(url && ownsSockets() ? {} : address, () => begin(options));
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

  /** The whole client and what it is made so by, once it may be used. */
  const ready = async (
    beginning: Beginning,
    options: ConnectOptions,
  ): Promise<{ readonly client: Client; readonly part: Whole }> => {
    const { lazy, encryption, signal } = options;
    // While what comes later is loaded.
    if (!lazy) beginning.client.wake();
    const client = await abortable(beginning.client.whole(), signal);
    const part = await (encryption === undefined ? whole.get() : starters.sealing(client, options));
    if (!lazy) await client.connected(signal);
    return { client, part };
  };

  const openQueue = async <Body>(
    name: string,
    options: QueueOptions,
    connect: ConnectOptions,
  ): Promise<Queue<Body>> => {
    const { client: beginning, leave } = join(connect);
    const { lazy, signal } = connect;
    const { schema } = options;
    const open = async (): Promise<Queue<Body>> => {
      // None of these is for the part that only sends.
      if ((connect.encryption ?? connect.url ?? connect.label) !== undefined) {
        const { client, part } = await ready(beginning, connect);
        return part.openWholeQueue(client, name, { options, lazy, signal }, leave);
      }
      const checking = schema && whole.get();
      checking?.catch(() => {});
      const settings = settingsOf(options);
      const { client, happenings, database } = beginning;
      if (!lazy || Object.keys(settings).length > 0) await client.configure(name, settings, signal);
      fetchSoon();
      const intake = schema && checking ? (await checking).createIntake(schema) : createUsualIntake(whole);
      const parts = { name, client, happenings, database, whole, intake, schema, onClosed: leave };
      return createEarlyQueue<Body, Body>(parts);
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
      const { client: beginning, leave } = join(options);
      const { client, part } = await orLeave(ready(beginning, options), leave);
      return part.openTopic<Body>({
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
      const beginning = begin(options);
      const { client, part } = await orLeave(ready(beginning, options), () => beginning.close({ force: true }));
      const { lazy: isLazy, storage = "indexeddb", url, lowStorage = LOW_STORAGE } = options;
      const isStored = storage === "indexeddb" && url === undefined;
      return part.createPublicConnection(client, { isLazy, persisted, ...(isStored && { lowStorage }) });
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
