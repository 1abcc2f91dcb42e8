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

/** With so much left, by the browser's estimate, the first bodies of a new database leave room for the reserve. */
const PLENTY_BYTES = 64 * 1024 * 1024;

export interface Reserve {
  /** Runs a write that the quota has refused again, in the room of the reserve. Rejects with `quota` when that is used up. */
  lend(write: () => Promise<void>): Promise<void>;
  /** Takes the room again if it is missing. No room for it is not a failure. */
  restore(): Promise<void>;
  /**
   * Takes the room with the first bodies, behind them if there is `plenty`: before there are any there is nothing to be
   * drained, and writing a mebibyte takes as long as all else that a new database needs.
   */
  postpone(plenty: Promise<boolean>): void;
  /**
   * Before bodies are written: resolves once the room is held, or taken behind them; rejects with `quota` when there is none
   * for it. `undefined` when it is known to be held.
   */
  secure(): Promise<void> | undefined;
  /** Bodies were written. */
  stored(): void;
  /** The take-over has seen whether it is there: whoever wrote before may have given it up. */
  found(isThere: boolean): void;
}

export function createReserve(access: Access): Reserve {
  let held: boolean | undefined;
  /** Whether it may come behind the first bodies, until these are stored. */
  let postponed: Promise<boolean> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let taking: Promise<void> | undefined;

  async function isHeld(): Promise<boolean> {
    held ??= (await access.read(["meta"], (tx) => tx.objectStore("meta").getKey("reserve"))) !== undefined;
    return held;
  }

  function take(): Promise<void> {
    taking ??= takeNow().finally(() => {
      taking = undefined;
    });
    return taking;
  }

  async function takeNow(): Promise<void> {
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

  async function takeUnless(isPlenty: Promise<boolean>): Promise<void> {
    if (!(await isPlenty)) await take();
  }

  async function restore(): Promise<void> {
    try {
      await take();
    } catch (cause) {
      // The work that came before it is done; the next restore, or the next write, meets the same trouble.
      if (!(cause instanceof StoreError)) throw cause;
    }
  }

  return {
    async lend(write) {
      if (taking) await restore();
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
    found(isThere) {
      held = isThere;
    },
    restore,
    postpone(plenty) {
      postponed = plenty;
    },
    secure: () => (held ? undefined : postponed ? takeUnless(postponed) : take()),
    stored() {
      if (postponed === undefined) return;
      postponed = undefined;
      // In a task of its own, behind the answer: a mebibyte takes milliseconds to make. Whoever needs it before, or after,
      // meets what becomes of it.
      setTimeout(() => restore().catch(() => {}));
    },
  };
}

/** Whether there is so much room that nothing of it is contended. */
export async function hasPlenty(): Promise<boolean> {
  try {
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    return quota - usage >= PLENTY_BYTES;
  } catch {
    return false;
  }
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
