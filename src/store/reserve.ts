// One mebibyte held back, so that a queue filled to the last byte can be drained: at the limit the browser
// refuses even a transaction that frees more than it adds, but never a delete alone.

import type { Access } from "./access.js";
import { StoreError } from "./log-store.js";

const RESERVE_BYTES = 1024 * 1024;
/** `getRandomValues` fills no more at once. */
const RANDOM_BYTES_MAX = 65_536;

export interface Reserve {
  /** Gives the room up. Resolves to false when there was none. */
  release(): Promise<boolean>;
  /** Takes the room again if it is missing. No room for it is not a failure. */
  restore(): Promise<void>;
  /** Looks anew before the next use: somebody else may have given it up. */
  forget(): void;
}

export function createReserve(access: Access): Reserve {
  let held: boolean | undefined;

  async function isHeld(): Promise<boolean> {
    held ??= (await access.read(["meta"], (tx) => tx.objectStore("meta").getKey("reserve"))) !== undefined;
    return held;
  }

  return {
    async release() {
      if (!(await isHeld())) return false;
      await access.write({
        name: "reserve-release",
        stores: [],
        durability: "relaxed",
        issue: function* (tx) {
          yield tx.objectStore("meta").delete("reserve");
        },
      });
      held = false;
      return true;
    },
    forget() {
      held = undefined;
    },
    async restore() {
      try {
        if (await isHeld()) return;
        const bytes = incompressibleBytes();
        await access.write({
          name: "reserve-restore",
          stores: [],
          durability: "relaxed",
          issue: function* (tx) {
            yield tx.objectStore("meta").put(bytes, "reserve");
          },
        });
        held = true;
      } catch (cause) {
        // The work that came before it is done; the next restore, or the next write, meets the same trouble.
        if (!(cause instanceof StoreError)) throw cause;
      }
    },
  };
}

/** Random, because a database that compresses would keep no room for zeros. */
function incompressibleBytes(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RESERVE_BYTES);
  for (let at = 0; at < bytes.length; at += RANDOM_BYTES_MAX) {
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES_MAX));
  }
  return bytes;
}
