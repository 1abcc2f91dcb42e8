// A socket as a port: the same messages, the same link above it. Invariants: messages arrive in the order in which they were
// posted, whole or not at all; the end of the socket is the end of the link on both sides, told as its last word; a peer
// that says nothing for ten seconds is gone, and one that reads nothing is let go before it fills the memory. A server that
// has forgotten its lines has them begin again, on the same sockets: each time there is another port.

import { CodecError, decode, encodeReadingBlobs, type Keeper } from "../../codec/codec.js";
import { QueueError } from "../../core/spec/errors.js";
import { SOCKET_BUFFERED_BYTES_MAX, SOCKET_MESSAGE_BYTES_MAX, SOCKET_TAKEN_BYTES_MAX } from "../../core/spec/limits.js";
import { CLOSED, UNREADABLE } from "../rpc/frames.js";
import type { Port } from "../rpc/guard.js";
import { ANSWER, ASK, createJoiner, type Frame, frame, framesOf, KIND, PING, PONG } from "./frames.js";

/** A WebSocket, of browsers, servers, or Durable Objects. */
export interface Socket {
  binaryType: string;
  /** Bytes that were taken and have not left; missing where nobody can say. */
  readonly bufferedAmount?: number;
  send(data: Frame | string): void;
  close(code?: number, reason?: string): void;
  /** Ends it without a word; missing where only the platform can. */
  terminate?(): void;
  addEventListener(
    type: "message" | "close" | "error",
    listener: (event: { readonly data?: unknown; readonly code?: number | undefined }) => void,
  ): void;
}

export interface LineOptions {
  setTimer(callback: () => void, ms: number): () => void;
  /**
   * Asks whether the other side is there; the side that does not only answers. Servers do: the timers of a tab that nobody
   * sees fire once a minute.
   */
  readonly pings: boolean;
  /** The socket is older than this line: what arrives is nothing new before both sides have begun again. It rests. */
  readonly isRestored?: boolean | undefined;
  /** Somebody on the other side listened to announcements. */
  readonly hasListener?: boolean | undefined;
  /** A larger message that arrives ends the line. Default 64 MiB. */
  readonly messageBytesMax?: number | undefined;
  /** So many bytes may wait for a peer that does not read; then the line ends. Default 128 MiB. */
  readonly bufferedBytesMax?: number | undefined;
  /** Of a server, which bounds what a line may cost it. */
  readonly toll?: Toll | undefined;
  /** Of a server that stores texts as the bytes that they came in. */
  readonly keeper?: Keeper | undefined;
  onAnnouncement?(notice: unknown): void;
  /** The line has ended, by either side; once. */
  onEnded?(): void;
}

/** Hears of all that a line carries and holds. */
export interface Toll {
  /** Called with each message of so many bytes; the port hears of it when `deliver` is called, at once or later. */
  arriving(message: unknown, bytes: number, deliver: () => void): void;
  leaving(message: unknown): void;
  /** Bytes of an incomplete message and of what waits on the socket, whenever they may have changed. */
  holding(bytes: number): void;
}

export interface Line {
  readonly port: Port;
  /** Posts beside the port, if the other side has said that somebody there listens. */
  announce(notice: unknown): void;
  /** Says whether somebody here listens to announcements. */
  hear(isListening: boolean): void;
  /** What the other side has said that it takes: a larger message is refused here, as `invalid-argument`. */
  limit(messageBytesMax: number): void;
  /** Asks, too, when the other side is silent: with a text that is answered for it while it sleeps. */
  ask(): void;
  /** Has the other side begin again, which ends its link, and opens a new one over this port. */
  beginAgain(): void;
  /** The port of a line that the other side has had begin again: once each time. */
  takeNextPort(): Port | undefined;
  /** Nobody is asked for, or missed, before it is awake again. */
  rest(): void;
  wake(): void;
  /** False: the other side owes an answer. */
  isHeard(): boolean;
  isOver(): boolean;
  /** Somebody on the other side listens to announcements. */
  hasListener(): boolean;
  /** On a server: from now on messages of so many bytes are taken, and none is sent that its clients do not take. */
  take(messageBytesMax: number): void;
  /** `overload`: why it is closed, in a way that has the other side come again. */
  close(overload?: string): void;
}

/** Four of these without a word from the other side, and it is gone. */
const BEAT_MS = 2_500;
const BEATS_MAX = 3;

/** How long the other side may take to hear that the socket is closed. */
const PARTING_MS = BEAT_MS;

/** So long is what tells one new beginning from another. */
const SIGN_BYTES = 8;

/** Reasons for closing, as RFC 6455 numbers them. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const UNUSABLE = 1003;
const TOO_LARGE = 1009;
const TRY_AGAIN = 1013;

/** One life of a socket, and its port. */
interface Life {
  readonly port: Port;
  dispatch(type: "message" | "messageerror", data?: unknown): void;
  /** `isLeaving`: the other side goes, and does not come back. */
  end(isLeaving?: boolean): void;
}

