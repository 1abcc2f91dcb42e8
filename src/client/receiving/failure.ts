// What a handler threw, as data. Invariant: whatever it is, a failure comes of it that can be stored.

import type { Failure } from "../../core/log/journal.js";
import { FAILURE_NAME_MAX, REASON_MAX } from "../../core/spec/limits.js";

const UNREADABLE = "what was thrown cannot be read";

/** An error's name and message, else what was thrown as text. */
export function failureOf(thrown: unknown): Failure {
  return attempt(() => ofError(thrown)) ?? { name: "NonError", message: textOf(thrown).slice(0, REASON_MAX) };
}

function ofError(thrown: unknown): Failure | undefined {
  if (typeof thrown !== "object" || thrown === null || !("message" in thrown)) return undefined;
  const { name = "Error", message } = thrown as { readonly name?: unknown; readonly message: unknown };
  return { name: textOf(name).slice(0, FAILURE_NAME_MAX), message: textOf(message).slice(0, REASON_MAX) };
}

const textOf = (value: unknown): string =>
  typeof value === "string"
    ? value
    : (attempt(() => JSON.stringify(value) ?? String(value)) ??
      attempt(() => Object.prototype.toString.call(value)) ??
      UNREADABLE);

/** `undefined` where it throws: getters, `toString` and the traps of a proxy are the application's code. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
