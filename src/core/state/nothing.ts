// Collections that are empty and stay so: what a queue has as long as it has nothing of a kind. Most queues never have
// groups, schedules or deduplication ids, and an empty map of its own is 200 bytes.
// Invariant: who puts something in takes one of its own first; forgetting that throws.

import { assert } from "../spec/errors.js";

class EmptyMap<K, V> extends Map<K, V> {
  override set(): this {
    assert(false, "what is shared by all is not written to");
    return this;
  }
}

const EMPTY: ReadonlyMap<never, never> = new EmptyMap<never, never>();

export const emptyMap = <K, V>(): Map<K, V> => EMPTY as unknown as Map<K, V>;

/** The map itself, or a new one in place of the empty one. */
export const ownMap = <K, V>(map: Map<K, V>): Map<K, V> => (map === emptyMap<K, V>() ? new Map() : map);
