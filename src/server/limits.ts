// What is bounded on a server: connections, bytes in flight and requests, of each client and in all. Queues and consumers
// are counted where they are known, by the host. Invariants: what one client has too much of costs that client alone; who
// merely goes fast waits, in order, and loses nothing; what is refused for good is refused with `full`, naming the limit.
//
//   socket ──▶ silent ──its greeting──▶ asking ──its grant──▶ connected, counted with its client ──▶ ended
//                └────────────────────────┴─beyond so many of either: the one of longest standing is closed

import { checkOptions, integer, invalid, type Spec } from "../core/spec/check.js";
import {
  BYTES_IN_FLIGHT_MAX,
  CLIENT_REQUESTS_PER_SECOND,
  CONNECTIONS_MAX,
  CONSUMERS_PER_DATABASE_MAX,
  QUEUES_PER_DATABASE_MAX,
  REQUEST_OVERHEAD_BYTES,
  REQUESTS_MAX,
  SILENT_PORTS_MAX,
  SOCKET_MESSAGE_BYTES_MAX,
} from "../core/spec/limits.js";
import type { Access } from "../host/clients/access.js";
import {
  CLIENT_LIMITS,
  type ClientLimits,
  DATABASE_LIMITS,
  type DatabaseLimits,
} from "../host/clients/client-limits.js";
import type { HostLimits } from "../host/host.js";
import { type Account, createAccount, createPool, type Known, type LimitsParts, limitReached } from "./account.js";
import { createMeter, type Meter } from "./meter.js";

/** What is bounded on a server. Who is beyond a limit hears `full`, naming it; nothing that was accepted is dropped. */
export interface ServerLimits {
  /**
   * Clients that are connected. Who comes then is told `full` and tries again. Of sockets that have said nothing, and of
   * those for which `authorize` has not answered yet, as many are kept besides. Default 10,000.
   */
  readonly maxConnections?: number;
  /** Of a request or a delivery, with all that is in it. Default 64 MiB. */
  readonly maxMessageBytes?: number;
  /**
   * Bytes that were received and are not answered, and that wait on sockets, of all clients. Beyond it, the connection that
   * has most is closed, and comes again with what was not answered. Default 1 GiB.
   */
  readonly maxBytesInFlight?: number;
  /** Of each client, unless its grant says otherwise: an identity in a database, however many connections it has. */
  readonly perClient?: ClientLimits;
  /** Of each database. */
  readonly perDatabase?: DatabaseLimits;
}

export const LIMITS_SPEC: Spec = {
  maxConnections: integer(1),
  maxMessageBytes: integer(1_024),
  maxBytesInFlight: integer(1_024),
  perClient: CLIENT_LIMITS,
  perDatabase: DATABASE_LIMITS,
};

/** Of an identity that everybody has, where nobody is told from anybody: what is bounded in all is bound enough. */
export const SHARED: ClientLimits = { requestsPerSecond: 1_000_000, bytesInFlight: Number.MAX_SAFE_INTEGER };

export interface Limits {
  readonly messageBytesMax: number;
  readonly perDatabase: HostLimits;
  /** Throws `invalid-argument` where the limits of a grant make no sense here. */
  check(access: Access): void;
  /** Who has not said who it is. `close`: called when too many have not, and it has been silent for longest. Returns what ends that. */
  readonly waitSilently: WaitingRoom;
  /** Who has said it, while it is found out what that one may do. */
  readonly waitForGrant: WaitingRoom;
  /** Counts what a line holds; `shed` closes it, for the reason given, in a way that has the other side come again. */
  meter(shed: (reason: string) => void): Meter;
}

type WaitingRoom = (close: () => void) => () => void;

/** So many wait; who comes then has the one sent away that has waited for longest. */
function createWaitingRoom(max: number): WaitingRoom {
  const waiting = new Set<() => void>();
  return (close) => {
    waiting.add(close);
    const [longest] = waiting;
    if (waiting.size > max && longest) {
      waiting.delete(longest);
      longest();
    }
    return () => void waiting.delete(close);
  };
}

/** Throws `invalid-argument` naming `where` and what is wrong with them. */
export function createLimits(where: string, given: ServerLimits, parts: LimitsParts): Limits {
  const names = Object.keys(LIMITS_SPEC) as (keyof ServerLimits)[];
  const options: ServerLimits = Object.fromEntries(names.map((name) => [name, given[name]]));
  checkOptions(where, options, LIMITS_SPEC);
  const { maxConnections = CONNECTIONS_MAX, maxMessageBytes = SOCKET_MESSAGE_BYTES_MAX } = options;
  const { queues = QUEUES_PER_DATABASE_MAX, consumers = CONSUMERS_PER_DATABASE_MAX } = options.perDatabase ?? {};
  const all = createPool("maxBytesInFlight", options.maxBytesInFlight ?? BYTES_IN_FLIGHT_MAX);
  /** A message that is alone has to find room. */
  const assertFits = (bytes: number | undefined, name: string) => {
    const min = maxMessageBytes + REQUEST_OVERHEAD_BYTES;
    if (bytes !== undefined && bytes < min) invalid(name, bytes, `at least ${min}, one message of maxMessageBytes`);
  };
  assertFits(options.maxBytesInFlight, `${where}.maxBytesInFlight`);
  assertFits(options.perClient?.bytesInFlight, `${where}.perClient.bytesInFlight`);
  const accounts = new Map<string, Account>();
  let connections = 0;
  const ask = () => {
    if (connections >= maxConnections)
      throw limitReached("maxConnections", maxConnections, "the server has as many connections as it may");
  };

  const limitsOf = ({ limits }: Access): Known => {
    const given = { ...options.perClient, ...limits };
    const { requestsPerSecond = CLIENT_REQUESTS_PER_SECOND } = given;
    return {
      requestsPerSecond,
      requestBurst: given.requestBurst ?? requestsPerSecond,
      connections: given.connections ?? maxConnections,
      bytesInFlight: given.bytesInFlight ?? REQUESTS_MAX * maxMessageBytes,
      // Those of the database are counted there.
      queues: given.queues ?? Number.POSITIVE_INFINITY,
      consumers: given.consumers ?? Number.POSITIVE_INFINITY,
    };
  };
  const accountOf = (database: string, access: Access): Account => {
    // An identity has no "/".
    const key = `${access.client}/${database}`;
    const known = accounts.get(key);
    const account: Account = known ?? createAccount(parts, () => accounts.get(key) === account && accounts.delete(key));
    accounts.set(key, account);
    account.set(limitsOf(access));
    return account;
  };

  return {
    messageBytesMax: maxMessageBytes,
    // Whoever is let in is a connection, and its port is not let go for those of others.
    perDatabase: {
      queues,
      consumers,
      silentPorts: Math.max(SILENT_PORTS_MAX, maxConnections),
      answerBytes: maxMessageBytes,
    },
    check: ({ limits }) => assertFits(limits?.bytesInFlight, "authorize().limits.bytesInFlight"),
    waitSilently: createWaitingRoom(maxConnections),
    waitForGrant: createWaitingRoom(maxConnections),
    meter: (shed) =>
      createMeter(shed, all, parts, {
        ask,
        enter() {
          ask();
          connections++;
          return () => void connections--;
        },
        accountOf,
      }),
  };
}
