// Queues and outboxes in Vue: composables over the stores of "originmq/store", which are here, too.

export * from "./integrations/frameworks/vue.js";
export * from "./store.js";
