// Queues and outboxes in Svelte: readables over the stores of "originmq/store", which are here, too.

export * from "./integrations/frameworks/svelte.js";
export * from "./store.js";
