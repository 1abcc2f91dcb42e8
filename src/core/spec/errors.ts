// The one error class of the public API, and the assert for what can only be a bug.

/**
 * - `encrypted`: the queue is encrypted and was used without its key, or is not and was used with one.
 * - `shredded`: the key that this was opened with was destroyed, with all that it has encrypted.
 * - `wrong-key`: the key or password is not the one that the database is encrypted with.
 * - `tampered`: something stored is not what was sealed, or not where it was put.
 * - `full`: the queue holds `maxMessages`. - `quota-exceeded`: the browser gives the origin no more room.
 * - `not-cloneable`: a body cannot be cloned or stored. - `invalid-argument`: an option or argument is unknown,
 *   ill-typed or out of range. - `lease-lost`: the delivery is no longer this consumer's.
 * - `host-lost`: the host went away and the outcome could not be learned. - `closed`: the queue, connection or
 *   consumer was closed. - `timeout`: a time limit given by the caller passed. - `protocol-mismatch`: the host
 *   speaks another wire version. - `format-too-new`: the database was written by a newer major version.
 * - `storage-failed`: IndexedDB refused, and trying again did not help, or not for as long as the call waits. - `storage-lost`: stored data is gone.
 * - `unsupported`: the platform lacks something that is needed. - `schema-mismatch`: a body does not fit the schema.
 * - `denied`: the server does not let this client do so; `detail` names verb and queue.
 * - `dead`: the message of a request was given up, or is gone without an answer. - `internal`: a bug in OriginMQ.
 */
export type QueueErrorCode =
  | "full"
  | "quota-exceeded"
  | "not-cloneable"
  | "invalid-argument"
  | "lease-lost"
  | "host-lost"
  | "closed"
  | "timeout"
  | "protocol-mismatch"
  | "format-too-new"
  | "storage-failed"
  | "storage-lost"
  | "unsupported"
  | "schema-mismatch"
  | "denied"
  | "dead"
  | "encrypted"
  | "wrong-key"
  | "shredded"
  | "tampered"
  | "internal";

/** Data by name, as the code has it: `error.detail?.max`. What is not plain data is narrowed by who reads it. */
export type ErrorDetail = Readonly<Record<string, unknown>>;

/** Every operational failure of OriginMQ. Decide on `code`; `message` is for people and names what was wrong. */
export class QueueError extends Error {
  /** What happened, to decide on; docs/troubleshooting.md has causes and cures of each. */
  readonly code: QueueErrorCode;
  /** What the code is about, as data: the option and its range, the path in a body, the index in a batch. */
  readonly detail?: ErrorDetail;

  constructor(code: QueueErrorCode, message: string, options?: ErrorOptions & { detail?: ErrorDetail }) {
    super(message, options);
    this.name = "QueueError";
    this.code = code;
    if (options?.detail !== undefined) this.detail = options.detail;
  }
}

/** Of a `storage-failed` that may pass: the database cannot be opened for now. */
export const PASSING: ErrorDetail = { isPassing: true };
export const isPassing = ({ code, detail }: QueueError): boolean =>
  code === "storage-failed" && detail?.isPassing === true;

/** Stays on in production: a broken invariant must not be written to disk. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new QueueError("internal", `broken invariant: ${message}`);
}
