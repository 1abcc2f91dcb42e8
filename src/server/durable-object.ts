// A Durable Object as a server of one database. Invariants: who may not come in sees nothing of what there is; the object is
// the only one of its name, so that its host is the only writer of its storage; what it has answered is stored, since the
// platform holds answers back until what was written before them is safe.

import type { Grant } from "../host/clients/access.js";
import { createSurroundings } from "../host/engine/platform.js";
import { SUBPROTOCOL } from "../link/socket/greeting.js";
import type { Socket } from "../link/socket/line.js";
import { createDurableObjectDriver, type DurableObjectStorage } from "../store/sqlite/drivers/durable-object.js";
import { createSqliteStore } from "../store/sqlite/sqlite.js";
import { databaseAt, originRefusal } from "./address.js";
import { type AuthorizeRequest, admit, refuse } from "./admission.js";
import { createDatabases, RECONNECT_MS } from "./databases.js";
import { createLimits, type Limits, type ServerLimits } from "./limits.js";

/** What is used of a Durable Object's `ctx`. Its class needs SQLite (`new_sqlite_classes`). */
export interface ObjectContext {
  readonly storage: DurableObjectStorage;
}

/** What is used of a namespace's binding. */
export interface ObjectNamespace<Id = unknown> {
  idFromName(name: string): Id;
  get(id: Id): { fetch(request: Request): Promise<Response> };
}

/** `accept`: from here on this object takes its messages. */
type AcceptedSocket = Socket & { accept(): void };
type SocketPair = new () => { readonly 0: Socket; readonly 1: AcceptedSocket };

const surroundings = {
  ...createSurroundings(),
  // A channel would belong to the object that made it, and several live in one process.
  afterTurn: (callback: () => void) => void setTimeout(callback, 0),
};

/**
 * Extend it, and say in `authorize` what each client may do. The object stays in memory while clients are connected, and
 * opens its database anew with the first that comes back.
 */
export abstract class QueueObject<Env = unknown> {
  /** Pages of which origins may connect, besides those of the object's own address. */
  protected readonly allowOrigins: readonly string[] = [];
  /** What is bounded, of each client and in all; queues and consumers of this database. */
  protected readonly limits: ServerLimits = {};
  protected readonly ctx: ObjectContext;
  protected readonly env: Env;
  readonly #databases;
  #bounds: Limits | undefined;

  constructor(ctx: ObjectContext, env: Env) {
    this.ctx = ctx;
    this.env = env;
    const bounded = () => this.#bounded.perDatabase;
    this.#databases = createDatabases({
      openStore: async () => createSqliteStore({ driver: createDurableObjectDriver(ctx.storage) }),
      reconnectMs: RECONNECT_MS,
      get limits() {
        return bounded();
      },
      surroundings,
    });
  }

  /** What the client may do; `undefined` or `null` lets nobody in. */
  abstract authorize(request: AuthorizeRequest): Grant | null | undefined | Promise<Grant | null | undefined>;

  /** From the first request on, when the class that extends this one has said what it bounds. */
  get #bounded(): Limits {
    this.#bounds ??= createLimits("limits", this.limits, surroundings);
    return this.#bounds;
  }

  /** Takes sockets, as `routeQueues` passes them on. */
  async fetch(request: Request): Promise<Response> {
    const database = databaseOf(request);
    if (typeof database !== "string") return database;
    const { WebSocketPair } = globalThis as unknown as { readonly WebSocketPair: SocketPair };
    const limits = this.#bounded;
    const { 0: client, 1: socket } = new WebSocketPair();
    socket.accept();
    const headers = Object.fromEntries(request.headers);
    const { setTimer } = surroundings;
    const refusal = originRefusal(headers, this.allowOrigins);
    if (refusal) refuse(socket, refusal, { setTimer, limits });
    else
      admit(
        socket,
        { database, origin: headers.origin, headers },
        {
          ...{ setTimer, limits },
          authorize: (asked) => this.authorize(asked),
          // One, whatever it is called: this object is all that there is of it.
          openDatabase: () => this.#databases.open(""),
          // biome-ignore lint/suspicious/noConsole: where an object's errors are read
          report: (error) => console.error(error),
        },
      );
    const offered = request.headers.get("sec-websocket-protocol")?.split(/,\s*/) ?? [];
    const answer = {
      status: 101,
      webSocket: client,
      headers: offered.includes(SUBPROTOCOL) ? { "sec-websocket-protocol": SUBPROTOCOL } : {},
    };
    return new Response(null, answer as ResponseInit);
  }
}

/** Passes a request for `/mq/DATABASE` on to the object of that name, and answers any other with 404. */
export async function routeQueues<Id>(request: Request, namespace: ObjectNamespace<Id>): Promise<Response> {
  const database = databaseOf(request);
  return typeof database === "string" ? namespace.get(namespace.idFromName(database)).fetch(request) : database;
}

/** The database that a request for a socket names, or what it is answered where it is none. */
function databaseOf({ url, headers }: Request): string | Response {
  const database = databaseAt(new URL(url).pathname);
  if (database === undefined) return new Response("Databases are at /mq/DATABASE.\n", { status: 404 });
  if (headers.get("upgrade")?.toLowerCase() === "websocket") return database;
  return new Response("OriginMQ is spoken over WebSockets.\n", { status: 426, headers: { upgrade: "websocket" } });
}
