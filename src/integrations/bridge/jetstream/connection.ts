// The line to NATS. A connection of its own never reconnects by itself: what nats.js keeps to send when it is back would
// arrive behind what the bridge sends again. So each connection is one session; when it ends, so does that, and what was
// under way is unknown. Of a connection that an application brings, each stretch between two interruptions is one.

import type { ConnectionOptions, NatsConnection } from "@nats-io/nats-core";
import { QueueError } from "../../../core/spec/errors.js";
import { loaded } from "../loaded.js";

/**
 * An open connection of nats.js, by what every one of them has: declarations of nats.js do not compile in applications that
 * check their libraries strictly.
 */
export interface OpenConnection {
  isClosed(): boolean;
  flush(): Promise<void>;
  request(subject: string): Promise<object>;
}

export type Servers = string | readonly string[] | OpenConnection;

export interface Line {
  readonly nc: NatsConnection;
  /** Resolves, with why, when what was sent on it may be lost. */
  readonly ended: Promise<unknown>;
  /** Nothing sent from here on is stored: the session is over. */
  end(why: unknown): void;
  /** An application's own connection stays open. */
  close(): Promise<void>;
}

/** For the answer of a server to anything. */
export const ANSWER_MS = 5_000;
const CONNECT_MS = 10_000;
/** For whoever is told that a package is missing. */
export const FOR = "to or from JetStream";
/** A line that is dead and does not say so is noticed by pings. */
const PING_MS = 10_000;

const isConnection = (servers: Servers): servers is OpenConnection =>
  typeof servers === "object" && "request" in servers;

/** Rejects with `host-lost` where no server can be reached, and `unsupported` where a package or WebSockets are missing. */
export const openLine = (servers: Servers, options: object | undefined): Promise<Line> =>
  isConnection(servers) ? joinLine(servers as NatsConnection) : dial(servers, options);

async function dial(servers: string | readonly string[], options: object | undefined): Promise<Line> {
  const addresses = typeof servers === "string" ? [servers] : [...servers];
  const connect = await connectorFor(addresses);
  const nc = await connect({
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: 1,
    // Otherwise a stack is taken for each publish, of which nobody sees any.
    noAsyncTraces: true,
    ...options,
    servers: addresses,
    reconnect: false,
  });
  let end: (why: unknown) => void = () => {};
  const ended = new Promise<unknown>((resolve) => {
    end = resolve;
  });
  void nc.closed().then((error) => end(error ?? new QueueError("host-lost", "the connection was closed")));
  const close = () => nc.close().catch(() => {});
  return {
    nc,
    ended,
    end(why) {
      end(why);
      // What it has not sent yet, it is not to send.
      void close();
    },
    close,
  };
}

async function joinLine(nc: NatsConnection): Promise<Line> {
  if (nc.isClosed()) throw new QueueError("closed", "the NATS connection that the bridge was given is closed");
  // While it is interrupted, what is sent waits: so does this.
  await answerOf(nc.flush());
  let end: (why: unknown) => void = () => {};
  const ended = new Promise<unknown>((resolve) => {
    end = resolve;
  });
  const statuses = nc.status();
  void (async () => {
    for await (const { type } of statuses) {
      if (type === "disconnect" || type === "staleConnection" || type === "close") break;
    }
    end(new QueueError("host-lost", "the NATS connection was interrupted"));
  })();
  return { nc, ended, end, close: async () => end(undefined) };
}

/** Rejects with `timeout` where it takes too long. */
export function answerOf<T>(asked: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new QueueError("timeout", `the NATS server has not answered for ${ANSWER_MS} ms`));
    const timer = setTimeout(late, ANSWER_MS);
    void asked.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

type Connect = (options: ConnectionOptions) => Promise<NatsConnection>;

async function connectorFor(addresses: readonly string[]): Promise<Connect> {
  const core = await loaded("@nats-io/nats-core", FOR, () => import("@nats-io/nats-core"));
  if (addresses.every((address) => /^wss?:/i.test(address))) {
    if (globalThis.WebSocket === undefined) {
      throw new QueueError("unsupported", "this runtime has no WebSocket: give the address as nats://, or use Node 22");
    }
    return (options) => core.wsconnect(options);
  }
  // By a name that bundlers for browsers, where there is no TCP, do not see.
  const name: string = "@nats-io/transport-node";
  const node = await loaded(name, FOR, () => import(/* @vite-ignore */ /* webpackIgnore: true */ name));
  return (options) => (node as { connect: Connect }).connect(options);
}
