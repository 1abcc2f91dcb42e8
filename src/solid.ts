// Queues and outboxes in Solid: accessors over the stores of "originmq/store", which are here, too.

export * from "./integrations/frameworks/solid.js";
export * from "./store.js";
