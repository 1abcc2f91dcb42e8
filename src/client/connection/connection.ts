// The public face of a connection: many queues over one link.

import {
  abortSignal,
  aFunction,
  boolean,
  type Check,
  checkOptions,
  invalid,
  oneOf,
  type Spec,
  string,
} from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { MINOR_CLIENTS } from "../../core/spec/version.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { ClientView, DataLoss, Diagnostics, QueueSummary } from "../../link/rpc/views.js";
import type { HostKind } from "../../link/rpc/wire.js";
import { createQueue } from "../queue/create-queue.js";
import { dispatchOwn, tellOfPast } from "../queue/events.js";
import type { Queue } from "../queue/queue.js";
import { checkTopicName, createTopic, type Topic } from "../queue/topic.js";
import { runTransaction, type Transaction } from "../queue/transaction.js";
import { abortable } from "../runtime/abortable.js";
import { asyncDispose } from "../runtime/dispose.js";
import type { Receipt } from "../sending/item.js";
import { checkQueueName, QUEUE_SPEC, type QueueOptions, settingsOf } from "../sending/options.js";
import type { StandardSchema } from "../sending/schema.js";
import type { Client } from "./client.js";

/** Whose queues, where they are kept, and who hosts them. */
export interface ConnectOptions {
  /** Name of the database; queues of one database share a host. Default "originmq". */
  readonly database?: string;
  /**
   * Makes the worker that hosts, for bundlers that must see it, and for pages that may not start the package's own by
   * its address (docs/contexts.md). A dedicated Worker is started only when nobody else hosts; where a SharedWorker cannot
   * host, the package's dedicated worker does. Default: the SharedWorker that comes with this package, or its dedicated
   * worker where there is none.
   */
  readonly worker?: () => SharedWorker | Worker;
  /**
   * `memory` keeps nothing when its host ends; in Node, Deno and Bun, whatever stands in for a browser there, and where
   * there are no workers, the host then runs in this process. Default "indexeddb".
   */
  readonly storage?: "indexeddb" | "memory";
  /**
   * Address of a server's database, `wss://HOST/mq/DATABASE`: it hosts, in place of this origin. Excludes `database`,
   * `storage`, `worker` and `persist`. Queues of one address share a connection if they have the same function as `token`;
   * in Cloudflare's Workers they do not, since a socket there serves one event.
   */
  readonly url?: string;
  /** What the server lets this client in for; asked for each time that it connects. With `url` only. */
  readonly token?: () => string | Promise<string>;
  /** Connects with the first call that needs the host; until then the queue only listens to events. Default false. */
  readonly lazy?: boolean;
  /**
   * Asks the browser to keep the origin's data when space runs out. Only pages can ask. Nothing waits for the answer,
   * which may be the user's: it is `connection.persisted`. Default false.
   */
  readonly persist?: boolean;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
}

