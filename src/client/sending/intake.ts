// What a sender is given, on its way into the queue: checked at once, against the schema too, and its files read.

import { checkOptions } from "../../core/spec/check.js";
import { hasFile } from "./files.js";
import type { Item } from "./item.js";
import { type SendOptions, WAIT_SPEC } from "./options.js";
import { assertFits, type StandardSchema } from "./schema.js";
import { itemOf, itemsOf } from "./taken-in.js";

/** Items that may be sent, a promise of them while something has to be waited for. */
export type Taken = readonly Item[] | Promise<readonly Item[]>;

/** Throws, or rejects, with what is wrong, or the reason of a signal that has aborted. */
export interface Intake {
  one(body: unknown, options: (SendOptions & { readonly signal?: AbortSignal }) | undefined): Taken;
  batch(items: unknown, options: { readonly signal?: AbortSignal } | undefined): Taken;
}

/** Reads the files in these items. */
export type ReadFiles = (items: readonly Item[]) => Promise<readonly Item[]>;

export const createIntake = (readFiles: ReadFiles, schema?: StandardSchema): Intake => ({
  one(body, options) {
    const item = itemOf(body, options);
    options?.signal?.throwIfAborted();
    return read([item], readFiles, schema);
  },
  batch(given, options) {
    const items = itemsOf(given);
    checkOptions("sendBatch()", options, WAIT_SPEC);
    options?.signal?.throwIfAborted();
    return read(items, readFiles, schema);
  },
});

/** The items once they fit, their files read; at once, when nobody has to be waited for. */
export function read(items: readonly Item[], readFiles: ReadFiles, schema?: StandardSchema): Taken {
  const fitting = schema && assertFits(schema, items);
  const hasFiles = items.some(hasFile);
  if (!fitting && !hasFiles) return items;
  return (async () => {
    await fitting;
    return hasFiles ? readFiles(items) : items;
  })();
}
