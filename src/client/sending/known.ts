// The queues that were opened here, by what stands for them: what a transaction has to know of one that it is given.

import type { Item } from "./item.js";
import type { Pipeline } from "./pipeline.js";
import { assertFits, type StandardSchema } from "./schema.js";

/** A queue by its name, or any queue of the same database. */
export type QueueRef = string | { readonly name: string };

export interface KnownQueue {
  readonly database: string;
  /** Throws, or rejects, where the queue's schema refuses the message. */
  assertFits(item: Item): Promise<void> | undefined;
}

const known = new WeakMap<object, KnownQueue>();
export const noteQueue = (queue: object, what: KnownQueue) => known.set(queue, what);
export const queueKnownAs = (queue: object): KnownQueue | undefined => known.get(queue);

export const knownAs = ({ database }: Pick<Pipeline, "database">, schema: StandardSchema | undefined): KnownQueue => ({
  database,
  assertFits: (item) => schema && assertFits(schema, [item]),
});
