// OriginMQ on Durable Objects: each object hosts one database in its own SQLite, and tabs, workers and other processes are
// its clients over sockets.

export type { Grant, Verb } from "./host/clients/access.js";
export type { ClientLimits, DatabaseLimits } from "./host/clients/client-limits.js";
export type { Authorize, AuthorizeRequest } from "./server/admission.js";
export { type ObjectContext, type ObjectNamespace, QueueObject, routeQueues } from "./server/durable-object.js";
export type { ServerLimits } from "./server/limits.js";
