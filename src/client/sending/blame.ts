// What is told to whom a refusal concerns. Loaded later: it is seldom told, and waited for then.

import type { Outcome } from "../../core/log/journal.js";
import { findUncloneable } from "../../core/log/uncloneable.js";
import { QueueError } from "../../core/spec/errors.js";
import { bodiesOf } from "./carried.js";
import type { Draft } from "./drafts.js";

export interface Blame {
  readonly refusalOf: typeof refusalOf;
  readonly named: typeof named;
}

const isCloneError = (error: unknown): boolean =>
  typeof error === "object" && error !== null && Reflect.get(error, "name") === "DataCloneError";

/** What is told to whose command alone was refused so. */
export function refusalOf(draft: Draft, error: unknown): QueueError {
  if (error instanceof QueueError) return error;
  // A getter that throws ends the clone with an error of its own.
  const told = notCloneable(draft, error);
  if (isCloneError(error) || told.detail !== undefined) return told;
  return new QueueError("invalid-argument", `this cannot be sent: ${String(error)}`, { cause: error });
}

function notCloneable(draft: Draft, cause: unknown): QueueError {
  const bodies = bodiesOf(draft);
  for (const [index, body] of bodies.entries()) {
    const found = findUncloneable(body, "body", structuredClone);
    if (found === undefined) continue;
    const where = bodies.length > 1 ? `message ${index}: ` : "";
    const message = `${where}${found.path} is ${found.what}, which cannot be sent and stored`;
    return new QueueError("not-cloneable", message, { cause, detail: { index, path: found.path } });
  }
  return new QueueError("not-cloneable", "the body cannot be cloned", { cause });
}

/** The host knows which body was refused; where in it, only its sender can say. */
export function named(draft: Draft, outcome: Outcome): Outcome {
  if (outcome.ok || outcome.code !== "not-cloneable") return outcome;
  const { message, detail } = notCloneable(draft, undefined);
  if (detail === undefined) return outcome;
  const index: unknown =
    typeof outcome.detail === "object" && outcome.detail ? Reflect.get(outcome.detail, "index") : undefined;
  return { ...outcome, message, detail: { ...(detail as object), ...(index !== undefined && { index }) } };
}
