// A server for queues: sockets in, hosts behind. Invariants: who may not come in sees nothing of what there is; closing
// finishes what was accepted and tells everyone.

import { WebSocketServer } from "ws";
import type { Connection } from "../client/connection/connection.js";
import { aFunction, boolean, checkOptions, duration, integer, string } from "../core/spec/check.js";
import { QueueError } from "../core/spec/errors.js";
import { DATABASE_IDLE_MS } from "../core/spec/limits.js";
import { VERBS } from "../host/clients/access.js";
import { createSurroundings } from "../host/engine/platform.js";
import { PIECE_BYTES } from "../link/socket/frames.js";
import { SUBPROTOCOL } from "../link/socket/greeting.js";
import { createKeeper } from "../link/socket/kept-bodies.js";
import type { Socket } from "../link/socket/line.js";
import { databaseAt, ORIGINS, originRefusal } from "./address.js";
import { type Authorize, admit, refuse } from "./admission.js";
import { createDatabases, RECONNECT_MS } from "./databases.js";
import { createLimits, LIMITS_SPEC, type ServerLimits, SHARED } from "./limits.js";
import { connectHere } from "./local.js";
import { healthText, metricsText } from "./metrics.js";
import {
  byteTools,
  type Http,
  type HttpServer,
  type IncomingMessage,
  listen,
  nodeModule,
  type RawSocket,
} from "./node.js";
import { storesIn } from "./stores.js";

/** Where a server listens, where its databases lie, and whom it lets in. */
export interface ServeOptions extends ServerLimits {
  /** Default 7420; 0 takes a free one. */
  readonly port?: number;
  /** Where it listens. Default "127.0.0.1", which only this machine reaches; any other needs `authorize`. */
  readonly hostname?: string;
  /** Where the databases lie, a file of SQLite each. Made if it is not there. */
  readonly directory?: string;
  /** In place of a directory: nothing is kept when the server ends. Default false. */
  readonly memory?: boolean;
  /**
   * Pages of which origins may connect, besides those of the server's own, each whole, like "https://shop.example": "*" is
   * not known. What is no browser has no origin.
   */
  readonly allowOrigins?: readonly string[];
  /** What each client may do. Default: everything, for who reaches this machine. */
  readonly authorize?: Authorize;
  /** So many milliseconds a client that has lost its connection keeps what it holds. Default 15,000. */
  readonly reconnectMs?: number;
  /**
   * So many milliseconds a database stays open that nobody is connected to and in which nothing is due soon. It is opened
   * again for the next client, and before something is due, also by the next server on its directory. Default 300,000.
   */
  readonly idleMs?: number;
  /** Serves `/health` and Prometheus' `/metrics` there, to whoever reaches it. 0 takes a free one. Default: nowhere. */
  readonly metricsPort?: number;
  /** Where that port listens. Default "127.0.0.1". */
  readonly metricsHostname?: string;
  /**
   * Hears of errors that no client is told: `authorize` failed, a database cannot be opened, its host could not go on.
   * Default: `console.error`.
   */
  readonly onError?: (error: unknown) => void;
}

/** A server that listens, until it is closed. */
export interface Server {
  /** `ws://HOST:PORT`; behind it `/mq/DATABASE` is the address of a database. */
  readonly url: string;
  /** `http://HOST:PORT`; `undefined` without `metricsPort`. */
  readonly metricsUrl: string | undefined;
  /** A connection in this process, which may do everything. `database` defaults to "originmq". */
  connect(options?: { readonly database?: string }): Promise<Connection>;
  /** Finishes the commits under way, says goodbye to all, and lets the ports go. */
  close(): Promise<void>;
}

/** A request has its headers within ten seconds, as a socket its greeting. */
const HTTP_LIMITS = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 2_500 };
const PORT_MAX = 65_535;
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;
const EVERYTHING = { client: "local", queues: { "*": VERBS } };

const SPEC = {
  port: integer(0, PORT_MAX),
  hostname: string(1, 255),
  directory: string(1, 4_096),
  memory: boolean,
  allowOrigins: ORIGINS,
  authorize: aFunction,
  reconnectMs: duration(0),
  idleMs: duration(1),
  ...LIMITS_SPEC,
  metricsPort: integer(0, PORT_MAX),
  metricsHostname: string(1, 255),
  onError: aFunction,
};

/**
 * Starts a server. Rejects with `invalid-argument` for options that do not go together, and with `unsupported` where a port
 * is taken, or a directory is given and there is no SQLite.
 */
