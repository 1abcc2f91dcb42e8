// One simulated origin: its disk, its clock on the wall, its locks and channels, and the SharedWorkers that run in it,
// each of which stands for host with the real code. Stands in for src/wiring.

import { QueueError } from "../../src/core/spec/errors.js";
import { VERSION } from "../../src/core/spec/version.js";
import { type Elsewhere, stand } from "../../src/host/election/candidate.js";
import type { Platform } from "../../src/host/engine/platform.js";
import { type Host, openHost } from "../../src/host/host.js";
import { answerOpening } from "../../src/link/finding/answering.js";
import {
  type Asking,
  askHost,
  type Channel,
  linkOverChannel,
  type OpenedPort,
} from "../../src/link/finding/directory.js";
import { holdLife } from "../../src/link/finding/life.js";
import { type Opening, requestOpening } from "../../src/link/finding/opening.js";
import type { Port } from "../../src/link/rpc/guard.js";
import { channelName, directoryName, hostLockName, presenceLockName } from "../../src/link/rpc/names.js";
import { createMemoryDisk } from "../../src/store/memory/memory.js";
import { createFaultyStore } from "./faulty-store.js";
import { createLocks } from "./locks.js";
import { createNetwork } from "./ports.js";
import type { Context } from "./scheduler.js";
import type { Site, SiteParts, Worker } from "./site.js";

const OPENING: Opening = { storage: "indexeddb", database: "sim" };
const { storage, database } = OPENING;
const NAMES = {
  channel: channelName(storage, database),
  directory: directoryName(storage, database),
  lock: hostLockName(storage, database),
  presence: (client: string) => presenceLockName(storage, database, client),
};
const LINK_MS = 2_000;
const SIGN_MS = 1_000;
const SIGN_MS_MAX = 4_000;
const ASK_MS = 500;
const STOP_MS = 5_000;
const CHECKPOINT_RECORDS = 60;

/** One that can be asked for a host. */
interface WorkerLike extends Worker {
  connect(port: Port): void;
  /** Finishes its commit, gives its locks back, and ends. */
  stop(): void;
}

/** Of a page that has no SharedWorker: its worker is its own. */
const isOwn = (url: string): boolean => url.startsWith("own-") || url.startsWith("usurper-");

export interface Origin extends Site {
  /** The worker hears nothing of the others for so long, and takes the lock from whoever holds it. */
  makeDeaf(url: string, ms: number): void;
}

