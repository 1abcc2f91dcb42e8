// Lets through what the two sides of a link may say to each other, and nothing else.
// Comlink's `expose` follows any property path a message names, the prototype chain included, and constructs, sets
// and proxies on request: `constructor` runs code, `__proto__` pollutes. Invariant: only calls of the one exposed
// function with one plain argument, and answers to our own calls, reach Comlink.

import type { Endpoint } from "comlink";

/** Where messages come and go: a MessagePort, or anything shaped like one. */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: string, listener: (event: MessageEvent) => void): void;
  removeEventListener(type: string, listener: (event: MessageEvent) => void): void;
  start?(): void;
  close?(): void;
  /** How often something came from the other side, if only that it is there. Missing where nothing stands between. */
  heard?(): number;
}

/** Sent back for a message that could not be deserialised; its sender cannot know otherwise. */
export const UNREADABLE = "originmq:unreadable";

/** The last word on a link that is closed on purpose: its peer need not wait for anything more. `isLeaving`: its page goes. */
export const CLOSED = "originmq:closed";

/** Frames of the link itself, beside Comlink's. */
export const frameOf = (data: unknown): typeof UNREADABLE | typeof CLOSED | undefined => {
  const type: unknown =
    typeof data === "object" && data !== null && Object.hasOwn(data, "type") ? Reflect.get(data, "type") : "";
  return type === UNREADABLE || type === CLOSED ? type : undefined;
};

/** A call of the exposed function itself, as Comlink writes it: no path, one argument by value. */
const isCall = (data: Record<string, unknown>): boolean =>
  data.type === "APPLY" &&
  typeof data.id === "string" &&
  Array.isArray(data.path) &&
  data.path.length === 0 &&
  Array.isArray(data.argumentList) &&
  data.argumentList.length === 1 &&
  isPlainValue(data.argumentList[0]);

/** An answer: a value, or Comlink's report that a value could not be sent. */
const isAnswer = (data: Record<string, unknown>): boolean =>
  typeof data.id === "string" && (isPlainValue(data) || (data.type === "HANDLER" && data.name === "throw"));

const isPlainValue = (wire: unknown): boolean =>
  typeof wire === "object" && wire !== null && Reflect.get(wire, "type") === "RAW" && Object.hasOwn(wire, "value");

/** A port as Comlink gets it, and all that listens on it. */
export interface GuardedPort {
  /** What calls the exposed function, and what answers calls of the peer's. */
  readonly calls: Endpoint;
  readonly answers: Endpoint;
  listen(type: "message" | "messageerror", listener: (event: MessageEvent) => void): void;
  /** Posts a message of the link's own. */
  post(message: unknown): void;
  /** From now on neither that nor the endpoints post anything; what arrives is still let through. */
  mute(): void;
  /** Takes every listener off the port, and mutes it. */
  release(): void;
}

/** Wraps a port for Comlink. `onRefused` hears of every message that was not let through. */
export function guardPort(port: Port, onRefused: () => void): GuardedPort {
  const listening = new Set<() => void>();
  let isMuted = false;
  const post: Endpoint["postMessage"] = (message, transfer) => {
    if (!isMuted) port.postMessage(message, transfer ?? []);
  };
  /** Listens, and returns what ends that. */
  const listen = (type: string, listener: (event: MessageEvent) => void): (() => void) => {
    const end = () => {
      port.removeEventListener(type, listener);
      listening.delete(end);
    };
    port.addEventListener(type, listener);
    listening.add(end);
    return end;
  };
  const ends = new Map<unknown, () => void>();
  const filtered = (isAllowed: (data: Record<string, unknown>) => boolean): Endpoint => {
    return {
      postMessage: post,
      addEventListener: (type, listener) => {
        const end = listen(type, (event) => {
          const data: unknown = event.data;
          if (typeof data !== "object" || data === null || !isAllowed(data as Record<string, unknown>)) return;
          if (typeof listener === "function") listener(event);
          else listener.handleEvent(event);
        });
        ends.set(listener, end);
      },
      removeEventListener: (_, listener) => ends.get(listener)?.(),
    };
  };
  listen("message", ({ data }) => {
    if (frameOf(data)) return;
    const isObject = typeof data === "object" && data !== null;
    if (!isObject || !(isCall(data) || isAnswer(data))) onRefused();
  });
  return {
    calls: filtered(isCall),
    answers: filtered(isAnswer),
    listen,
    post,
    mute() {
      isMuted = true;
    },
    release() {
      isMuted = true;
      for (const end of [...listening]) end();
    },
  };
}
