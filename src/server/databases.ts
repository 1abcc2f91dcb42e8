// The databases of a server: each has a host in this process, opened with its first client. Invariant: a database has one
// host at most, and what one announces only its own clients hear, of queues that they may see.

import type { Access } from "../host/clients/access.js";
import { createLinkPresence } from "../host/clients/presence.js";
import { createSurroundings } from "../host/engine/platform.js";
import { type Host, type HostOptions, openHost } from "../host/host.js";
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
  /** Those that are open now. */
  all(): Promise<readonly (readonly [name: string, database: Database])[]>;
  /** Finishes the commits under way, tells every client, closes the stores. */
  close(): Promise<void>;
}

/** How long a client that has lost its link may take to come back, unless it is said otherwise. */
export const RECONNECT_MS = 15_000;

export interface DatabasesOptions {
  openStore(database: string): Promise<LogStore>;
  /** How long a client that has lost its link may take to come back before what it holds goes to others. */
  readonly reconnectMs: number;
  /** Default: those of Node, Deno and Bun. */
  readonly surroundings?: ReturnType<typeof createSurroundings>;
  /** For tests: when its hosts take their checkpoints, and how. */
  readonly upkeep?: Pick<HostOptions, "checkpointRecords" | "entriesAtOnce">;
}

export function createDatabases(options: DatabasesOptions): Databases {
  const opened = new Map<string, Promise<Database>>();
  return {
    open(name) {
      const known = opened.get(name);
      if (known) return known;
      const opening = start(name, options);
      opened.set(name, opening);
      const forget = () => {
        if (opened.get(name) === opening) opened.delete(name);
      };
      opening.then(({ host }) => host.ended.then(forget, forget), forget);
      return opening;
    },
    async all() {
      const settled = await Promise.allSettled(
        [...opened].map(async ([name, database]) => [name, await database] as const),
      );
      return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    },
    async close() {
      await Promise.all(
        [...opened.values()].map((database) => database.then(({ host }) => host.close()).catch(() => {})),
      );
    },
  };
}

async function start(name: string, options: DatabasesOptions): Promise<Database> {
  const { openStore, reconnectMs, surroundings = createSurroundings() } = options;
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
