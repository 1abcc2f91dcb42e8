// One mebibyte held back, so that a queue filled to the last byte can be drained: at the limit the browser
// refuses even a transaction that frees more than it adds, but never a delete alone.

import { StoreError } from "../log-store.js";
import { incompressibleBytes } from "../reserved.js";
import type { Access } from "./access.js";

/**
 * How long the room stays with settlements before it is asked for again: it would be given up and taken in turns, and
 * each attempt writes a mebibyte.
 */
const HOLD_OFF_MS = 1_000;
/** The browser frees what was deleted a little later: a write that needs the room is tried again after these pauses. */
const FREEING_MS = [10, 20, 50, 100, 200, 200, 200, 200, 200, 200, 200];

export interface Reserve {
  /** Runs a write that the quota has refused again, in the room of the reserve. Rejects with `quota` when that is used up. */
  lend(write: () => Promise<void>): Promise<void>;
  /** Takes the room again if it is missing. No room for it is not a failure. */
  restore(): Promise<void>;
  /** Resolves once the room is held; rejects with `quota` when there is none for it. `undefined` when it is known to be held. */
  secure(): Promise<void> | undefined;
  /** Looks anew before the next use: somebody else may have given it up. */
  forget(): void;
}

export function createReserve(access: Access): Reserve {
  let held: boolean | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;

  async function isHeld(): Promise<boolean> {
    held ??= (await access.read(["meta"], (tx) => tx.objectStore("meta").getKey("reserve"))) !== undefined;
    return held;
  }

  async function take(): Promise<void> {
    if (await isHeld()) return;
    if (performance.now() - triedAt < HOLD_OFF_MS) throw new StoreError("quota", "settlements have the last room");
    triedAt = performance.now();
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
  }

  return {
    async lend(write) {
      if (!(await isHeld())) return write();
      await access.write({
        name: "reserve-release",
        stores: [],
        durability: "relaxed",
        issue: function* (tx) {
          yield tx.objectStore("meta").delete("reserve");
        },
      });
      held = false;
      triedAt = performance.now();
      await onceFreed(write);
    },
    forget() {
      held = undefined;
    },
    async restore() {
      try {
        await take();
      } catch (cause) {
        // The work that came before it is done; the next restore, or the next write, meets the same trouble.
        if (!(cause instanceof StoreError)) throw cause;
      }
    },
    secure: () => (held ? undefined : take()),
  };
}

/** Tries a write again that is short of room which was deleted just now. */
export async function onceFreed<T>(write: () => Promise<T>): Promise<T> {
  for (const ms of FREEING_MS) {
    try {
      return await write();
    } catch (cause) {
      if (!isQuota(cause)) throw cause;
    }
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
  return write();
}

export function isQuota(cause: unknown): boolean {
  return cause instanceof StoreError && cause.reason === "quota";
}
