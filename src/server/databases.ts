// The databases of a server: each has a host in this process, opened with its first client.
//
//   closed ──a client──▶ open ──nobody for a while, nothing due soon──▶ closing ──▶ asleep, if something is due later
//      ▲                   ▲                                              │              │
//      └───────────────────┼───────────── a client that comes now waits ◀─┘              │
//                          └──── a client comes, or something is due soon ◀──────────────┘
//
// Invariant: a database has one host at most, and what one announces only its own clients hear, of queues that they may see.

import { QueueError } from "../core/spec/errors.js";
import type { Access } from "../host/clients/access.js";
import { createLinkPresence } from "../host/clients/presence.js";
import { createSurroundings } from "../host/engine/platform.js";
import { type Host, type HostLimits, type HostOptions, openHost } from "../host/host.js";
import type { Notice } from "../link/rpc/views.js";
import type { LogStore } from "../store/log-store.js";

/** Whom a database's announcements are told. */
export interface Hearer {
  /** What it may see; missing: everything. */
  readonly access?: Access | undefined;
  announce(notice: Notice): void;
}

export interface Database {
  readonly host: Host;
  /** Returns what ends it. */
  hear(hearer: Hearer): () => void;
}

export interface Databases {
  /** Opens it, if it is not open. Rejects with a `QueueError` when its store cannot be opened. */
  open(name: string): Promise<Database>;
  /** Those that are open now, or being opened or closed. */
  readonly size: number;
  /** Those that are open now. */
  all(): Promise<readonly (readonly [name: string, database: Database])[]>;
  /** Finishes the commits under way, tells every client, closes the stores. */
  close(): Promise<void>;
}

/** How long a client that has lost its link may take to come back, unless it is said otherwise. */
export const RECONNECT_MS = 15_000;

type Surroundings = ReturnType<typeof createSurroundings>;

export interface DatabasesOptions {
  openStore(database: string): Promise<LogStore>;
  /** How long a client that has lost its link may take to come back before what it holds goes to others. */
  readonly reconnectMs: number;
  /** One that nobody uses for so long is closed, if nothing is due in it sooner. Missing: never. */
  readonly idleMs?: number | undefined;
  readonly limits?: HostLimits | undefined;
  /** Default: those of Node, Deno and Bun. */
  readonly surroundings?: Surroundings;
  /** For tests: when its hosts take their checkpoints, and how. */
  readonly upkeep?: Pick<HostOptions, "checkpointRecords" | "entriesAtOnce">;
}

/** So long before something is due its database is open again: a host that opens too late takes a tick for missed. */
const AHEAD_MS = 10_000;
/** Between two attempts to open one in which something is due. */
const AGAIN_MS = 1_000;
/** A clock that is set moves what is due. */
const LOOK_MS_MAX = 3_600_000;

interface Opened {
  readonly database: Promise<Database>;
  /** Somebody has asked for it since it was last looked at. */
  isAskedFor: boolean;
  cancelTimer(): void;
}

export function createDatabases(options: DatabasesOptions): Databases {
  const { surroundings = createSurroundings(), idleMs } = options;
  const { setTimer, now } = surroundings;
  const opened = new Map<string, Opened>();
  const closing = new Map<string, Promise<void>>();
  /** What ends the waiting for the next that is due. */
  const asleep = new Map<string, () => void>();
  let isClosed = false;

  const startOne = (name: string): Opened => {
    asleep.get(name)?.();
    asleep.delete(name);
    const database = (closing.get(name) ?? Promise.resolve()).then(() => {
      if (isClosed) throw new QueueError("closed", "the server was closed");
      return start(name, { ...options, surroundings });
    });
    const one: Opened = { database, isAskedFor: true, cancelTimer() {} };
    opened.set(name, one);
    const forget = () => {
      one.cancelTimer();
      if (opened.get(name) === one) opened.delete(name);
    };
    database.then((found) => {
      found.host.ended.then(forget, forget);
      if (idleMs !== undefined) lookLater(name, one, found, idleMs);
    }, forget);
    return one;
  };

  const lookLater = (name: string, one: Opened, database: Database, ms: number) => {
    one.cancelTimer = setTimer(() => {
      const { host } = database;
      const isUsed = one.isAskedFor || host.ports > 0 || host.nextDueAt() - now() < ms + AHEAD_MS;
      one.isAskedFor = false;
      if (opened.get(name) !== one) return;
      if (isUsed) lookLater(name, one, database, ms);
      else closeIdle(name, database);
    }, ms);
  };
  /** Who asks from now on gets the next one. */
  const closeIdle = (name: string, { host }: Database) => {
    opened.delete(name);
    const ending = host.close().then(() => {
      closing.delete(name);
      if (!opened.has(name) && !isClosed) sleepUntil(name, host.nextDueAt());
    });
    closing.set(name, ending);
  };
  const sleepUntil = (name: string, dueAt: number) => {
    if (dueAt === Number.POSITIVE_INFINITY) return;
    const leftMs = dueAt - AHEAD_MS - now();
    const wake = () => {
      if (leftMs > LOOK_MS_MAX) return sleepUntil(name, dueAt);
      startOne(name).database.catch(() => {
        if (!isClosed && !opened.has(name)) asleep.set(name, setTimer(wake, AGAIN_MS));
      });
    };
    asleep.set(name, setTimer(wake, Math.min(leftMs, LOOK_MS_MAX)));
  };

  return {
    open(name) {
      const one = opened.get(name) ?? startOne(name);
      one.isAskedFor = true;
      return one.database;
    },
    get size() {
      return opened.size + closing.size;
    },
    async all() {
      const settled = await Promise.allSettled(
        [...opened].map(async ([name, { database }]) => [name, await database] as const),
      );
      return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    },
    async close() {
      isClosed = true;
      for (const cancel of asleep.values()) cancel();
      const closings = [...opened.values()].map(({ database, cancelTimer }) => {
        cancelTimer();
        return database.then(({ host }) => host.close()).catch(() => {});
      });
      await Promise.all([...closings, ...closing.values()]);
    },
  };
}

async function start(
  name: string,
  options: DatabasesOptions & { readonly surroundings: Surroundings },
): Promise<Database> {
  const { openStore, reconnectMs, limits, surroundings } = options;
  const hearers = new Set<Hearer>();
  const host = await openHost({
    ...options.upkeep,
    kind: "server",
    store: await openStore(name),
    platform: {
      ...surroundings,
      announce(notice) {
        for (const hearer of hearers) tell(hearer, notice as Notice);
      },
    },
    limits,
    createPresence: (onGone) => createLinkPresence(surroundings.setTimer, reconnectMs, onGone),
  });
  return {
    host,
    hear(hearer) {
      hearers.add(hearer);
      return () => hearers.delete(hearer);
    },
  };
}

function tell({ access, announce }: Hearer, notice: Notice): void {
  if (access === undefined) return announce(notice);
  const seen = Object.entries(notice.queues).filter(([queue]) => access.sees(queue));
  if (seen.length > 0) announce({ ...notice, queues: Object.fromEntries(seen) });
}
