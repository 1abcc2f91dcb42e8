// The way to a host on a server: a socket, opened anew whenever the last one has ended. Loaded when a queue is opened by
// its address. Invariants: the token is asked for each time and said once; those that come back after a server's end come
// one after the other; while the browser says that there is no network, none is asked for.

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
}

interface ClassMeans extends Pick<SocketMeans, "setTimer"> {
  findClass(): Promise<SocketClass>;
}

const { setTimer } = runtime;
export const MEANS: SocketMeans = {
  openSocket: (url) => openSocket(url, { findClass, setTimer }),
  setTimer,
  random: Math.random,
};

/** A socket that has not opened by then will hardly do so. */
const OPEN_MS_MAX = 10_000;
/** Those whose server has ended come back within a tenth of a second, later within more. */
const SPREAD: Growth = { baseMs: 100, maxMs: 3_000 };
/** A browser that says it is offline may be wrong. */
const OFFLINE_MS_MAX = 60_000;

export function createSocketWay({ url, token, onAnnouncement, listens }: SocketOptions, means = MEANS): SocketWay {
  const { openSocket, setTimer, random } = means;
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
  const tokenNow = async () => {
    try {
      return await token?.();
    } catch (cause) {
      throw new QueueError("host-lost", `token() failed: ${cause}`, { cause });
    }
  };

  return {
    reachable,
    async openPort() {
      // A server that has forgotten its lines goes on with the same socket, and with what it knew by the token.
      const next = line?.takeNextPort();
      if (next) return { port: next, lock: undefined };
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
      return { port: line.port, lock: undefined };
    },
    hear: () => line?.hear(listens()),
    end: () => line?.close(),
  };
}

export async function openSocket(url: string, { findClass, setTimer }: ClassMeans): Promise<Socket> {
  const WebSocket = await findClass();
  const socket = new WebSocket(url, SUBPROTOCOL);
  return new Promise((resolve, reject) => {
    const fail = () => {
      cancelTimer();
      reject(new QueueError("host-lost", `no connection to ${new URL(url).origin}`));
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
    socket.addEventListener("error", fail);
    socket.addEventListener("close", fail);
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
