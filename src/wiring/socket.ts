// The way to a host on a server: a socket, opened anew whenever the last one has ended. Loaded when a queue is opened by
// its address. Invariants: the token is asked for each time and said once; those that come back after a server's end come
// one after the other; while the browser says that there is no network, none is asked for.

import { FINAL } from "../client/link/host-link.js";
import { runtime } from "../client/runtime/runtime.js";
import { QueueError } from "../core/spec/errors.js";
import { fullJitter, type Growth, growingMs } from "../core/spec/waits.js";
import type { OpenedPort } from "../link/finding/directory.js";
import { greet, SUBPROTOCOL } from "../link/socket/greeting.js";
import { type Line, openLine, type Socket } from "../link/socket/line.js";

export interface SocketOptions {
  readonly url: string;
  readonly token: (() => string | Promise<string>) | undefined;
  onAnnouncement(notice: unknown): void;
  /** Whether anybody would hear of one. */
  listens(): boolean;
}

export interface SocketWay {
  /** Resolves when there may be a network. */
  reachable(): Promise<void>;
  openPort(): Promise<OpenedPort>;
  /** Has the server told whether anybody listens, now that this has changed. */
  hear(): void;
  /** Ends the socket. The next port opens another. */
  end(): void;
}

export type SocketClass = new (url: string, protocol: string) => Socket;

/** What the way takes from its surroundings, handed in so that a simulated world or a Worker's binding can stand in for them. */
export interface SocketMeans {
  /** Resolves once it is open. Rejects with `host-lost` when nobody answers. */
  openSocket(url: string): Promise<Socket>;
  setTimer(callback: () => void, ms: number): () => void;
  /** A number in [0, 1). */
  random(): number;
  /** Tells whoever reads the console. */
  warn?(text: string): void;
}

interface ClassMeans extends Pick<SocketMeans, "setTimer"> {
  findClass(): Promise<SocketClass>;
}

const { setTimer } = runtime;
export const MEANS: SocketMeans = {
  openSocket: (url) => openSocket(url, { findClass, setTimer }),
  setTimer,
  random: Math.random,
  // biome-ignore lint/suspicious/noConsole: what connects waits for ever, and nobody would know for what
  warn: (text) => console.warn(text),
};

/** A socket that has not opened by then will hardly do so. */
const OPEN_MS_MAX = 10_000;
/** Those whose server has ended come back within a tenth of a second, later within more. */
const SPREAD: Growth = { baseMs: 100, maxMs: 3_000 };
/** After so long without a connection it is said why there is none, once. */
const WARN_MS = 5_000;
/** A browser that says it is offline may be wrong. */
const OFFLINE_MS_MAX = 60_000;

export function createSocketWay({ url, token, onAnnouncement, listens }: SocketOptions, means = MEANS): SocketWay {
  const { openSocket, setTimer, random, warn } = means;
  let line: Line | undefined;
  let attempts = 0;
  let returning: Promise<void> | undefined;

  const spread = async () => {
    if (attempts++ === 0) return;
    const ms = fullJitter(growingMs(attempts - 1, SPREAD), random());
    await new Promise<void>((resolve) => void setTimer(resolve, ms));
  };
  /** One wait, however often its end is asked for. */
  const reachable = async () => {
    if (globalThis.navigator?.onLine !== false) return;
    returning ??= online().finally(() => {
      returning = undefined;
    });
    await returning;
  };
  let trouble: unknown = "no answer";
  let cancelWarning: (() => void) | undefined;
  const warnLater = () => {
    cancelWarning ??=
      warn && setTimer(() => warn(`originmq: still no connection to ${url}, trying again: ${trouble}`), WARN_MS);
  };
  const noWarning = () => {
    cancelWarning?.();
    cancelWarning = undefined;
  };
  const tokenNow = async () => {
    try {
      return await token?.();
    } catch (cause) {
      throw new QueueError("host-lost", `token() failed: ${cause}`, { cause });
    }
  };

  const openLineAnew = async (): Promise<Line> => {
    await spread();
    const said = await tokenNow();
    const socket = await openSocket(url);
    line = openLine(socket, { setTimer, pings: false, onAnnouncement });
    try {
      const { messageBytesMax, sleeps } = await greet(line.port, said);
      line.limit(messageBytesMax);
      if (sleeps) line.ask();
    } catch (error) {
      line.close();
      throw error;
    }
    attempts = 1;
    if (listens()) line.hear(true);
    return line;
  };

  return {
    reachable,
    async openPort() {
      // A server that has forgotten its lines goes on with the same socket, and with what it knew by the token.
      const next = line?.takeNextPort();
      if (next) return { port: next, lock: undefined };
      warnLater();
      try {
        const { port } = await openLineAnew();
        noWarning();
        return { port, lock: undefined };
      } catch (error) {
        trouble = error;
        if (error instanceof QueueError && FINAL.has(error.code)) noWarning();
        throw error;
      }
    },
    hear: () => line?.hear(listens()),
    end() {
      noWarning();
      line?.close();
    },
  };
}

export async function openSocket(url: string, { findClass, setTimer }: ClassMeans): Promise<Socket> {
  const WebSocket = await findClass();
  const socket = new WebSocket(url, SUBPROTOCOL);
  return new Promise((resolve, reject) => {
    const fail = ({ message = "" }: { readonly message?: string } = {}) => {
      cancelTimer();
      reject(new QueueError("host-lost", `no connection to ${url}${message && `: ${message}`}`));
    };
    const cancelTimer = setTimer(() => {
      socket.close();
      fail();
    }, OPEN_MS_MAX);
    const opened = () => {
      cancelTimer();
      resolve(socket);
    };
    (socket as unknown as EventTarget).addEventListener("open", opened);
    // Browsers do not say why.
    socket.addEventListener("error", fail as (event: unknown) => void);
    socket.addEventListener("close", () => fail());
  });
}

/** Of the runtime; Node has one from 22 on, and before that this package's dependency. */
async function findClass(): Promise<SocketClass> {
  const own = (globalThis as { readonly WebSocket?: SocketClass }).WebSocket;
  if (own) return own;
  return (await load("ws")).WebSocket;
}

/** By an argument: a name that stands in the call, or in a constant, is found by bundlers for browsers, which need not. */
const load = (name: string) => import(/* webpackIgnore: true */ /* @vite-ignore */ name);

const online = () =>
  new Promise<void>((resolve) => {
    const end = () => {
      cancelTimer();
      globalThis.removeEventListener?.("online", end);
      resolve();
    };
    const cancelTimer = runtime.setTimer(end, OFFLINE_MS_MAX);
    globalThis.addEventListener?.("online", end);
  });