/** Over a socket that is open, or will be before anything is posted. */
export function openLine(socket: Socket, options: LineOptions): Line {
  const { toll, bufferedBytesMax = SOCKET_BUFFERED_BYTES_MAX } = options;
  let takenBytesMax = options.messageBytesMax ?? SOCKET_MESSAGE_BYTES_MAX;
  let sentBytesMax = Number.POSITIVE_INFINITY;
  socket.binaryType = "arraybuffer";
  let joiner = createJoiner(() => takenBytesMax);
  let isOver = false;
  /** What arrives is of a life that nobody here knows. */
  let isStale = options.isRestored === true;
  /** With which the other side was told so. Its answer to an earlier life of this side has another. */
  let sign: Uint8Array | undefined;
  let asks = false;
  let nextPort: Port | undefined;
  let beatsMissed = 0;
  let heard = 0;
  /** Somebody on the other side listens to announcements. */
  let hasListener = options.hasListener === true;

  let cancelParting = () => {};
  const end = (code: number, reason: string, isLeaving = false) => {
    if (isOver) return;
    isOver = true;
    cancelBeat();
    try {
      socket.close(code, reason);
    } catch {
      // It is closed, or never was open.
    }
    // Who does not read, or does not answer, would keep the socket, and in memory all that waits on it.
    if (socket.terminate) cancelParting = options.setTimer(() => socket.terminate?.(), PARTING_MS);
    life.end(isLeaving);
    options.onEnded?.();
  };

  const measure = () => toll?.holding(joiner.bytes() + (socket.bufferedAmount ?? 0));
  const put = (one: Frame | string) => {
    if (isOver) return;
    if ((socket.bufferedAmount ?? 0) > bufferedBytesMax) return end(TRY_AGAIN, "the other side does not read");
    try {
      socket.send(one);
    } catch {
      end(NORMAL, "nothing can be sent any more");
    }
    measure();
  };

  const live = (): Life =>
    openLife({
      leaving: (message) => toll?.leaving(message),
      put(bytes) {
        assertSize(bytes, sentBytesMax);
        for (const one of framesOf(bytes)) put(one);
      },
      assertSize: (bytes) => assertSize(bytes, sentBytesMax),
      close: () => end(NORMAL, ""),
      heard: () => heard,
    });
  let life = live();

  /** The server has asked for it: its answer comes before anything that the new life says. */
  const liveAgain = (sign: Uint8Array) => {
    const ended = life;
    joiner = createJoiner(() => takenBytesMax);
    life = live();
    nextPort = life.port;
    put(frame(KIND.over, sign));
    ended.end();
  };

  const take = (bytes: Uint8Array) => {
    beatsMissed = 0;
    const [kind] = bytes;
    const rest = bytes.subarray(1);
    if (isStale && (kind === KIND.piece || kind === KIND.message)) return;
    switch (kind) {
      case KIND.ping:
        return put(PONG);
      case KIND.pong:
        return;
      case KIND.announcement:
        if (!options.pings) return options.onAnnouncement?.(decode(rest));
        hasListener = rest[0] === 1;
        return;
      case KIND.piece:
      case KIND.message: {
        const message = joiner.add(rest, kind === KIND.message);
        measure();
        if (message === undefined) return;
        const value = decoded(message, options.keeper);
        if (value === undefined) return life.dispatch("messageerror");
        const { dispatch } = life;
        const deliver = () => dispatch("message", value.message);
        return toll ? toll.arriving(value.message, message.length, deliver) : deliver();
      }
      case KIND.over:
        if (!options.pings) return liveAgain(rest);
        if (!isStale) return end(UNUSABLE, "nobody has asked for a new beginning");
        if (`${rest}` === `${sign}`) isStale = false;
        return;
      default:
        return end(UNUSABLE, "an unknown kind of frame");
    }
  };
  socket.addEventListener("message", ({ data }) => {
    if (isOver) return;
    heard++;
    if (data === ANSWER && asks) {
      beatsMissed = 0;
      return;
    }
    if (!(data instanceof ArrayBuffer)) return end(UNUSABLE, "frames are binary");
    try {
      take(new Uint8Array(data));
    } catch (error) {
      if (error instanceof RangeError) end(TOO_LARGE, error.message);
      else if (error instanceof CodecError) end(UNUSABLE, "an announcement that cannot be read");
      else throw error;
    }
  });
  // Browsers say so of a page that goes; Firefox before the page hears of it, and can say what it gives back.
  socket.addEventListener("close", ({ code }) => {
    end(NORMAL, "", code === GOING_AWAY);
    cancelParting();
  });
  socket.addEventListener("error", () => end(NORMAL, ""));

  const beat = () => {
    if (beatsMissed === BEATS_MAX) return end(NORMAL, "nothing was heard for too long");
    beatsMissed++;
    cancelBeat = options.setTimer(beat, BEAT_MS);
    if (options.pings) put(PING);
    // A server that is awake has asked itself meanwhile.
    else if (asks && beatsMissed > 1) put(ASK);
  };
  const wake = () => {
    cancelBeat();
    beatsMissed = 0;
    if (!isOver) cancelBeat = options.setTimer(beat, BEAT_MS);
  };
  let cancelBeat = () => {};
  if (!isStale) wake();

  return {
    port: life.port,
    announce(notice) {
      if (hasListener) put(frame(KIND.announcement, encodedForLink(notice) as Uint8Array));
    },
    hear: (isListening) => put(frame(KIND.announcement, Uint8Array.of(Number(isListening)))),
    limit(messageBytesMax) {
      sentBytesMax = messageBytesMax;
      takenBytesMax = takenByClients(messageBytesMax);
    },
    ask() {
      asks = true;
    },
    beginAgain() {
      sign = crypto.getRandomValues(new Uint8Array(SIGN_BYTES));
      put(frame(KIND.over, sign));
      wake();
    },
    takeNextPort() {
      const port = isOver ? undefined : nextPort;
      nextPort = undefined;
      return port;
    },
    rest: () => cancelBeat(),
    wake,
    isHeard: () => beatsMissed < 2,
    isOver: () => isOver,
    hasListener: () => hasListener,
    take(messageBytesMax) {
      takenBytesMax = messageBytesMax;
      sentBytesMax = takenByClients(messageBytesMax);
    },
    close: (overload) => (overload === undefined ? end(NORMAL, "") : end(TRY_AGAIN, overload)),
  };
}

