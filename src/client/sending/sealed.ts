// The encrypted queues that were opened over a client, by name: what a transaction sends to them is sealed first.

import type { Item } from "./item.js";
import type { Pipeline } from "./pipeline.js";

/** Rejects with `not-cloneable` what has no form in bytes, and with `invalid-argument` what is too long once hidden. */
export type Seal = (items: readonly Item[]) => Promise<readonly Item[]>;

const seals = new WeakMap<Pipeline, Map<string, Seal>>();

export function noteSeal(pipeline: Pipeline, queue: string, seal: Seal): void {
  const known = seals.get(pipeline) ?? new Map<string, Seal>();
  seals.set(pipeline, known.set(queue, seal));
}

export const sealOf = (pipeline: Pipeline, queue: string): Seal | undefined => seals.get(pipeline)?.get(queue);