export async function serve(options: ServeOptions = {}): Promise<Server> {
  checkOptions("serve()", options, SPEC);
  const { port = 7420, hostname = "127.0.0.1", metricsPort } = options;
  const { metricsHostname = "127.0.0.1", reconnectMs = RECONNECT_MS, idleMs = DATABASE_IDLE_MS } = options;
  assertTogether(options, hostname);
  // biome-ignore lint/suspicious/noConsole: a server's errors that nobody takes belong into its log
  const report = options.onError ?? ((error: unknown) => console.error(error));
  const http = nodeModule<Http>("node:http");
  const { setTimer, monotonic } = createSurroundings();
  const limits = createLimits("serve()", options, { setTimer, monotonic });
  const stores = await storesIn(options.directory);
  const found = stores.found();
  const databases = createDatabases({
    openStore: stores.open,
    ...{ reconnectMs, idleMs, limits: limits.perDatabase, report },
  });
  /** Of all sockets, whoever is on them: a server that ends waits for none of them longer than for another. */
  const endings = new Set<() => void>();
  const sockets = new WebSocketServer({
    noServer: true,
    // A frame, and the byte that says what it is.
    maxPayload: PIECE_BYTES + 1,
    perMessageDeflate: false,
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
  });
  const admission = {
    ...{ setTimer, limits },
    authorize: options.authorize ?? (() => (options.perClient ? EVERYTHING : { ...EVERYTHING, limits: SHARED })),
    openDatabase: databases.open,
    report,
    keeper: options.directory === undefined ? undefined : keeperOfBodies(),
  };
  const come = (socket: Socket, request: IncomingMessage, database: string) => {
    const headers = headersOf(request);
    const refusal = refusalOf(headers, options);
    const told = { ...admission, onEnded: () => endings.delete(end) };
    const { close: end } = refusal
      ? refuse(socket, refusal, told)
      : admit(socket, { database, origin: headers.origin, headers }, told);
    endings.add(end);
  };
  const server = http.createServer(HTTP_LIMITS, (_, response) => {
    response.writeHead(404, { "content-type": "text/plain" });
    response.end("OriginMQ is spoken over WebSockets, at /mq/DATABASE.\n");
  });
  // Until then nobody knows of what has asked for nothing yet.
  const silent = new WeakMap<RawSocket, () => void>();
  server.on("connection", (raw) => {
    const noLongerSilent = limits.waitSilently(() => raw.destroy());
    silent.set(raw, noLongerSilent);
    raw.on("close", noLongerSilent);
  });
  server.on("upgrade", (request, raw, head) => {
    silent.get(raw)?.();
    endOnError(raw);
    const database = databaseAt(request.url ?? "");
    if (database === undefined) return turnAway(raw);
    sockets.handleUpgrade(request, raw, head, (socket) => come(socket as Socket, request, database));
  });
  const listening = await listen(server, port, hostname);
  const metrics = metricsPort === undefined ? undefined : createMetricsServer(http, databases);
  let metricsAt: number | undefined;
  try {
    metricsAt = metrics && metricsPort !== undefined ? await listen(metrics, metricsPort, metricsHostname) : undefined;
  } catch (error) {
    await closeServer(server);
    throw error;
  }
  // Whoever comes meanwhile waits for none of it.
  void databases.lookInto(found);
  let closed: Promise<void> | undefined;
  const close = async () => {
    await databases.close();
    for (const end of [...endings]) end();
    sockets.close();
    await Promise.all([closeServer(server), metrics && closeServer(metrics)]);
  };
  return {
    url: `ws://${inAddress(hostname)}:${listening}`,
    metricsUrl: metricsAt === undefined ? undefined : `http://${inAddress(metricsHostname)}:${metricsAt}`,
    async connect({ database = "originmq" } = {}) {
      if (closed) throw new QueueError("closed", "the server was closed");
      return connectHere(() => databases.open(database));
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}

function assertTogether({ directory, memory, authorize }: ServeOptions, hostname: string): void {
  const invalid = (what: string) => {
    throw new QueueError("invalid-argument", `serve(): ${what}`);
  };
  if (memory === true && directory !== undefined) invalid("directory and memory exclude each other");
  if (memory !== true && directory === undefined) invalid("give a directory for the databases, or memory: true");
  if (authorize === undefined && !LOOPBACK.test(hostname))
    invalid(`hostname "${hostname}" is reached from other machines: give authorize`);
}

/** For stores that write bytes; one in memory clones. */
function keeperOfBodies() {
  const tools = byteTools();
  return tools && createKeeper(tools);
}

const inAddress = (hostname: string): string => (hostname.includes(":") ? `[${hostname}]` : hostname);

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === "string" ? value : value.join(", ")]],
  );
  return Object.fromEntries(entries);
}

function refusalOf(headers: Readonly<Record<string, string>>, options: ServeOptions): QueueError | undefined {
  const { allowOrigins = [], authorize } = options;
  // Without `authorize`, a name of anybody's that leads to this machine is not enough: whoever owns it owns the page, too.
  const isOwnName = (hostname: string) => authorize !== undefined || LOOPBACK.test(hostname);
  return originRefusal(headers, allowOrigins, isOwnName);
}

/** Not where the request is at hand: what a listener could see is kept as long as the listener. */
const endOnError = (raw: RawSocket) => raw.on("error", () => raw.destroy());

function turnAway(raw: RawSocket): void {
  raw.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", () => raw.destroy());
}

function createMetricsServer(http: Http, databases: ReturnType<typeof createDatabases>): HttpServer {
  const figures = async () => {
    const all = await databases.all();
    const settled = await Promise.allSettled(
      all.map(async ([database, { host }]) => ({ database, ...(await host.figures()) })),
    );
    // One that was closed meanwhile has none.
    return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  };
  return http.createServer((request, response) => {
    const answer = (status: number, type: string, text: string) => {
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
      response.end(text);
    };
    if (request.url === "/health") {
      const { status, text } = healthText(databases);
      return answer(status, "text/plain", text);
    }
    if (request.url !== "/metrics") return answer(404, "text/plain", "There are /health and /metrics.\n");
    figures().then(
      (all) => answer(200, "text/plain; version=0.0.4; charset=utf-8", metricsText(all, databases)),
      (error) => answer(503, "text/plain", `${error}\n`),
    );
  });
}

const closeServer = (server: HttpServer) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
