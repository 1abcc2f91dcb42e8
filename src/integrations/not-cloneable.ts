// What is told of a value that can be neither cloned nor stored, by the same words as of the body of a message.

import { findUncloneable } from "../core/log/uncloneable.js";
import { QueueError } from "../core/spec/errors.js";

/** `not-cloneable`, with the path of what is to blame in `detail`, where that can be found. `name`: what the value is called. */
export function notCloneable(value: unknown, name: string, cause: unknown): QueueError {
  const found = findUncloneable(value, name, structuredClone);
  if (found === undefined)
    return new QueueError("not-cloneable", `${name} cannot be cloned: ${String(cause)}`, { cause });
  const { path, what } = found;
  return new QueueError("not-cloneable", `${path} is ${what}, which cannot be stored`, { cause, detail: { path } });
}
