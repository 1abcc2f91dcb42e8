// A Durable Object as a server of one database. Invariants: who may not come in sees nothing of what there is; the object is
// the only one of its name, so that its host is the only writer of its storage; what it has answered is stored, since the
// platform holds answers back until what was written before them is safe; while nothing happens nothing keeps it in memory,
// and all that it must know again is on its sockets and in its storage.

import { check } from "../core/spec/check.js";
import type { Grant } from "../host/clients/access.js";
import { createSurroundings } from "../host/engine/platform.js";
import { ANSWER, ASK } from "../link/socket/frames.js";
import { SUBPROTOCOL } from "../link/socket/greeting.js";
import { createDurableObjectDriver, type DurableObjectStorage } from "../store/sqlite/drivers/durable-object.js";
import { createSqliteStore } from "../store/sqlite/sqlite.js";
import { databaseAt, ORIGINS, originRefusal } from "./address.js";
import { type AuthorizeRequest, admit, refuse } from "./admission.js";
import { createDatabases, type Database, RECONNECT_MS } from "./databases.js";
import { createLimits, type Limits, type ServerLimits } from "./limits.js";
import { type AlarmStorage, createObjectClock } from "./object-clock.js";
import { type AcceptedSocket, createObjectSockets, type ObjectSockets } from "./object-sockets.js";

/** What is used of a Durable Object's `ctx`. Its class needs SQLite (`new_sqlite_classes`). */
export interface ObjectContext {
  /** Its SQLite and its alarm. */
  readonly storage: DurableObjectStorage & AlarmStorage;
  /** Makes the platform keep a socket open while the object sleeps. */
  acceptWebSocket(socket: AcceptedSocket): void;
  /** The sockets that it keeps. */
  getWebSockets(): AcceptedSocket[];
  /** What the platform answers without waking the object. */
  setWebSocketAutoResponse(pair?: unknown): void;
}

/** What is used of a namespace's binding. */
export interface ObjectNamespace<Id = unknown> {
  /** The id that belongs to a name, everywhere the same. */
  idFromName(name: string): Id;
  /** The object of that id, as something that takes requests. */
  get(id: Id): { fetch(request: Request): Promise<Response> };
}

/** What Workers have and others have not. */
interface Globals {
  readonly WebSocketPair: new () => { readonly 0: unknown; readonly 1: AcceptedSocket };
  readonly WebSocketRequestResponsePair: new (request: string, response: string) => unknown;
}

const surroundings = {
  ...createSurroundings(),
  // A channel would belong to the object that made it, and several live in one process.
  afterTurn: (callback: () => void) => void setTimeout(callback, 0),
};

/**
 * Extend it, and say in `authorize` what each client may do. The object leaves the memory while nothing happens, although
 * clients are connected: what comes from one of them, or is due, brings it back.
 */
export abstract class QueueObject<Env = unknown> {
  /** Pages of which origins may connect, besides those of the object's own address, each whole, like "https://shop.example". */
  protected readonly allowOrigins: readonly string[] = [];
  /** What is bounded, of each client and in all; queues and consumers of this database. */
  protected readonly limits: ServerLimits = {};
  /** After so many milliseconds in which nothing has happened the object may leave the memory. */
  protected readonly idleMs: number = 5_000;
  /** So many milliseconds a client that has lost its connection keeps what it holds. */
  protected readonly reconnectMs: number = RECONNECT_MS;
  /** As the platform gave it to the constructor. */
  protected readonly ctx: ObjectContext;
  /** The bindings of the Worker, as the platform gave them. */
  protected readonly env: Env;
  readonly #databases;
  readonly #clock;
  #bounds: Limits | undefined;
  #known: ObjectSockets | undefined;
  /** What its sockets were told to hear and are served by. */
  #database: Database | undefined;

