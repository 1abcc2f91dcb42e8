// How a client reaches its host:
//
//   SharedWorker ──hosts──▶ its port            no SharedWorker ──somebody hosts──▶ a channel to it
//        └──another hosts──▶ a channel to it            └──nobody──▶ host here: a worker, or this context
//
// In memory, on servers and in tests (Node, Deno, Bun) and where there are no workers, the host is in this process.

import type { ClientParts } from "../client/connection/client.js";
import type { ConnectOptions } from "../client/connection/connection.js";
import { runtime } from "../client/runtime/runtime.js";
import { QueueError } from "../core/spec/errors.js";
import { type Asking, askHost, type Channel, linkOverChannel, type OpenedPort } from "../link/finding/directory.js";
import { answerOpening, type Opening, requestOpening, type Served } from "../link/finding/opening.js";
import type { Port } from "../link/rpc/guard.js";
import { channelName, directoryName, presenceLockName, STOP_HOSTING } from "../link/rpc/names.js";
import { createAsking } from "./asking.js";
import type { InProcess } from "./in-process.js";
import { pageLifecycle } from "./lifecycle.js";
import { isServer } from "./server.js";

export interface Transport extends ClientParts {
  /** Gives up what was opened. */
  onClosed(): Promise<void>;
}

/** What a context can start: the workers that come with this package, or a host in itself. */
export interface Starters {
  sharedWorker?(opening: Opening): SharedWorker;
  dedicatedWorker?(): Worker;
  /** Hosts in this very context. */
  inContext?(opening: Opening): Promise<Served>;
  /** The host of a database in memory that this process shares. */
  inProcess?(database: string): Promise<InProcess>;
}

/** How long to wait for a host to answer before hosting here. A page's own worker would win no sooner. */
const ASK_MS = 500;
const LINK_MS = 2_000;
/** How long a worker's first sign of life may take; twice as long each time that it was not enough. */
const SIGN_MS = 1_000;
const SIGN_MS_MAX = 8_000;

export function createTransport(options: ConnectOptions, starters: Starters): Transport {
  const { database = "originmq", storage = "indexeddb", worker } = options;
  const opening: Opening = { storage, database };
  const names = {
    openNotices: () => openNotices(channelName(storage, database)),
    presenceLock: (client: string) => presenceLockName(storage, database, client),
  };
  const hasWorkers = worker !== undefined || typeof SharedWorker !== "undefined" || typeof Worker !== "undefined";
  const share = starters.inProcess;
  if (storage === "memory" && share && (isServer() || !(hasWorkers || starters.inContext)))
    return { runtime, ...names, ...inProcess(() => share(database)) };
  assertSupported(opening);
  const asking = createAsking(directoryName(storage, database));
  const workers = createWorkers(starters, worker);
  return {
    runtime,
    ...names,
    asking,
    locks: globalThis.navigator?.locks,
    lifecycle: pageLifecycle({ onAsleep: workers.stop }),
    openPort: () => openPort(opening, asking, { starters, workers }),
    onClosed: async () => workers.stop(),
  };
}

const openNotices = (name: string): Channel | undefined =>
  typeof BroadcastChannel === "undefined" ? undefined : (new BroadcastChannel(name) as Channel);

function inProcess(load: () => Promise<InProcess>): Pick<Transport, "openPort" | "locks" | "onClosed"> {
  let loading: Promise<InProcess> | undefined;
  return {
    locks: undefined,
    async openPort() {
      loading ??= load();
      return (await loading).openPort();
    },
    onClosed: async () => (await loading)?.release(),
  };
}

interface Means {
  readonly starters: Starters;
  readonly workers: Workers;
}

async function openPort(opening: Opening, asking: Asking, { starters, workers }: Means): Promise<OpenedPort> {
  // One that gives no sign of life time and again hangs: another context hosts then, or the page's own worker.
  const shared = workers.signMs < SIGN_MS_MAX ? workers.shared(opening) : undefined;
  const opened = shared
    ? await openWorkerPort(shared, shared.port, opening, workers)
    : await openWithoutSharedWorker(opening, asking, { starters, workers });
  if (opened) return opened;
  const linked = await linkOverChannel(asking, LINK_MS);
  if (linked === undefined) throw new QueueError("host-lost", "the host in another context did not answer");
  return linked;
}