const ADDRESS = /^wss?:[^?#]+\/mq\/[^/?#]+$/;
const socketAddress: Check = (value, name) => {
  const isAddress = typeof value === "string" && URL.canParse(value) && ADDRESS.test(new URL(value).href);
  if (!isAddress) invalid(name, value, "an address like wss://HOST/mq/DATABASE");
};

/** Throws `invalid-argument` where options exclude each other. */
export function checkAddress(where: string, { url, ...options }: ConnectOptions): void {
  const others = url === undefined ? (["token"] as const) : (["database", "storage", "worker", "persist"] as const);
  const other = others.find((name) => options[name] !== undefined);
  if (other === undefined) return;
  const why =
    url === undefined
      ? "is for a server, whose url is missing"
      : "says where this origin hosts, and url that a server does";
  throw new QueueError("invalid-argument", `${where}.${other} ${why}`, { detail: { name: other } });
}

export const CONNECT_SPEC: Spec = {
  database: string(1, 256),
  worker: aFunction,
  storage: oneOf("indexeddb", "memory"),
  url: socketAddress,
  token: aFunction,
  lazy: boolean,
  persist: boolean,
  signal: abortSignal,
};

/** What a connection tells, by the type of the event. */
export interface ConnectionEventMap {
  /** There is a host again, or the first one of a lazy connection. */
  connected: Event;
  /** The host is gone, or the line to it; what is called waits. */
  disconnected: Event;
  /** Another host than before. */
  hostchange: Event;
  /** Messages are gone although nobody asked for it: which, in `detail`. */
  datalost: CustomEvent<DataLoss>;
  /** A newer build hosts, and this one cannot work with it: reload the page. */
  outdated: CustomEvent<{ readonly reason: QueueError }>;
  /** There will be no host any more, and every call rejects with this reason. */
  ended: CustomEvent<{ readonly reason: QueueError }>;
  /** The browser has answered whether it keeps the origin's data. */
  persisted: CustomEvent<{ readonly persisted: boolean }>;
}

/** Many queues and topics over one link to the host of a database. Reconnects by itself until it is closed. */
export interface Connection {
  /** Opens a queue, new if there is none of that name; options given are stored with it. */
  openQueue<Input, Output>(
    name: string,
    options: QueueOptions & { readonly schema: StandardSchema<Input, Output> },
  ): Promise<Queue<Input, Output>>;
  openQueue<Body = unknown>(name: string, options?: QueueOptions): Promise<Queue<Body>>;
  /** A topic, of which this connection publishes or opens subscriptions. */
  openTopic<Body = unknown>(name: string): Promise<Topic<Body>>;
  /**
   * Everything that the callback does with the transaction happens in one commit, or none of it: rejects with what the
   * callback throws, with `lease-lost` when one lease has ended, or with why a message was refused (`full`, …). After a
   * refusal the deliveries are still held. The callback may be async; nothing is sent before it has ended. Resolves
   * with a receipt for each send, in their order, once all is durable. A delivery of another connection is
   * `invalid-argument`.
   */
  transaction(callback: (transaction: Transaction) => unknown): Promise<Receipt[]>;
  /** All queues of the database by name, each with what it holds at this moment. */
  queues(): Promise<QueueSummary[]>;
  /** Who hosts now; `undefined` while not connected. */
  readonly host: { readonly kind: HostKind; readonly epoch: number } | undefined;
  /**
   * Who is connected to the host, each with what it has in hand of queues that this client may see. On a server it takes the
   * right to `manage` some queue; rejects with `unsupported` while an earlier build hosts.
   */
  clients(): Promise<ClientView[]>;
  /** What the host knows of itself, for inspectors. */
  diagnostics(): Promise<Diagnostics>;
  /**
   * Whether the browser promised to keep the origin's data; `undefined` until it has answered, which is never unless
   * `persist` was asked for, and may be never in a browser that asks its user (Firefox).
   */
  readonly persisted: boolean | undefined;
  /**
   * `disconnected`: the host is gone, or the line to it; what is called waits. `connected`: there is a host again, or the
   * first one of a lazy connection. `hostchange`: it is another than before; to come back to the same one is no change.
   * `ended`: there will be none any more, since a token was refused, say; every call rejects with the reason, and
   * `openQueue` and `connect` connect anew. `datalost`: messages are gone although nobody asked for it. `outdated`: a newer
   * build hosts, and this one cannot work with it: reload. `persisted`: the browser has answered, and
   * `connection.persisted` says what.
   */
  addEventListener<Type extends keyof ConnectionEventMap>(
    type: Type,
    listener: (event: ConnectionEventMap[Type]) => void,
  ): void;
  /** Ends what `addEventListener` began, for the same listener. */
  removeEventListener<Type extends keyof ConnectionEventMap>(
    type: Type,
    listener: (event: ConnectionEventMap[Type]) => void,
  ): void;
  /**
   * Closes its queues, sends what is still to be sent, says goodbye. Waits 10 to 20 seconds for a host where there is none;
   * `force`, which may follow a close without it: not at all.
   */
  close(options?: { readonly force?: boolean }): Promise<void>;
  [asyncDispose](): Promise<void>;
}

export interface PublicOptions {
  readonly isLazy: boolean;
  /** The browser's answer, which may never come; `undefined` when it was not asked. */
  readonly persisted: Promise<boolean> | undefined;
}

/** Opens a queue over a client; `onClosed` is called when it was closed. */
export async function openQueueOver<Input, Output = Input>(
  client: Client,
  name: string,
  given: { readonly options: QueueOptions; readonly lazy: boolean; readonly signal: AbortSignal | undefined },
  onClosed: (options: { readonly force?: boolean }) => Promise<void>,
): Promise<Queue<Input, Output>> {
  const settings = settingsOf(given.options);
  if (!given.lazy || Object.keys(settings).length > 0) {
    given.signal?.throwIfAborted();
    // Said with the hello, where this is the first.
    const configured = client.pipeline.command({ type: "configure", queue: name, settings }, given.signal);
    configured.catch(() => {});
    await client.connected(given.signal);
    await abortable(configured, given.signal);
  }
  return createQueue<Input, Output>({ name, client, schema: given.options.schema, onClosed });
}

export function createPublicConnection(client: Client, { isLazy, persisted: answer }: PublicOptions): Connection {
  const target = new EventTarget();
  const queues = new Set<{ close(options?: { readonly force?: boolean }): Promise<void> }>();
  const stopListening = client.listen((event) => {
    dispatchOwn(target, event);
    // The first host is no change, nor is one that was only out of reach.
    if (event.type === "connected" && event.isAnother) target.dispatchEvent(new Event("hostchange"));
    if (event.type === "datalost") target.dispatchEvent(new CustomEvent("datalost", { detail: event.loss }));
  });
  let stopNotices: (() => void) | undefined;
  const listenToLosses = () => {
    stopNotices ??= client.notices.listenAll(({ datalost }) => {
      if (datalost) target.dispatchEvent(new CustomEvent("datalost", { detail: datalost }));
    });
  };
  let closed: Promise<void> | undefined;
  /** Resolved once nothing of it is waited for any more, with whether that is by force. */
  const left = deferred<boolean>();
  let persisted: boolean | undefined;
  void answer?.then((given) => {
    persisted = given;
    target.dispatchEvent(new CustomEvent("persisted", { detail: { persisted } }));
  });

  const connection: Connection = {
    async openQueue<Body>(name: string, options: QueueOptions = {}) {
      checkQueueName(name);
      checkOptions("openQueue()", options, QUEUE_SPEC);
      if (closed) throw new QueueError("closed", "the connection was closed");
      const forget = async () => void queues.delete(queue);
      const queue: Queue<Body> = await openQueueOver<Body>(
        client,
        name,
        { options, lazy: isLazy, signal: undefined },
        forget,
      );
      queues.add(queue);
      return queue;
    },
    async openTopic<Body>(name: string) {
      checkTopicName(name);
      if (closed) throw new QueueError("closed", "the connection was closed");
      if (!isLazy) await client.connected();
      const topic: Topic<Body> = createTopic<Body>({
        name,
        pipeline: client.pipeline,
        openQueue: (queue, options) => connection.openQueue<Body>(queue, options),
        onClosed: async () => void queues.delete(topic),
      });
      queues.add(topic);
      return topic;
    },
    async transaction(callback) {
      aFunction(callback, "transaction(callback)");
      if (closed) throw new QueueError("closed", "the connection was closed");
      return runTransaction(client.pipeline, callback);
    },
    queues: () => client.ask({ op: "summaries" }),
    get host() {
      return client.host;
    },
    async clients() {
      await client.connected();
      if (client.minor >= MINOR_CLIENTS) return client.ask({ op: "clients" });
      throw new QueueError("unsupported", "an earlier build hosts this database: reload it");
    },
    diagnostics: () => client.diagnostics(),
    get persisted() {
      return persisted;
    },
    addEventListener(type, listener) {
      target.addEventListener(type, listener as EventListener);
      if (type !== "datalost") return;
      listenToLosses();
      tellOfPast(client.losses, listener as EventListener);
    },
    removeEventListener: (type, listener) => target.removeEventListener(type, listener as EventListener),
    async close(options = {}) {
      checkOptions("close()", options, { force: boolean });
      const stopped = Promise.all([...queues].map((queue) => queue.close(options)));
      // By force it must still reach what it waits for without.
      void client.unlessAlone(stopped, options.force).then(left.resolve, left.reject);
      closed ??= left.promise.then((force) => {
        stopListening();
        stopNotices?.();
        return client.close({ force });
      });
      return closed;
    },
    [asyncDispose]: () => connection.close(),
  };
  return connection;
}
