// What components know of a queue or an outbox, for any framework or none: `subscribe` and `getSnapshot`.

export type { ConsumerOptions, ConsumerSnapshot, ConsumerStore } from "./integrations/frameworks/consumer-store.js";
export {
  createHttpOutboxStore,
  type OutboxSnapshot,
  type OutboxStore,
  type OutboxStoreOptions,
} from "./integrations/frameworks/outbox-store.js";
export {
  createQueueStore,
  type MessagesOptions,
  type MessagesSnapshot,
  type QueueSnapshot,
  type QueueStore,
  type StatsSnapshot,
  type StoreOptions,
} from "./integrations/frameworks/queue-store.js";
export type { SendSnapshot, SendStore } from "./integrations/frameworks/send-store.js";
export type { Progress, Store } from "./integrations/frameworks/source.js";