function assertSupported({ storage }: Opening): void {
  const missing = [
    ...(globalThis.navigator?.locks === undefined ? ["Web Locks"] : []),
    ...(typeof BroadcastChannel === "undefined" ? ["BroadcastChannel"] : []),
    ...(storage === "indexeddb" && typeof indexedDB === "undefined" ? ["IndexedDB"] : []),
  ];
  if (missing.length === 0) return;
  const what = isServer()
    ? 'a durable queue lives in browsers, and this was called on a server: open it where only a browser comes, in an effect or a handler, or with storage "memory"'
    : `a durable queue needs ${missing.join(" and ")}, missing here: it takes a secure context (https or localhost)`;
  throw new QueueError("unsupported", what, { detail: { missing } });
}

/** The worker's port; `undefined` when another context hosts. */
async function openWorkerPort(
  worker: EventTarget,
  port: Port,
  opening: Opening,
  workers: Pick<Workers, "signMs">,
): Promise<OpenedPort | undefined> {
  let onError: (event: Event) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    onError = (event) => {
      const why = "message" in event && event.message ? `: ${event.message}` : "";
      reject(new QueueError("unsupported", `the worker of OriginMQ could not be started${why}`));
    };
  });
  worker.addEventListener("error", onError);
  const patience = { locks: navigator.locks, setTimer: runtime.setTimer, signMs: workers.signMs };
  workers.signMs = Math.min(SIGN_MS_MAX, 2 * workers.signMs);
  try {
    const { isElsewhere, lock } = await Promise.race([requestOpening(port, opening, patience), failed]);
    workers.signMs = SIGN_MS;
    if (!isElsewhere) return { port, lock };
    port.close?.();
    return undefined;
  } finally {
    worker.removeEventListener("error", onError);
  }
}

async function openWithoutSharedWorker(
  opening: Opening,
  asking: Asking,
  { starters, workers }: Means,
): Promise<OpenedPort | undefined> {
  if (await askHost(asking, ASK_MS)) return undefined;
  const { port1, port2 } = new MessageChannel();
  const worker = workers.dedicated();
  if (worker) {
    worker.postMessage(null, [port2]);
    return openWorkerPort(worker, port1, opening, workers);
  }
  if (starters.inContext === undefined) {
    throw new QueueError(
      "unsupported",
      "nobody hosts the queue, and this context can start neither a SharedWorker nor a Worker",
    );
  }
  answerOpening(port2, starters.inContext);
  const { isElsewhere } = await requestOpening(port1, opening);
  if (!isElsewhere) return { port: port1, lock: undefined };
  port1.close();
  return undefined;
}

interface Workers {
  signMs: number;
  /** A SharedWorker to connect to; `undefined` where there is none, or a dedicated one was asked for. */
  shared(opening: Opening): SharedWorker | undefined;
  /** The page's own worker, started once and ended with its page. */
  dedicated(): Worker | undefined;
  /** Lets the page's own worker finish its commit and give its locks back. */
  stop(): void;
}

/** A worker that was told to stop needs this long at most to finish its commit. */
const STOP_MS = 5_000;

function createWorkers({ sharedWorker, dedicatedWorker }: Starters, create: ConnectOptions["worker"]): Workers {
  let own: Worker | undefined;
  let isDedicated = false;
  const isOwn = (made: unknown): made is Worker => typeof Worker !== "undefined" && made instanceof Worker;
  return {
    signMs: SIGN_MS,
    shared(opening) {
      if (typeof SharedWorker === "undefined" || isDedicated) return undefined;
      const made = create ? create() : sharedWorker?.(opening);
      if (!isOwn(made)) return made;
      isDedicated = true;
      own = made;
      return undefined;
    },
    dedicated() {
      if (own === undefined && typeof Worker !== "undefined") {
        const made = create?.();
        own = isOwn(made) ? made : dedicatedWorker?.();
      }
      return own;
    },
    stop() {
      const stopped = own;
      own = undefined;
      stopped?.postMessage(STOP_HOSTING);
      if (stopped) setTimeout(() => stopped.terminate(), STOP_MS);
    },
  };
}
