// Why the host did not take a request.

import { QueueError } from "../../core/spec/errors.js";

/** The host read nothing of the message: like a body that could not be cloned. */
export class UnreadableError extends Error {
  override readonly name = "DataCloneError";
}

export const isHostLost = (error: unknown): boolean => error instanceof QueueError && error.code === "host-lost";

/** Nothing of the request was done: it could not be written, carried or read, and one of its commands is to blame. */
export const isRefusedWhole = (error: unknown): boolean =>
  !(error instanceof QueueError) || error.code === "invalid-argument";