/**
 * What was sent comes back in a hand-out, with what is said of it there and with others; other clients, in the server's
 * process, may send more; and it is the server that cuts what it hands out, by estimate.
 */
const takenByClients = (messageBytesMax: number): number => Math.max(SOCKET_TAKEN_BYTES_MAX, 2 * messageBytesMax);

interface LifeParts {
  leaving(message: unknown): void;
  /** Throws when the message is too large. */
  put(message: Uint8Array): void;
  assertSize(message: Uint8Array): void;
  close(): void;
  heard(): number;
}

function openLife(line: LifeParts): Life {
  const listeners = new Map<string, Set<(event: MessageEvent) => void>>();
  let isEnded = false;
  /** Resolves once all that was posted so far is on the socket; missing while nothing has to be waited for. */
  let sending: Promise<void> | undefined;
  const dispatch = (type: string, data?: unknown) => {
    for (const listener of [...(listeners.get(type) ?? [])]) listener({ data } as MessageEvent);
  };
  const put = (bytes: Uint8Array) => {
    if (!isEnded) line.put(bytes);
  };
  /** In the order of the calls, although some have files to be read first. */
  const post = (message: unknown): void => {
    line.leaving(message);
    const encoded = encodedForLink(message);
    if (encoded instanceof Uint8Array) {
      line.assertSize(encoded);
      if (sending === undefined) return put(encoded);
    }
    const sent = Promise.all([encoded, sending])
      .then(([bytes]) => put(bytes))
      // A file that is gone or too large: what was posted cannot be told from what could not be read at the other end.
      .catch(() => dispatch("message", { type: UNREADABLE }));
    const mine = sent.finally(() => {
      if (sending === mine) sending = undefined;
    });
    sending = mine;
  };
  return {
    port: {
      postMessage: post,
      addEventListener(type, listener) {
        // Whoever comes too late for the last word hears it, too.
        if (isEnded && type === "message") queueMicrotask(() => listener({ data: { type: CLOSED } } as MessageEvent));
        const known = listeners.get(type) ?? new Set();
        listeners.set(type, known.add(listener));
      },
      removeEventListener: (type, listener) => void listeners.get(type)?.delete(listener),
      heard: line.heard,
      close: () =>
        void (sending ?? Promise.resolve()).then(() => {
          if (!isEnded) line.close();
        }),
    },
    dispatch,
    end(isLeaving = false) {
      isEnded = true;
      dispatch("message", { type: CLOSED, ...(isLeaving && { isLeaving }) });
      listeners.clear();
    },
  };
}

/** What cannot be written is refused as a port would, whose error names no place either way. */
function encodedForLink(message: unknown): Uint8Array | Promise<Uint8Array> {
  try {
    return encodeReadingBlobs(message);
  } catch (error) {
    if (error instanceof CodecError) throw new DOMException(error.message, "DataCloneError");
    throw error;
  }
}

function assertSize(bytes: Uint8Array, max: number): void {
  if (bytes.length <= max) return;
  const what = `this is ${bytes.length} bytes as it is sent, and the other side takes ${max} at most (maxMessageBytes)`;
  throw new QueueError("invalid-argument", what, { detail: { limit: "maxMessageBytes", max, bytes: bytes.length } });
}

function decoded(bytes: Uint8Array, keeper: Keeper | undefined): { readonly message: unknown } | undefined {
  try {
    return { message: decode(bytes, keeper) };
  } catch {
    // Whatever it is: bytes of a stranger end nothing but their own message.
    return undefined;
  }
}
