// What became of a publish, by what JetStream answered, or nats.js instead of it. By names, not classes: an application's
// connection may be of another copy of nats.js.

import type { Outcome } from "../target.js";

/** Error codes of the server that say that no attempt could end better. */
const FINAL: ReadonlySet<number> = new Set([
  10_054, // the message is larger than the stream's max_msg_size
  10_060, // the subject belongs to another stream
]);
/** Refused by the client before anything was sent, or by the server for this subject. */
const FINAL_NAMES: ReadonlySet<string> = new Set([
  "InvalidArgumentError",
  "InvalidSubjectError",
  "PermissionViolationError",
]);

/** Of a publish that failed. A time-out says nothing: the message may be stored, or be stored later. */
export function outcomeOf(error: unknown): Outcome {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { readonly code?: unknown };
    const isFinal = FINAL_NAMES.has(cause.name) || (cause.name === "JetStreamApiError" && FINAL.has(code as number));
    if (isFinal) return { type: "refused", reason: cause.message };
  }
  return { type: "unknown", error };
}

/** The server lets this client not ask so. */
export function isForbidden(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === "PermissionViolationError") return true;
  }
  return false;
}

export const isTimeout = (error: unknown): boolean => error instanceof Error && error.name === "TimeoutError";

/** No stream, or no server with streams, has this subject. */
export const isUnheard = (error: unknown): boolean =>
  error instanceof Error && (error.name === "JetStreamNotEnabled" || error.name === "NoResponders");
