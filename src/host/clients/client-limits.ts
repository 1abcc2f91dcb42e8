// How much one client of a server may have: what a grant may say, and what holds where it says nothing. A client is an
// identity in a database, however many connections it has.

import { integer, record } from "../../core/spec/check.js";

/** What is bounded of each client: an identity in a database, however many connections it has. */
export interface ClientLimits {
  /** Connections at once. Default: as many as the server may have. */
  readonly connections?: number | undefined;
  /**
   * Requests a second: what comes faster waits, in its order. One carries as much as was sent meanwhile. Default 10,000.
   */
  readonly requestsPerSecond?: number | undefined;
  /** Requests that are taken at once after a pause. Default: those of one second. */
  readonly requestBurst?: number | undefined;
  /**
   * Bytes that were received and are not answered, and that wait on its sockets, 1,024 more for each request. Beyond it, the
   * connection that has most is closed, and comes again with what was not answered. Default: 4 `maxMessageBytes`.
   */
  readonly bytesInFlight?: number | undefined;
  /** Queues that it uses while it is connected. Default: as many as the database may have. */
  readonly queues?: number | undefined;
  /** Consumers at once, of all its connections. Default: as many as the database may have. */
  readonly consumers?: number | undefined;
}

/** Of all clients of a database together. */
export interface DatabaseLimits {
  /** Queues, those that subscriptions fill included. Default 10,000. */
  readonly queues?: number | undefined;
  /** Consumers at once. Default 100,000. */
  readonly consumers?: number | undefined;
}

const some = integer(1);

export const CLIENT_LIMITS = record({
  connections: some,
  requestsPerSecond: some,
  requestBurst: some,
  bytesInFlight: integer(1_024),
  queues: some,
  consumers: some,
});

export const DATABASE_LIMITS = record({ queues: some, consumers: some });
