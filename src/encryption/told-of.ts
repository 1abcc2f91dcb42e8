// An error that concerns one of several says which.

import { QueueError } from "../core/spec/errors.js";

/** Throws the error again; one of this library's with `which` before its message, and `detail` beside its own. */
export const toldOf =
  (which: string, detail: object) =>
  (error: unknown): never => {
    if (!(error instanceof QueueError)) throw error;
    throw new QueueError(error.code, `${which}: ${error.message}`, {
      cause: error,
      detail: { ...error.detail, ...detail },
    });
  };
