// Batches as far as they can be read: one that cannot must not keep the others away.

import type { Seq } from "../../core/log/journal.js";
import { type BodyBatch, type LogStore, StoreError } from "../../store/log-store.js";

/** What can be read of these. */
export async function readable(store: LogStore, keys: readonly Seq[]): Promise<(BodyBatch | undefined)[]> {
  try {
    return (await store.readBatches(keys)).map((batch) => (batch && hasBodies(batch) ? batch : undefined));
  } catch (error) {
    const broken = error instanceof StoreError && error.reason === "unreadable" ? error.firstSeqs : undefined;
    if (broken === undefined || broken.length === 0) throw error;
    const rest = keys.filter((key) => !broken.includes(key));
    return rest.length === keys.length ? [] : readable(store, rest);
  }
}

/** What lies there may be something else. */
const hasBodies = ({ bodies }: BodyBatch): boolean => typeof bodies === "string" || Array.isArray(bodies);
