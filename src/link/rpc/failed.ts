// Errors as they cross a link.

import type { OutcomeFailed } from "../../core/log/journal.js";
import { QueueError } from "../../core/spec/errors.js";

/** An error as data. A foreign error is a bug behind the link: its message crosses, its class does not. */
export function failed(error: unknown): OutcomeFailed {
  if (error instanceof QueueError) {
    const { code, message, detail } = error;
    return { ok: false, code, message, ...(detail !== undefined && { detail }) };
  }
  return {
    ok: false,
    code: "internal",
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  };
}
