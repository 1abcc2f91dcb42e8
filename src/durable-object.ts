// OriginMQ on Durable Objects: each object hosts one database in its own SQLite, and tabs, workers and other processes are
// its clients over sockets; so are Workers that have it bound.

import type { Connection } from "./client/connection/connection.js";
import type { ObjectNamespace } from "./server/durable-object.js";
import { connectObject, type ObjectConnectOptions } from "./wiring/object.js";

export type { Grant, Verb } from "./host/clients/access.js";
export type { ClientLimits, DatabaseLimits } from "./host/clients/client-limits.js";
export type { Authorize, AuthorizeRequest } from "./server/admission.js";
export { type ObjectContext, type ObjectNamespace, QueueObject, routeQueues } from "./server/durable-object.js";
export type { ServerLimits } from "./server/limits.js";
export type { ObjectConnectOptions } from "./wiring/object.js";

/**
 * A connection of a Worker to the database of that name, in the object that `namespace` has for it: what a `fetch` or
 * `scheduled` handler sends and receives with. It lives as long as the event that opened it, as all sockets of Workers do: open
 * one in each, and close it, which waits for what was sent. `authorize` is asked as for every client. Rejects with `denied`
 * where it lets nobody in, with `invalid-argument` for no name of a database, and as `connect` of "originmq" does. With
 * `encryption`, import "originmq/encryption", too.
 */
export const connectQueues = <Id>(
  namespace: ObjectNamespace<Id>,
  database: string,
  options: ObjectConnectOptions = {},
): Promise<Connection> => connectObject(namespace.get(namespace.idFromName(database)), database, options);
