// How a client reaches its host:
//
//   SharedWorker ──hosts──▶ its port            no SharedWorker, or it cannot host ──somebody hosts──▶ a channel to it
//        └──another hosts──▶ a channel to it                      └──nobody, or an older wire──▶ host here: a worker,
//                                                                                                 or this context
//
// In memory, on servers and in tests (Node, Deno, Bun) and where there are no workers, the host is in this process.

import type { ClientParts } from "../client/connection/client.js";
import type { ConnectOptions } from "../client/connection/connect-options.js";
import { runtime } from "../client/runtime/runtime.js";
import { isPassing, QueueError } from "../core/spec/errors.js";
import { WIRE_MAJOR } from "../core/spec/version.js";
import { type Asking, askHost, linkOverChannel, type OpenedPort } from "../link/finding/directory.js";
import { createHearing } from "../link/finding/hearing.js";
import { type Opening, type Patience, requestOpening, SIGN_MS } from "../link/finding/opening.js";
import type { Port } from "../link/rpc/guard.js";
import { channelName, directoryName, hostLockName, presenceLockName } from "../link/rpc/names.js";
import { createAsking } from "./asking.js";
import type { InProcess } from "./in-process.js";
import { pageLifecycle } from "./lifecycle.js";
import { openNotices } from "./notices.js";
import { isServer } from "./server.js";
import type { SocketOptions, SocketWay } from "./socket.js";
import { warmUp } from "./warm-up.js";
import { createWorkers, type Started, type WorkerStarters, type Workers } from "./workers.js";

/** What a context can start: the workers that come with this package, or a host in itself. */
export interface Starters extends WorkerStarters {
  /** Hosts in this very context what is asked for on the port. */
  inContext?(port: Port): void;
  /** The host of a database in memory that this process shares. */
  inProcess?(database: string): Promise<InProcess>;
  /** The way to a host on a server. */
  socket?(options: SocketOptions): Promise<SocketWay>;
}

/** Of a client, what is about its way to a host. */
export type Transport = Omit<ClientParts, "rest">;

/** How long to wait for a host to answer before hosting here. A page's own worker would win no sooner. */
const ASK_MS = 500;
const LINK_MS = 2_000;
/** `SIGN_MS`, twice as long each time that it was not enough. */
const SIGN_MS_MAX = 8_000;

export function createTransport(options: ConnectOptions, starters: Starters): Transport {
  const { database = "originmq", storage = "indexeddb", worker, url, token, openTimeoutMs } = options;
  if (url !== undefined) return overSocket(url, (hearing) => dial(starters, { url, token, ...hearing }));
  const opening: Opening = { storage, database };
  const names = {
    openNotices: () => openNotices(channelName(storage, database)),
    presenceLock: (client: string) => presenceLockName(storage, database, client),
  };
  const hasWorkers = worker !== undefined || typeof SharedWorker !== "undefined" || typeof Worker !== "undefined";
  const share = starters.inProcess;
  const alone = storage === "memory" && share ? inProcess(() => share(database)) : undefined;
  const locks = globalThis.navigator?.locks;
  if (alone && (isServer() || locks === undefined || !(hasWorkers || starters.inContext)))
    return { runtime, ...names, ...alone };
  assertSupported(opening);
  const asking = createAsking(directoryName(storage, database));
  const workers = createWorkers(starters, worker, SIGN_MS);
  const shared: Transport = {
    runtime,
    ...names,
    asking,
    openTimeoutMs,
    locks,
    lifecycle: pageLifecycle({ onAsleep: workers.stop }),
    openPort(onPort) {
      if (storage === "indexeddb") void warmUp();
      return openPort(opening, asking, { starters, workers, onPort });
    },
    onClosed: async () => workers.stop(),
  };
  return alone && locks ? aloneWhereRefused(shared, alone, locks) : shared;
}

/** In a frame that is refused locks nothing is shared with anybody: what is in memory is its own there. */
function aloneWhereRefused(shared: Transport, alone: ReturnType<typeof inProcess>, locks: LockManager): Transport {
  const isRefused = locks
    .request("originmq:refused", { ifAvailable: true }, () => {})
    .then(
      () => false,
      () => true,
    );
  /** Its client holds one of its own, and watches none of a host in its process. */
  const request = async (...asked: [name: string, hold: LockGrantedCallback<unknown>]) =>
    (await isRefused) ? (asked.at(-1) as (typeof asked)[1])(null) : locks.request(...asked);
  return {
    ...shared,
    locks: { request, query: () => locks.query() } as LockManager,
    openPort: async (onPort) => ((await isRefused) ? alone : shared).openPort(onPort),
    async onClosed() {
      await shared.onClosed?.();
      await alone.onClosed?.();
    },
  };
}

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

async function dial({ socket }: Starters, options: SocketOptions): Promise<SocketWay> {
  if (socket) return socket(options);
  throw new QueueError("unsupported", "this entry of the package opens no queues by url");
}

