// Queues and outboxes in Angular: injectables over the stores of "originmq/store", which are here, too.

export * from "./integrations/frameworks/angular.js";
export * from "./store.js";
