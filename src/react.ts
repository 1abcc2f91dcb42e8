"use client";
// Queues and outboxes in React: hooks over the stores of "originmq/store", which are here, too. Each by its name: a client
// module that says `export *` is refused by React's bundlers for servers.

export {
  useConsumer,
  useMessages,
  useOutbox,
  useQueue,
  useSend,
  useStats,
  useStore,
} from "./integrations/frameworks/react.js";
export {
  type ConsumerOptions,
  type ConsumerSnapshot,
  type ConsumerStore,
  createHttpOutboxStore,
  createQueueStore,
  type MessagesOptions,
  type MessagesSnapshot,
  type OutboxSnapshot,
  type OutboxStore,
  type OutboxStoreOptions,
  type Progress,
  type QueueSnapshot,
  type QueueStore,
  type SendSnapshot,
  type SendStore,
  type StatsSnapshot,
  type Store,
  type StoreOptions,
} from "./store.js";
