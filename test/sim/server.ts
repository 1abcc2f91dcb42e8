// One simulated server and the sockets to it: the real admission, databases, codec and lines, and the clients' real way to
// them. Its process is started again whenever it has died. Devices' clocks differ by hours.

import { createHearing } from "../../src/link/finding/hearing.js";
import type { Socket } from "../../src/link/socket/line.js";
import { type AdmissionOptions, admit } from "../../src/server/admission.js";
import { createDatabases, type Databases, RECONNECT_MS } from "../../src/server/databases.js";
import { createLimits, type Limits } from "../../src/server/limits.js";
import { createMemoryDisk } from "../../src/store/memory/memory.js";
import {
  createSocketWay,
  openSocket,
  type SocketClass,
  type SocketOptions,
  type SocketWay,
} from "../../src/wiring/socket.js";
import { createFaultyStore } from "./faulty-store.js";
import type { Random } from "./random.js";
import type { Context } from "./scheduler.js";
import type { PageParts, Site, SiteParts, Worker } from "./site.js";
import { createWire, type Wire } from "./sockets.js";

const URL = "ws://server/mq/sim";
const GRANT = { client: "all of them", queues: { "*": ["send", "consume", "peek", "manage"] } } as const;
const CHECKPOINT_RECORDS = 60;
const CLOCKS_MS_MAX = 12 * 3_600_000;
const START_MS_MAX = 3_000;
/** Longer than a peer may say nothing. */
const HOLD_MS_MAX = 14_000;

/** How often a line, or the server, suffers what only they can; of each step. */
export interface LineFaults {
  readonly cut: number;
  readonly die: number;
  readonly hold: number;
  /** The server is stopped as an operator does, and another one starts. */
  readonly restart: number;
}

export interface ServerSite extends Site {
  /** Each returns whether there was anything to disturb. */
  cut(page: Context): boolean;
  die(page: Context): boolean;
  hold(page: Context): boolean;
  restart(): boolean;
}

export function drawLineFaults(random: Random): LineFaults {
  const sometimes = (probability: number) => (random.chance(0.5) ? probability : 0);
  return { cut: sometimes(0.02), die: sometimes(0.006), hold: sometimes(0.008), restart: sometimes(0.006) };
}

/** A process of the server. */
interface Process extends Worker {
  readonly databases: Databases;
  readonly limits: Limits;
  readonly endings: Set<() => void>;
  /** It takes no more connections. */
  isEnding: boolean;
}

export function createServer(parts: SiteParts): ServerSite {
  const { scheduler, random, nextFault, isOut } = parts;
  const disk = createMemoryDisk();
  const workers = new Map<string, Process>();
  const wires = new Map<Context, Wire>();
  const supervisor = scheduler.context("supervisor");
  const idleMs = random.chance(0.5) ? random.between(100, 2_000) : undefined;
  let started = 0;

  const start = () => {
    const context = scheduler.context(`server (${++started})`);
    const setTimer = (callback: () => void, ms: number) => context.plan(callback, ms);
    const databases = createDatabases({
      reconnectMs: RECONNECT_MS,
      idleMs,
      // Every other one takes its checkpoints from the log, as one with a large state does.
      upkeep: { checkpointRecords: CHECKPOINT_RECORDS, entriesAtOnce: started % 2 === 0 ? 0 : undefined },
      surroundings: {
        now: () => scheduler.now + site.clockMs,
        monotonic: () => scheduler.now,
        random: random.next,
        token: () => random.hex(32),
        setTimer,
        afterTurn: (callback) => void context.plan(callback, 0),
      },
      report() {},
      async openStore() {
        parts.onHost(process);
        return createFaultyStore({ disk, context, random, nextFault, isOut });
      },
    });
    const limits = createLimits("the server", {}, { setTimer, monotonic: () => scheduler.now });
    const process: Process = { url: URL, context, databases, limits, endings: new Set(), isEnding: false };
    workers.set(URL, process);
    context.onDeath(() => {
      workers.delete(URL);
      supervisor.plan(start, random.between(0, START_MS_MAX));
    });
  };

  const accept = ({ context, databases, limits, endings }: Process, socket: Socket) => {
    const options: AdmissionOptions = {
      setTimer: (callback, ms) => context.plan(callback, ms),
      limits,
      authorize: () => GRANT,
      openDatabase: databases.open,
      report() {},
      onEnded: () => endings.delete(end),
    };
    const { close: end } = admit(socket, { database: "sim", origin: undefined, headers: {} }, options);
    endings.add(end);
  };

  /** The class `WebSocket` of a page. */
  const socketClassOf = (page: Context): SocketClass =>
    function connect() {
      const process = workers.get(URL);
      // Nobody listens there: as when one is cut at once.
      const wire = createWire({ scheduler, random }, page, process?.context ?? supervisor);
      wires.set(page, wire);
      if (!process || process.isEnding) wire.cut();
      else {
        process.context.plan(
          () => {
            accept(process, wire.ends[1]);
            wire.open();
          },
          random.between(0, 5),
        );
      }
      return wire.ends[0];
    } as never;

  const wayOf = (
    page: Context,
    { onAnnouncement, listens }: Pick<SocketOptions, "onAnnouncement" | "listens">,
  ): SocketWay => {
    const setTimer = (callback: () => void, ms: number) => page.plan(callback, ms);
    const findClass = async () => socketClassOf(page);
    return createSocketWay(
      { url: URL, token: () => "let me in", onAnnouncement, listens },
      { openSocket: (url) => openSocket(url, { findClass, setTimer }), setTimer, random: random.next },
    );
  };

  const clientParts = (page: Context): PageParts => {
    const hearing = createHearing(() => way.hear());
    const way = wayOf(page, { onAnnouncement: hearing.tell, listens: hearing.isHeard });
    return {
      clockMs: random.between(-CLOCKS_MS_MAX, CLOCKS_MS_MAX),
      locks: undefined,
      presenceLock: (client) => `${URL}#${client}`,
      openNotices: hearing.openChannel,
      reachable: way.reachable,
      openPort: way.openPort,
      onAsleep: way.end,
    };
  };

  const disturb = (page: Context, disturbance: (wire: Wire) => void): boolean => {
    const wire = wires.get(page);
    if (wire) disturbance(wire);
    return wire !== undefined;
  };

  const site: ServerSite = {
    clockMs: 0,
    workers,
    uuid: () => random.hex(16),
    pickUrl: () => URL,
    clientParts,
    onLeft() {},
    cut: (page) => disturb(page, (wire) => wire.cut()),
    die: (page) => disturb(page, (wire) => wire.die()),
    hold: (page) => disturb(page, (wire) => wire.hold(random.between(100, HOLD_MS_MAX))),
    restart() {
      const process = workers.get(URL);
      if (!process || process.isEnding || process.context.isStill) return false;
      process.isEnding = true;
      process.context.plan(async () => {
        await process.databases.close();
        for (const end of [...process.endings]) end();
        process.context.plan(() => process.context.die(), random.between(0, 50));
      }, 0);
      return true;
    },
  };
  start();
  return site;
}