function overSocket(
  url: string,
  load: (hearing: Pick<SocketOptions, "onAnnouncement" | "listens">) => Promise<SocketWay>,
): Transport {
  let loading: Promise<SocketWay> | undefined;
  const hearing = createHearing(() => void loading?.then((known) => known.hear()).catch(() => {}));
  const way = (): Promise<SocketWay> => {
    loading ??= load({ onAnnouncement: hearing.tell, listens: hearing.isHeard });
    // Its file may be there another time.
    loading.catch(() => {
      loading = undefined;
    });
    return loading;
  };
  const end = async () => (await loading?.catch(() => undefined))?.end();
  return {
    runtime,
    locks: undefined,
    presenceLock: (client) => `${url}#${client}`,
    // A page that is kept must hold no socket.
    lifecycle: pageLifecycle({ onAsleep: () => void end() }),
    openNotices: hearing.openChannel,
    reachable: async () => (await way()).reachable(),
    openPort: async () => (await way()).openPort(),
    onClosed: end,
  };
}

interface Means {
  readonly starters: Starters;
  readonly workers: Workers;
  onPort(port: Port): void;
}

async function openPort(opening: Opening, asking: Asking, means: Means): Promise<OpenedPort> {
  const { workers } = means;
  // One that gives no sign of life time and again hangs: another context hosts then, or the page's own worker.
  const shared = workers.signMs < SIGN_MS_MAX ? workers.shared(opening) : undefined;
  const found = shared ? await askWorker(shared, shared.worker.port, opening, means) : undefined;
  // A SharedWorker may lack what its page has, in a credentialless iframe: the page's own worker is asked next.
  const opened = found && !found.refused ? found : await openWithoutSharedWorker(opening, asking, means);
  if (opened.opened) return opened.opened;
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
    ? 'a durable queue lives in browsers, not on a server: open it in an effect or a handler, or with storage "memory"'
    : `${missing.join(" and ")} missing here: a durable queue needs a secure context (https or localhost)`;
  throw new QueueError("unsupported", what, { detail: { missing } });
}

/** What became of asking: a port to a host, a host elsewhere, or none that could be there. */
interface Found {
  readonly opened?: OpenedPort;
  readonly refused?: QueueError;
}

async function ask(
  port: Port,
  opening: Opening,
  { onPort }: Pick<Means, "onPort">,
  patience?: Patience,
): Promise<Found> {
  try {
    const asked = requestOpening(port, opening, patience);
    onPort(port);
    const { isElsewhere, lock, isHeard } = await asked;
    if (!isElsewhere) return { opened: { port, lock, isHeard } };
    port.close?.();
    return {};
  } catch (error) {
    if (!(error instanceof QueueError) || error.code !== "unsupported") throw error;
    port.close?.();
    return { refused: error };
  }
}

async function askWorker(
  { failed, hasStarted }: Started<SharedWorker | Worker>,
  port: Port,
  opening: Opening,
  { workers, onPort }: Pick<Means, "workers" | "onPort">,
): Promise<Found> {
  const patience = { locks: navigator.locks, setTimer: runtime.setTimer, signMs: workers.signMs };
  workers.signMs = Math.min(SIGN_MS_MAX, 2 * workers.signMs);
  const found = await Promise.race([ask(port, opening, { onPort }, patience), failed]).catch((error: unknown) => {
    // It lives, and says so.
    if (error instanceof QueueError && isPassing(error)) workers.signMs = SIGN_MS;
    throw error;
  });
  hasStarted();
  workers.signMs = SIGN_MS;
  return found;
}

/** Whether any context holds the host's lock; where nobody can say, one may. */
const isHosted = ({ storage, database }: Opening): Promise<boolean> =>
  navigator.locks.query().then(
    ({ held = [] }) => held.some(({ name }) => name === hostLockName(storage, database)),
    () => true,
  );

async function openWithoutSharedWorker(opening: Opening, asking: Asking, means: Means): Promise<Found> {
  const { starters, workers } = means;
  // Of hosts in service workers and pages the one is better: let it come first.
  const mayBeHosted = !workers.hasDedicated || (await isHosted(opening));
  const there = mayBeHosted ? await askHost(asking, ASK_MS) : undefined;
  // One that speaks an older wire lets go for a worker of this build, and could not serve this page.
  if (there && there.host.version.wire >= WIRE_MAJOR) return {};
  const own = workers.dedicated();
  const { port1, port2 } = new MessageChannel();
  let found: Found;
  if (own) {
    own.worker.postMessage(null, [port2]);
    found = await askWorker(own, port1, opening, means);
  } else if (starters.inContext) {
    starters.inContext(port2);
    found = await ask(port1, opening, means);
  } else {
    throw new QueueError(
      "unsupported",
      "nobody hosts the queue, and this context can start neither a SharedWorker nor a Worker",
    );
  }
  if (found.refused) throw found.refused;
  return found;
}
