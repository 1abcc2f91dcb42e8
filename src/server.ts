// OriginMQ on a server: one process hosts databases, and tabs, workers and other processes are its clients over sockets.

export type { Connection } from "./client/connection/connection.js";
export { QueueError } from "./core/spec/errors.js";
export type { Grant, Verb } from "./host/clients/access.js";
export type { ClientLimits, DatabaseLimits } from "./host/clients/client-limits.js";
export type { Authorize, AuthorizeRequest } from "./server/admission.js";
export type { ServerLimits } from "./server/limits.js";
export { type ServeOptions, type Server, serve } from "./server/serve.js";
