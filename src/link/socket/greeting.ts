// The first words on a line, before there is a link: who asks, and whether it may. The token is said here and nowhere else:
// addresses are logged and remembered.
// Invariant: the server's side listens before the answer leaves, so that nothing is lost between.

import { check, invalid, shape, string } from "../../core/spec/check.js";
import { QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import { TOKEN_MAX } from "../../core/spec/limits.js";
import { errorOf } from "../rpc/error-of.js";
import { failed } from "../rpc/failed.js";
import { CLOSED } from "../rpc/frames.js";
import type { Port } from "../rpc/guard.js";

/** What both sides of a socket speak, as WebSockets negotiate it. */
export const SUBPROTOCOL = "originmq.1";

const GREET = "originmq:greet";
const GREETED = "originmq:greeted";
const greeting = shape(
  { type: (value) => value === GREET || invalid("type", value, GREET), token: string(0, TOKEN_MAX) },
  "token",
);

/** What a server says of itself when it lets a client in. */
export interface Terms {
  /** Bytes of the largest message that it takes. */
  readonly messageBytesMax: number;
  /** It may fall silent, and is asked with a text then whether it is there. */
  readonly sleeps?: boolean | undefined;
}

/**
 * Resolves once the host serves this port, with the server's terms. Rejects with its refusal, and with `host-lost` when the
 * line ends before.
 */
export function greet(port: Port, token: string | undefined): Promise<Terms> {
  return new Promise((resolve, reject) => {
    const onMessage = ({ data }: MessageEvent) => {
      const { type, ok, messageBytesMax, sleeps } = (data ?? {}) as Readonly<Record<string, unknown>>;
      if (type !== GREETED && type !== CLOSED) return;
      port.removeEventListener("message", onMessage);
      if (type === CLOSED) reject(new QueueError("host-lost", "the server has ended the connection"));
      else if (ok === true) resolve({ messageBytesMax: Number(messageBytesMax), sleeps: sleeps === true });
      else reject(errorOf(data as { ok: false; code: QueueErrorCode; message: string; detail?: unknown }));
    };
    port.addEventListener("message", onMessage);
    port.postMessage({ type: GREET, ...(token !== undefined && { token }) });
  });
}

/** Answers the first message with the terms: `admit` attaches the host, or throws why not, and then the line is over. */
export function answerGreeting(port: Port, terms: Terms, admit: (token: string | undefined) => Promise<void>): void {
  const onMessage = async ({ data }: MessageEvent) => {
    port.removeEventListener("message", onMessage);
    try {
      check(greeting, data, "greeting");
      await admit((data as { readonly token?: string }).token);
      port.postMessage({ type: GREETED, ok: true, ...terms });
    } catch (error) {
      port.postMessage({ type: GREETED, ...failed(error) });
      port.close?.();
    }
  };
  port.addEventListener("message", onMessage);
}
