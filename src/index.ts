// OriginMQ: a durable message queue for everything that runs on one web origin.

import { later } from "./client/runtime/later.js";
import type { OpenLocalFirst } from "./integrations/local-first/local-first-queue.js";
import type { Opening } from "./link/finding/opening.js";
import { type ClientStarters, type Connect, createApi, type OpenQueue } from "./wiring/api.js";
import { beginPage } from "./wiring/begin-page.js";
import { offerStarters } from "./wiring/page-starters.js";
import { ofPackage } from "./wiring/starting.js";

export type { AskedKey, ConnectionOptions, ConnectOptions, Encryption } from "./client/connection/connect-options.js";
export type { Connection, ConnectionEventMap } from "./client/connection/connection.js";
export type {
  EncryptedConnection,
  EncryptedConnectionEventMap,
  EncryptOptions,
  EncryptProgress,
} from "./client/connection/encrypted-connection.js";
export type { StorageAccount } from "./client/connection/low-storage.js";
export type { LockEventMap, QueueEventMap } from "./client/queue/events.js";
export type {
  DeadLetters,
  PeekOptions,
  PeekPagesOptions,
  Queue,
  ReceiveOptions,
  ReplaceOptions,
  RequestOptions,
  SubscribeStatsOptions,
} from "./client/queue/queue.js";
export type { ScheduleOptions, Schedules, ScheduleTiming } from "./client/queue/schedules.js";
export type { PublishReceipt, SubscriptionOptions, Topic } from "./client/queue/topic.js";
export type { Transaction } from "./client/queue/transaction.js";
export { wrapQueue } from "./client/queue/wrap.js";
export type { ConsumeOptions, Consumer } from "./client/receiving/consumer.js";
export type { Delivery, ReleaseOptions, RetryOptions, TransactionSend } from "./client/receiving/delivery.js";
export type { DrainOptions, DrainResult } from "./client/receiving/drain.js";
export type { Handler } from "./client/receiving/handling.js";
export type { Receipt } from "./client/sending/item.js";
export type { QueueRef } from "./client/sending/known.js";
export type { QueueOptions, SendOptions } from "./client/sending/options.js";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./client/sending/schema.js";
export { type ErrorDetail, QueueError, type QueueErrorCode } from "./core/spec/errors.js";
export type { DeadLetterFilter, PurgeFilter } from "./core/spec/filters.js";
export type { MessageState } from "./core/spec/message-states.js";
export type { CatchUp } from "./core/spec/schedule-spec.js";
export type { Backoff, QueueSettings, RateLimit } from "./core/spec/settings.js";
export type { HeaderMatch, SubscriptionFilter } from "./core/spec/subscription.js";
export type { Distribution, QueueLoad, Windows } from "./core/view/meter.js";
export type { Prediction } from "./core/view/queueing.js";
export type { QueueStats } from "./core/view/view.js";
export type {
  LocalFirstEventMap,
  LocalFirstOptions,
  LocalFirstQueue,
  LocalFirstStats,
  LocalReceipt,
  OpenLocalFirst,
} from "./integrations/local-first/local-first-queue.js";
export type {
  CheckFault,
  CheckReport,
  InspectedClient,
  InspectedConsumer,
  InspectedHost,
  InspectedLease,
  InspectedQueue,
  InspectedTopic,
  Inspection,
  JournalChange,
  JournalCommit,
  JournalTail,
  QueueDepths,
  TakeOver,
} from "./link/rpc/inspection.js";
export type { ClientView, DataLoss, Diagnostics, MessageView, QueueSummary, ScheduleView } from "./link/rpc/views.js";
export type { HostKind } from "./link/rpc/wire.js";
export type { Connect, OpenQueue } from "./wiring/api.js";

/** One worker a database: its name keeps two databases of one origin apart. */
const sharedWorker = ({ storage, database }: Opening) => {
  // By these names, with the address in the call, and options that are constant: so bundlers find the files.
  const SharedWorker = ofPackage(globalThis.SharedWorker, `originmq:${storage}:${database}`);
  return new SharedWorker(new URL("./shared-worker.js", import.meta.url), { type: "module" });
};
const starters: ClientStarters = {
  sharedWorker,
  dedicatedWorker() {
    const Worker = ofPackage(globalThis.Worker);
    return new Worker(new URL("./dedicated-worker.js", import.meta.url), { type: "module" });
  },
  inProcess: async (...opened) => (await import("./wiring/in-process.js")).createInProcess(...opened),
  socket: async (...opened) => (await import("./wiring/socket.js")).createSocketWay(...opened),
  sealing: async (...opened) => (await import("./wiring/sealing.js")).openSealing(...opened),
  local: async (...opened) =>
    (await import("./integrations/local-first/open-local-first.js")).openLocalFirst(...opened),
};
offerStarters(starters);
const rest = later(async () => (await import("./wiring/whole.js")).createWhole(starters));
const api = createApi(starters, rest, beginPage(sharedWorker, rest));

/**
 * Opens a queue, new if there is none of that name. Queues of one database share a connection. Resolves once a host has
 * accepted this client. Rejects with `unsupported` where Web Locks, BroadcastChannel, IndexedDB or any kind of worker
 * are missing, and with `storage-failed` or `format-too-new` when the database cannot be used.
 *
 * With `url` and `local: true`, what is sent is kept on this device and forwarded to the server of `url`: see
 * `LocalFirstQueue`. Resolves then without a network, too.
 */
export const openQueue = api.openQueue as OpenLocalFirst & OpenQueue;

/**
 * A topic: what is published to it goes to each of its subscriptions, which are queues. Shares the connection, and rejects,
 * as `openQueue` does.
 */
export const openTopic = api.openTopic;

/** A connection of its own: many queues over one link, closed together. Rejects as `openQueue` does. */
export const connect = api.connect as Connect;