export function createOrigin(parts: SiteParts): Origin {
  const { scheduler, random, isNoticeLost, ranked, nextFault, isOut } = parts;
  const disk = createMemoryDisk();
  const locks = createLocks({ scheduler, random });
  const deafMs = ranked && (() => (ranked.chance(0.4) ? ranked.between(5, 40) : ranked.between(0, 2)));
  const network = createNetwork({ scheduler, random, isNoticeLost, deafMs });
  const workers = new Map<string, WorkerLike>();
  const deafUntil = new Map<string, number>();
  const signMsOf = new Map<Context, number>();
  let epochSeen: number | undefined;
  let started = 0;
  let owned = 0;

  const uuid = () => random.hex(16);

  const openChannel =
    (context: Context, url: string | undefined) =>
    (name: string): Channel => {
      const channel = network.channel(context, name);
      if (url === undefined || name !== NAMES.directory) return channel;
      const isDeaf = () => scheduler.now < (deafUntil.get(url) ?? 0);
      return {
        ...channel,
        addEventListener: (type, listener) =>
          channel.addEventListener(type, (event) => {
            if (!isDeaf()) listener(event);
          }),
      };
    };

  const askingOf = (context: Context, url?: string): Asking => ({
    directory: NAMES.directory,
    openChannel: openChannel(context, url),
    setTimer: (callback, ms) => context.plan(callback, ms),
    uuid,
  });

  const platformOf = (context: Context): Platform => ({
    now: () => scheduler.now + origin.clockMs,
    monotonic: () => scheduler.now,
    random: random.next,
    token: () => random.hex(32),
    setTimer: (callback, ms) => context.plan(callback, ms),
    afterTurn: (callback) => void context.plan(callback, 0),
    locks: locks.of(context),
    announce: (notice) => network.announce(context, NAMES.channel, notice),
    canary: {
      // Later than the host answers, often.
      read: () => new Promise((resolve) => context.plan(() => resolve(epochSeen), (7 * started) % 60)),
      async write(epoch) {
        epochSeen = epoch;
      },
    },
  });

  const startWorker = (url: string): WorkerLike => {
    const context = scheduler.context(`worker ${url} (${++started})`);
    const platform = platformOf(context);
    const kind = ranked && isOwn(url) ? "dedicated-worker" : "shared-worker";
    const stopping = new AbortController();
    const version = ranked && url === "c" ? { ...VERSION, build: VERSION.build + 1 } : VERSION;
    let standing: Promise<Host | Elsewhere> | undefined;
    const standForHost = () =>
      stand({
        kind,
        version,
        locks: platform.locks as LockManager,
        lock: NAMES.lock,
        asking: askingOf(context, url),
        signal: stopping.signal,
        async openHost() {
          const store = createFaultyStore({ disk, context, random, nextFault, isOut });
          const host = await openHost({
            kind,
            store,
            platform,
            lock: NAMES.lock,
            presenceLock: NAMES.presence,
            checkpointRecords: CHECKPOINT_RECORDS,
            // Every other host takes its checkpoints from the log, as one with a large state does.
            entriesAtOnce: started % 2 === 0 ? 0 : undefined,
          });
          parts.onHost(worker);
          host.ended.then(
            () => parts.onEnd(worker, undefined),
            (error) => parts.onEnd(worker, error),
          );
          return host;
        },
      });
    const serve = (): Promise<Host | Elsewhere> => {
      if (standing) return standing;
      const own = standForHost();
      standing = own;
      const forget = () => {
        if (standing === own) standing = undefined;
      };
      own.then((host) => ("elsewhere" in host ? forget() : host.ended.then(forget, forget)), forget);
      return own;
    };
    const life = holdLife(platform.locks as LockManager, `worker ${uuid()}`).then(({ lock }) => lock);
    const worker: WorkerLike = {
      url,
      context,
      connect: (port) => void context.plan(() => answerOpening(port, serve, life), random.between(1, 10)),
      stop() {
        forgetWorker();
        context.plan(() => stopping.abort(), 0);
        context.plan(() => context.die(), STOP_MS);
      },
    };
    const forgetWorker = () => {
      if (workers.get(url) === worker) workers.delete(url);
    };
    workers.set(url, worker);
    context.onDeath(forgetWorker);
    return worker;
  };

  /** A page with a worker of its own asks for a host elsewhere first. */
  const isHosted = async (page: Context): Promise<boolean> => {
    const { held = [] } = await locks.of(page).query();
    return held.some(({ name }) => name === NAMES.lock) && (await askHost(askingOf(page), ASK_MS)) !== undefined;
  };

  /** A port from a page to the host, by way of the worker with this URL, which is started when it does not run. */
  const openPort = async (page: Context, url: string, onPort: (port: Port) => void): Promise<OpenedPort> => {
    const signMs = signMsOf.get(page) ?? SIGN_MS;
    signMsOf.set(page, 2 * signMs);
    if (signMs <= SIGN_MS_MAX && !(ranked && url.startsWith("own-") && (await isHosted(page)))) {
      const worker = workers.get(url) ?? startWorker(url);
      const [own, theirs] = network.pair(page, worker.context);
      worker.connect(theirs);
      const setTimer = (callback: () => void, ms: number) => page.plan(callback, ms);
      const asked = requestOpening(own, OPENING, { locks: locks.of(page), setTimer, signMs });
      onPort(own);
      const { isElsewhere, lock, isHeard } = await asked;
      signMsOf.set(page, SIGN_MS);
      if (!isElsewhere) return { port: own, lock, isHeard };
      own.close?.();
    }
    const linked = await linkOverChannel(askingOf(page), LINK_MS);
    signMsOf.set(page, SIGN_MS);
    if (linked === undefined) throw new QueueError("host-lost", "the host in another context did not answer");
    return linked;
  };

  const origin: Origin = {
    clockMs: 0,
    workers,
    uuid,
    pickUrl(isLater) {
      if (ranked) return ranked.chance(0.6) ? `own-${++owned}` : ranked.pick(["a", "a", "c"]);
      return isLater ? random.pick(["a", "a", "b"]) : random.chance(0.8) ? "a" : "b";
    },
    clientParts: (page, url) => ({
      clockMs: 0,
      locks: locks.of(page),
      presenceLock: NAMES.presence,
      asking: askingOf(page),
      openNotices: () => network.channel(page, NAMES.channel),
      openPort: (onPort) => openPort(page, url, onPort),
      onAsleep() {
        if (ranked && isOwn(url)) workers.get(url)?.stop();
      },
    }),
    // A SharedWorker lives as long as one of its pages.
    onLeft: (url) => workers.get(url)?.context.die(),
    makeDeaf: (url, ms) => void deafUntil.set(url, scheduler.now + ms),
  };
  return origin;
}
