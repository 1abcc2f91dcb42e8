// What a failure of the store means to those who use the queue.

import { PASSING, QueueError, type QueueErrorCode } from "../../core/spec/errors.js";
import { StoreError, type StoreFailure } from "../../store/log-store.js";

const CODES: Readonly<Record<StoreFailure, QueueErrorCode>> = {
  deposed: "host-lost",
  quota: "quota-exceeded",
  "not-cloneable": "not-cloneable",
  "format-too-new": "format-too-new",
  unreadable: "storage-failed",
  unavailable: "storage-failed",
  lost: "storage-failed",
  refused: "unsupported",
  failed: "storage-failed",
};

/** The same failure as a `QueueError`; anything that is no `StoreError` is returned as it is. */
export function queueErrorOf(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const detail = error.reason === "unavailable" ? { detail: PASSING } : undefined;
  return new QueueError(CODES[error.reason], error.message, { cause: error, ...detail });
}
