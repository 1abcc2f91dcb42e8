// How many bytes bodies have on their way, by estimate.

import { estimateBytes } from "../../core/log/size.js";
import { bodyOf, type Item } from "./item.js";

/** Estimated bytes of a body on its way. */
export function weigh(body: unknown): number {
  try {
    return estimateBytes(body);
  } catch {
    // A member that cannot be read: it will not be cloned either.
    return 0;
  }
}

/** Bytes as the host estimates them, which gets all as texts or none. */
export const bytesOf = (items: readonly Item[], isText: boolean): number =>
  items.reduce((sum, item) => sum + (isText || !item.text ? item.bytes : estimateBytes(bodyOf(item))), 0);
