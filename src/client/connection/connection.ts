// The public face of a connection: many queues over one link.

import { aFunction, boolean, check, checkOptions, integer, oneOf, string } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { JOURNAL_COMMITS_MAX, LABEL_MAX, QUEUE_NAME_MAX } from "../../core/spec/limits.js";
import { MINOR_CHECK, MINOR_CLIENTS, MINOR_INSPECT } from "../../core/spec/version.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { CheckReport, Inspection, JournalTail } from "../../link/rpc/inspection.js";
import type { ClientView, DataLoss, Diagnostics, QueueSummary } from "../../link/rpc/views.js";
import type { HostKind } from "../../link/rpc/wire.js";
import { dispatchOwn, tellOfPast } from "../queue/events.js";
import { assertHostKnows } from "../queue/host-knows.js";
import type { Queue } from "../queue/queue.js";
import type { Sealing } from "../queue/sealing.js";
import { createTopic, type Topic } from "../queue/topic.js";
import { runTransaction, type Transaction } from "../queue/transaction.js";
import { asyncDispose } from "../runtime/dispose.js";
import type { Receipt } from "../sending/item.js";
import { checkQueueName, checkTopicName, QUEUE_SPEC, type QueueOptions } from "../sending/options.js";
import type { StandardSchema } from "../sending/schema.js";
import type { Client } from "./client.js";
import { type StorageAccount, type StorageWatch, watchStorage } from "./low-storage.js";
import { openWholeQueue } from "./open-queue.js";
import { receiverOf } from "./receiver.js";

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
  /** By the browser's account, less is left of what this origin may store than `lowStorage` says. */
  storagelow: CustomEvent<StorageAccount>;
}

/** A queue's settings, and what a connection must have to open it. */
interface OpenOptions extends QueueOptions {
  /** Rejects with `encrypted` where the connection was opened without a key: no queue of that name is made, or used, without. */
  readonly encryption?: "required";
}

/** Many queues and topics over one link to the host of a database. Reconnects by itself until it is closed. */
export interface Connection {
  /** Opens a queue, new if there is none of that name; options given are stored with it. */
  openQueue<Input, Output>(
    name: string,
    options: OpenOptions & { readonly schema: StandardSchema<Input, Output> },
  ): Promise<Queue<Input, Output>>;
  openQueue<Body = unknown>(name: string, options?: OpenOptions): Promise<Queue<Body>>;
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
  /**
   * All that the host has at this moment: itself and who hosted before, queues with their statistics, topics, and who holds
   * what. `match` is a part of the names of the queues that are wanted, in upper or lower case; default: all. On a server it takes the right to
   * `manage` some queue, and shows what this client may see; rejects with `unsupported` while an earlier build hosts.
   */
  inspect(options?: { readonly match?: string }): Promise<Inspection>;
  /**
   * What happened last: the last `max` commits of the journal (default and most 1,000), as far as it goes back, each with what the
   * queues held after it. The host reads its log again for it and does nothing else meanwhile: not to be asked often. Rights
   * and rejections as of `inspect`.
   */
  journal(options?: { readonly max?: number }): Promise<JournalTail>;
  /**
   * Reads all that is stored, and compares it with what the host has in memory and with what messages refer to. `repair`: mends
   * what it finds, as each fault says: the log is stored anew from memory; a message whose body is gone is taken out of its
   * queue, and named with `datalost`; what belongs to no message is deleted. The host does nothing else while it reads. Rejects with
   * `unsupported` while an earlier build hosts, and with `denied` over a server's address: there `originmq check` does it.
   */
  check(options?: { readonly repair?: boolean }): Promise<CheckReport>;
  /**
   * What inspectors call this context from now on, in place of `label`: for a page whose title and path change. Whoever may inspect the
   * database sees it.
   */
  setLabel(label: string): void;
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
   * `connection.persisted` says what. `storagelow`: less than the part `lowStorage` of what this origin may store is left, by the
   * browser's account, which is a hint; looked at when somebody begins to listen, and then while messages come and go.
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
  readonly isLazy: boolean | undefined;
  /** The browser's answer, which may never come; `undefined` when it was not asked. */
  readonly persisted: Promise<boolean> | undefined;
  /** Missing where the browser stores nothing of it. */
  readonly lowStorage?: number | undefined;
  /** Present where all that it opens is encrypted. */
  readonly sealing?: Sealing | undefined;
}

export function createPublicConnection(client: Client, options: PublicOptions): Connection {
  const { isLazy, persisted: answer, lowStorage, sealing } = options;
  if (client.label !== undefined) receiverOf(client);
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
  let storageWatch: Pick<StorageWatch, "end"> | undefined;
  const watch = (part: number) => {
    const onLow = (detail: StorageAccount) => target.dispatchEvent(new CustomEvent("storagelow", { detail }));
    const begun = watchStorage({ runtime: client.runtime, part, onLow });
    const stop = client.notices.listenAll(begun.note);
    return {
      end() {
        stop();
        begun.end();
      },
    };
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
    async openQueue<Body>(name: string, options: OpenOptions = {}) {
      checkQueueName(name);
      checkOptions("openQueue()", options, { ...QUEUE_SPEC, encryption: oneOf("required") });
      if (options.encryption && !sealing) {
        const message = `queue "${name}" is to be encrypted, and this connection was opened without a key`;
        throw new QueueError("encrypted", message, { detail: { queue: name } });
      }
      if (closed) throw new QueueError("closed", "the connection was closed");
      const forget = async () => void queues.delete(queue);
      const given = { options, lazy: isLazy, signal: undefined, sealing };
      const queue: Queue<Body> = await openWholeQueue<Body>(client, name, given, forget);
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
        sealing: sealing?.topic(name),
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
      await assertHostKnows(client, MINOR_CLIENTS);
      return client.ask({ op: "clients" });
    },
    async inspect(options = {}) {
      checkOptions("inspect()", options, { match: string(0, QUEUE_NAME_MAX) });
      await assertHostKnows(client, MINOR_INSPECT);
      return client.ask({ op: "inspect", match: options.match ?? "" });
    },
    async journal(options = {}) {
      checkOptions("journal()", options, { max: integer(1, JOURNAL_COMMITS_MAX) });
      await assertHostKnows(client, MINOR_INSPECT);
      return client.ask({ op: "journal", max: options.max ?? JOURNAL_COMMITS_MAX });
    },
    async check(options = {}) {
      checkOptions("check()", options, { repair: boolean });
      await assertHostKnows(client, MINOR_CHECK);
      return client.ask({ op: "check", repair: options.repair ?? false });
    },
    setLabel(label) {
      check(string(1, LABEL_MAX), label, "setLabel(label)");
      receiverOf(client).setLabel(label);
    },
    diagnostics: () => client.ask({ op: "diagnostics" }),
    get persisted() {
      return persisted;
    },
    addEventListener(type, listener) {
      target.addEventListener(type, listener as EventListener);
      if (type === "storagelow" && lowStorage !== undefined && !closed) storageWatch ??= watch(lowStorage);
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
        storageWatch?.end();
        return client.close({ force });
      });
      return closed;
    },
    [asyncDispose]: () => connection.close(),
  };
  return connection;
}
