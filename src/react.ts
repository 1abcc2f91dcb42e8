"use client";
// Queues and outboxes in React: hooks over the stores of "originmq/store", which are here, too.

export * from "./integrations/frameworks/react.js";
export * from "./store.js";
