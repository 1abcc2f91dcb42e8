// Lets through what the two sides of a link may say to each other, and nothing else.
// Comlink's `expose` follows any property path a message names, the prototype chain included, and constructs, sets
// and proxies on request: `constructor` runs code, `__proto__` pollutes. Invariant: only calls of the one exposed
// function with one plain argument, and answers to our own calls, reach Comlink.

import type { Endpoint } from "comlink";
import { CLOSED, UNREADABLE } from "./frames.js";

/** Where messages come and go: a MessagePort, or anything shaped like one. */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: string, listener: (event: MessageEvent) => void): void;
  removeEventListener(type: string, listener: (event: MessageEvent) => void): void;
  start?(): void;
  close?(): void;
  /** As if it came from the other side. Missing where nothing is said before there is a link. */
  dispatchEvent?(event: Event): unknown;
  /** How often something came from the other side, if only that it is there. Missing where nothing stands between. */
  heard?(): number;
}

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

/** What comes in on a port beside calls and answers. */
export interface PortEvents {
  onFrame(frame: typeof UNREADABLE | typeof CLOSED, data: unknown): void;
  /** A message could not be deserialised. */
  onUnreadable(): void;
  /** A message was not let through. */
  onRefused(): void;
}

/** A port as Comlink gets it. */
export interface GuardedPort {
  /** What calls the exposed function, and what answers calls of the peer's. */
  readonly calls: Endpoint;
  readonly answers: Endpoint;
  /** Posts a message of the link's own. */
  post(message: unknown): void;
  /** From now on neither that nor the endpoints post anything; what arrives is still let through. */
  mute(): void;
  /** Takes every listener off the port, and mutes it. */
  release(): void;
}

/** Wraps a port for Comlink. There is one a connection: it has one listener of a kind, and no lists of them. */
export function guardPort(port: Port, { onFrame, onUnreadable, onRefused }: PortEvents): GuardedPort {
  let isMuted = false;
  const post: Endpoint["postMessage"] = (message, transfer) => {
    if (!isMuted) port.postMessage(message, transfer ?? []);
  };
  const calls = endpointOf(post);
  const answers = endpointOf(post);
  const onMessage = (event: MessageEvent) => {
    const data: unknown = event.data;
    const frame = frameOf(data);
    if (frame) return onFrame(frame, data);
    if (typeof data !== "object" || data === null) return onRefused();
    if (isCall(data as Record<string, unknown>)) return calls.hear?.(event);
    if (isAnswer(data as Record<string, unknown>)) return answers.hear?.(event);
    onRefused();
  };
  port.addEventListener("message", onMessage);
  port.addEventListener("messageerror", onUnreadable);
  return {
    calls,
    answers,
    post,
    mute() {
      isMuted = true;
    },
    release() {
      isMuted = true;
      port.removeEventListener("message", onMessage);
      port.removeEventListener("messageerror", onUnreadable);
    },
  };
}

/** Comlink has one listener on each, a function, which it takes off for a message that no guard lets through. */
function endpointOf(postMessage: Endpoint["postMessage"]): Endpoint & { hear?(event: MessageEvent): void } {
  const endpoint: ReturnType<typeof endpointOf> = { postMessage, addEventListener: setHear, removeEventListener() {} };
  return endpoint;
}

function setHear(this: { hear?(event: MessageEvent): void }, _: string, listener: unknown): void {
  this.hear = listener as (event: MessageEvent) => void;
}