  constructor(ctx: ObjectContext, env: Env) {
    this.ctx = ctx;
    this.env = env;
    const { WebSocketRequestResponsePair } = globalThis as unknown as Globals;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(ASK, ANSWER));
    this.#clock = createObjectClock({
      storage: ctx.storage,
      timers: surroundings,
      idleMs: () => this.idleMs,
      mayRest: () => {
        this.#database?.host.tidy();
        // How long somebody is waited for is known to this life alone.
        return this.#database?.host.awaits !== true && this.#sockets.areHeard;
      },
      knowsAll: () => this.#database !== undefined,
      onRest: () => this.#sockets.rest(),
      onWake: () => this.#sockets.wake(),
      report,
    });
    const bounded = () => this.#bounded.perDatabase;
    const reconnectMs = () => this.reconnectMs;
    this.#databases = createDatabases({
      openStore: async () => createSqliteStore({ driver: createDurableObjectDriver(ctx.storage) }),
      get reconnectMs() {
        return reconnectMs();
      },
      get limits() {
        return bounded();
      },
      surroundings: { ...surroundings, setTimer: this.#clock.setTimer, rescanMs: Number.POSITIVE_INFINITY },
      report,
    });
  }

  /** What the client may do; `undefined` or `null` lets nobody in. */
  abstract authorize(request: AuthorizeRequest): Grant | null | undefined | Promise<Grant | null | undefined>;

  /** From the first request on, when the class that extends this one has said what it bounds. */
  get #bounded(): Limits {
    if (this.#bounds === undefined) check(ORIGINS, this.allowOrigins, "allowOrigins");
    this.#bounds ??= createLimits("limits", this.limits, { ...surroundings, setTimer: this.#clock.setTimer });
    return this.#bounds;
  }

  /** Those that have outlived the object included. */
  get #sockets(): ObjectSockets {
    this.#known ??= createObjectSockets({
      lineTimer: surroundings.setTimer,
      setTimer: this.#clock.setTimer,
      limits: this.#bounded,
      known: this.ctx.getWebSockets(),
    });
    return this.#known;
  }

  /** Takes sockets, as `routeQueues` passes them on. */
  async fetch(request: Request): Promise<Response> {
    const database = databaseOf(request);
    if (typeof database !== "string") return database;
    this.#clock.touch();
    const { WebSocketPair } = globalThis as unknown as Globals;
    const { 0: client, 1: accepted } = new WebSocketPair();
    this.ctx.acceptWebSocket(accepted);
    const limits = this.#bounded;
    const headers = Object.fromEntries(request.headers);
    const { setTimer } = surroundings;
    const refusal = originRefusal(headers, this.allowOrigins);
    this.#sockets.add(accepted, database, (socket, socketEvents) => {
      if (refusal) return refuse(socket, refusal, { setTimer, limits, ...socketEvents });
      const asker = { database, origin: headers.origin, headers };
      return admit(socket, asker, {
        ...{ setTimer, limits },
        authorize: (asked) => this.authorize(asked),
        openDatabase: () => this.#open(),
        report,
        sleeps: true,
        ...socketEvents,
      });
    });
    const offered = request.headers.get("sec-websocket-protocol")?.split(/,\s*/) ?? [];
    const answer = {
      status: 101,
      webSocket: client,
      headers: offered.includes(SUBPROTOCOL) ? { "sec-websocket-protocol": SUBPROTOCOL } : {},
    };
    return new Response(null, answer as ResponseInit);
  }

  /** Called by the platform. */
  async webSocketMessage(socket: AcceptedSocket, data: unknown): Promise<void> {
    if (this.#sockets.isWord(data)) this.#clock.touch();
    await attempt(async () => {
      if (!this.#sockets.hear(socket, data)) return;
      try {
        this.#sockets.serve(socket, await this.#open());
      } catch (error) {
        this.#sockets.lose(socket);
        throw error;
      }
    });
  }

  /** Called by the platform. */
  async webSocketClose(socket: AcceptedSocket, code?: number): Promise<void> {
    await attempt(async () => {
      const { wasServed, holds } = this.#sockets.end(socket, code);
      // Who was not missed before needs nobody awake.
      if (!wasServed && !holds) return;
      this.#clock.touch();
      if (holds) await this.#open();
    });
  }

  /** Called by the platform. */
  async webSocketError(socket: AcceptedSocket): Promise<void> {
    await this.webSocketClose(socket);
  }

  /** Called by the platform: something is due. Never throws: an alarm that does is given up after some attempts. */
  async alarm(): Promise<void> {
    await attempt(async () => {
      await this.#clock.alarm();
      await this.#open();
    });
  }

  /** One, whatever it is called: this object is all that there is of it. Those that are connected are told of it. */
  async #open(): Promise<Database> {
    const database = await this.#databases.open("");
    if (this.#database !== database) {
      this.#database = database;
      this.#sockets.opened(database);
    }
    return database;
  }
}

// biome-ignore lint/suspicious/noConsole: where an object's errors are read
const report = (error: unknown) => console.error(error);

const attempt = (act: () => Promise<void>): Promise<void> => act().catch(report);

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
