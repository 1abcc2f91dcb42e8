// OriginMQ: a durable message queue for everything that runs on one web origin.

import { createApi } from "./wiring/api.js";

export type { QueueRef } from "./client/commit.js";
export type { Connection, ConnectionEventMap, ConnectOptions } from "./client/connection.js";
export type { ConsumeOptions, Consumer, Handler } from "./client/consumer.js";
export type { Delivery, ReleaseOptions, RetryOptions, TransactionSend } from "./client/delivery.js";
export type { Receipt } from "./client/draft.js";
export type { DrainOptions, DrainResult } from "./client/drain.js";
export type { QueueOptions, SendOptions } from "./client/options.js";
export type { DeadLetters, PeekOptions, Queue, ReceiveOptions, RequestOptions } from "./client/queue.js";
export type { QueueEventMap } from "./client/queue-events.js";
export type { ScheduleOptions, Schedules, ScheduleTiming } from "./client/schedules.js";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./client/schema.js";
export type { PublishReceipt, SubscriptionOptions, Topic } from "./client/topic.js";
export type { Transaction } from "./client/transaction.js";
export { QueueError, type QueueErrorCode } from "./core/errors.js";
export type { DeadLetterFilter, PurgeFilter } from "./core/filters.js";
export type { MessageState } from "./core/message-states.js";
export type { Distribution, QueueLoad, Windows } from "./core/meter.js";
export type { Prediction } from "./core/queueing.js";
export type { CatchUp } from "./core/schedule-spec.js";
export type { Backoff, QueueSettings, RateLimit } from "./core/settings.js";
export type { HeaderMatch, SubscriptionFilter } from "./core/subscription.js";
export type { QueueStats } from "./core/view.js";
export type { DataLoss, Diagnostics, HostKind, MessageView, QueueSummary, ScheduleView } from "./link/wire.js";

const api = createApi({
  /** One worker a database: its name keeps two databases of one origin apart. */
  sharedWorker: ({ storage, database }) =>
    new SharedWorker(new URL("./shared-worker.js", import.meta.url), {
      type: "module",
      name: `originmq:${storage}:${database}`,
    }),
  dedicatedWorker: () => new Worker(new URL("./dedicated-worker.js", import.meta.url), { type: "module" }),
});

/**
 * Opens a queue, new if there is none of that name. Queues of one database share a connection. Resolves once a host has
 * accepted this client. Rejects with `unsupported` where Web Locks, BroadcastChannel, IndexedDB or any kind of worker
 * are missing, and with `storage-failed` or `format-too-new` when the database cannot be used.
 */
export const openQueue = api.openQueue;

/**
 * A topic: what is published to it goes to each of its subscriptions, which are queues. Shares the connection, and rejects,
 * as `openQueue` does.
 */
export const openTopic = api.openTopic;

/** A connection of its own: many queues over one link, closed together. Rejects as `openQueue` does. */
export const connect = api.connect;
