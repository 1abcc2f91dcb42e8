// What a broker says by a reason code, and what that means for a message; MQTT 5.0, section 2.4.

import { QueueError } from "../../../core/spec/errors.js";
import type { Outcome } from "../target.js";
import type { Packet } from "./client.js";

/** Nobody has subscribed to the topic: confirmed, and gone. */
export const NO_SUBSCRIBER = 16;
/** From here on, a code says that something failed. */
const FAILURE = 128;

const WORDS: Readonly<Record<number, string>> = {
  128: "unspecified error",
  129: "malformed packet",
  130: "protocol error",
  131: "implementation specific error",
  132: "unsupported protocol version",
  133: "client identifier not valid",
  134: "bad user name or password",
  135: "not authorized",
  136: "server unavailable",
  137: "server busy",
  138: "banned",
  139: "server shutting down",
  140: "bad authentication method",
  141: "keep alive timeout",
  142: "session taken over",
  143: "topic filter invalid",
  144: "topic name invalid",
  145: "packet identifier in use",
  147: "receive maximum exceeded",
  149: "packet too large",
  150: "message rate too high",
  151: "quota exceeded",
  152: "administrative action",
  153: "payload format invalid",
  155: "QoS not supported",
  156: "use another server",
  157: "server moved",
  159: "connection rate exceeded",
  160: "maximum connect time",
};

/** Of one message: no attempt could end better. The rest, quota exceeded among them, may pass. */
const FINAL: ReadonlySet<number> = new Set([129, 135, 144, 149, 153]);
/** Of a connection: it is the same with every message, for this client. */
const DENIED: ReadonlySet<number> = new Set([4, 5, 133, 134, 135, 138, 140]);

const wordsOf = (code: number, reason: string | undefined): string =>
  `${reason || WORDS[code] || "refused"} (reason code ${code})`;

const PROTOCOL_ERROR = 130;
/** Whether a broker that ends the connection does so over a message that it was sent. */
export const isOverMessage = ({ reasonCode = 0 }: Packet): boolean =>
  FINAL.has(reasonCode) || reasonCode === PROTOCOL_ERROR;

/** In the broker's words, where it has any. */
export const reasonOf = ({ reasonCode = FAILURE, properties }: Packet): string =>
  wordsOf(reasonCode, properties?.reasonString);

/** Of a message that the broker has answered with a failure. */
export function refusalOf(packet: Packet): Outcome {
  const reason = `the broker refuses it: ${reasonOf(packet)}`;
  if (FINAL.has(packet.reasonCode ?? FAILURE)) return { type: "refused", reason };
  return {
    type: "unknown",
    error: new QueueError("host-lost", `the broker does not take it now: ${reasonOf(packet)}`),
  };
}

/** Of a connection that the broker has refused or ended, or that could not be made. */
export function connectionError(what: string, packet: Packet | undefined, cause?: unknown): QueueError {
  const code = packet?.reasonCode ?? codeOf(cause);
  if (code === undefined) {
    const words = cause instanceof Error && cause.message ? `: ${cause.message}` : "";
    return new QueueError("host-lost", `${what}${words}`, { cause });
  }
  const words = wordsOf(code, packet?.properties?.reasonString);
  return new QueueError(DENIED.has(code) ? "denied" : "host-lost", `${what}: ${words}`, {
    cause,
    detail: { reasonCode: code },
  });
}

/** mqtt.js puts the code of a CONNACK there; of errors of sockets it is a text. */
function codeOf(error: unknown): number | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === "number" ? code : undefined;
}
