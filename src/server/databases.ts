// The databases of a server: each has a host in this process, opened with its first client.
//
//   closed ──a client, a look──▶ open ──nobody for a while, nothing due soon──▶ closing ──▶ asleep, if something is due later
//      ▲                           ▲                                              │              │
//      └───────────────────────────┼───────────── a client that comes now waits ◀─┘              │
//                                  └──── a client comes, or something is due soon ◀──────────────┘
//
// Invariant: a database has one host at most, and what one announces only its own clients hear, of queues that they may see.

import { QueueError } from "../core/spec/errors.js";
import { KEY_QUEUE } from "../core/spec/key-queue.js";
import type { Access } from "../host/clients/access.js";
import { createLinkPresence } from "../host/clients/presence.js";
import { createSurroundings } from "../host/engine/platform.js";
import { type Host, type HostLimits, type HostOptions, openHost } from "../host/host.js";
import type { Notice } from "../link/rpc/views.js";
import type { LogStore } from "../store/log-store.js";
import { createDue } from "./due.js";

/** Whom a database's announcements are told. */
export interface Hearer {
  /** What it may see; missing: everything. */
  readonly access?: Access | undefined;
  announce(notice: Notice): void;
  /** False: nobody would hear of it now. Missing: somebody always would. */
  listens?(): boolean;
}

export interface Database {
  readonly host: Host;
  /** Returns what ends it. */
  hear(hearer: Hearer): () => void;
}

export interface Databases {
  /** Opens it, if it is not open. Rejects with a `QueueError` when its store cannot be opened. */
  open(name: string): Promise<Database>;
  /**
   * Opens each of them, one after the other, to see what is due in it, and closes it until then, if that is not soon and
   * nobody has come. Resolves when that is done. One that cannot be opened is reported, and tried again.
   */
  lookInto(names: readonly string[]): Promise<void>;
  /** Those that are open now, or being opened or closed. */
  readonly size: number;
  /** Those that could not be opened when they were last to be. */
  readonly failing: number;
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
  /** Of why a host could not go on, or could not begin although no client waits for it. */
  report(error: unknown): void;
  /** For tests: when its hosts take their checkpoints, and how. */
  readonly upkeep?: Pick<HostOptions, "checkpointRecords" | "entriesAtOnce">;
}

interface Opened {
  readonly database: Promise<Database>;
  /** Somebody has asked for it since it was last looked at. */
  isAskedFor: boolean;
  cancelTimer(): void;
}

export function createDatabases(options: DatabasesOptions): Databases {
  const { surroundings = createSurroundings(), idleMs, report } = options;
  const { setTimer, now } = surroundings;
  const opened = new Map<string, Opened>();
  const closing = new Map<string, Promise<void>>();
  const due = createDue({ now, setTimer, report, open: (name) => open(name) });
  const failing = new Set<string>();
  let looking = Promise.resolve();
  let isClosed = false;

  const startOne = (name: string): Opened => {
    due.opening(name);
    const database = (closing.get(name) ?? Promise.resolve()).then(() => {
      if (isClosed) throw new QueueError("closed", "the server was closed");
      return start(name, { ...options, surroundings });
    });
    const one: Opened = { database, isAskedFor: true, cancelTimer() {} };
    opened.set(name, one);
    /** False: that was expected. */
    const forget = (): boolean => {
      one.cancelTimer();
      return opened.get(name) === one && opened.delete(name) && !isClosed;
    };
    database.then(
      ({ host }) => {
        failing.delete(name);
        const end = (reason?: unknown) => {
          if (!forget()) return;
          due.ended(name);
          if (reason !== undefined) report(reason);
        };
        host.ended.then(() => end(), end);
        if (idleMs !== undefined) lookLater(name, one, host, idleMs);
      },
      (error) => {
        if (!forget()) return;
        // Of a name that is none nobody has to mend anything.
        if (!(error instanceof QueueError && error.code === "invalid-argument")) failing.add(name);
        due.refused(name);
      },
    );
    return one;
  };
  const open = (name: string): Promise<Database> => {
    const one = opened.get(name) ?? startOne(name);
    one.isAskedFor = true;
    return one.database;
  };

  const lookLater = (name: string, one: Opened, host: Host, ms: number) => {
    one.cancelTimer = setTimer(() => {
      if (opened.get(name) !== one) return;
      if (isUsed(one, host, ms) || host.awaits) lookLater(name, one, host, ms);
      else void closeIdle(name, one, host);
      one.isAskedFor = false;
    }, ms);
  };
  const isUsed = ({ isAskedFor }: Opened, host: Host, ms: number): boolean =>
    isAskedFor || host.ports > 0 || due.isSoon(host.nextDueAt(), ms);
  /** Who asks from now on gets the next one. */
  const closeIdle = (name: string, one: Opened, host: Host): Promise<void> => {
    one.cancelTimer();
    opened.delete(name);
    const ending = host.close().then(() => {
      closing.delete(name);
      due.sleep(name, host.nextDueAt());
      // By who came meanwhile, if that works out.
      if (opened.has(name)) due.opening(name);
    });
    closing.set(name, ending);
    return ending;
  };
  const lookIntoOne = async (name: string): Promise<void> => {
    if (isClosed || closing.has(name) || due.has(name)) return;
    due.wonder(name);
    if (opened.has(name)) return;
    const one = startOne(name);
    one.isAskedFor = false;
    try {
      const { host } = await one.database;
      // Those that it waits for may as well come to the next one: until then there is nobody to give anything to.
      const isOurs = opened.get(name) === one && idleMs !== undefined;
      if (isOurs && !isUsed(one, host, idleMs)) await closeIdle(name, one, host);
    } catch (error) {
      if (!isClosed) report(error);
    }
  };

  return {
    open,
    lookInto(names) {
      looking = (async () => {
        for (const name of names) await lookIntoOne(name);
      })();
      return looking;
    },
    get size() {
      return opened.size + closing.size;
    },
    get failing() {
      return failing.size;
    },
    async all() {
      const settled = await Promise.allSettled(
        [...opened].map(async ([name, { database }]) => [name, await database] as const),
      );
      return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    },
    async close() {
      isClosed = true;
      due.close();
      const closings = [...opened.values()].map(({ database, cancelTimer }) => {
        cancelTimer();
        return database.then(({ host }) => host.close()).catch(() => {});
      });
      await Promise.all([...closings, ...closing.values(), looking]);
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
        // After each commit: of thousands that are connected few listen.
        for (const hearer of hearers) if (hearer.listens?.() !== false) tell(hearer, notice as Notice);
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
  const seen = Object.entries(notice.queues).filter(([queue]) => queue === KEY_QUEUE || access.sees(queue));
  if (seen.length > 0) announce({ ...notice, queues: Object.fromEntries(seen) });
}
