// OriginMQ for service workers: the same queues, hosted in the service worker itself while no tab hosts them. A host
// there lives as long as its worker: use it inside `waitUntil`, with bounded work.

import { createApi } from "./wiring/api.js";
import { createHosting } from "./wiring/hosting.js";

export type { Connection, ConnectionEventMap, ConnectOptions } from "./client/connection.js";
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
export type { DataLoss, Diagnostics, HostKind, MessageView } from "./link/wire.js";

const api = createApi({ inContext: createHosting("service-worker") });

/** As `openQueue` of "originmq": linked to the host of a tab, or hosting here when there is none. */
export const openQueue = api.openQueue;

/** As `connect` of "originmq". */
export const connect = api.connect;
