// Room held back, so that a queue that filled the disk can be drained: the record of a settlement needs some, although it
// frees more. Invariant: only what has no bodies is written in it.

import { StoreError } from "../log-store.js";
import type { DriverReserve } from "./driver.js";
import { storeError } from "./failures.js";

/** How long the room stays with settlements before it is asked for again: it would be given up and taken in turns. */
const HOLD_OFF_MS = 1_000;

export interface Reserve {
  /** Runs a write, and again in the room of the reserve where there is no other. */
  lend<T>(write: () => T): T;
  lendTo<T>(write: () => Promise<T>): Promise<T>;
  /** Throws `quota` where so many bytes of bodies have no room beside what settlements need. */
  secure(bytes: number): void;
  /** Takes the room again if it is missing. No room for it is not a failure. */
  restore(): void;
}

/** SQLite says it, or the file system. */
function isFull(cause: unknown): boolean {
  const named = storeError(cause, "reserve");
  return named instanceof StoreError ? named.reason === "quota" : FULL.test(String(Reflect.get(Object(cause), "code")));
}
const FULL = /^(ENOSPC|EDQUOT|EFBIG)$/;

export function createReserve(room: DriverReserve | undefined): Reserve {
  let isHeld = false;
  let lentAt = Number.NEGATIVE_INFINITY;

  function take(): void {
    if (isHeld || room === undefined) return;
    if (performance.now() - lentAt < HOLD_OFF_MS) throw new StoreError("quota", "settlements have the last room");
    try {
      room.take();
      isHeld = true;
    } catch (cause) {
      lentAt = performance.now();
      if (isFull(cause)) throw new StoreError("quota", "there is no room beside what settlements need", { cause });
      throw new StoreError("failed", `the reserve cannot be written: ${cause}`, { cause });
    }
  }

  /** Whether the write is worth another try. */
  function gives(cause: unknown): boolean {
    if (!(cause instanceof StoreError && cause.reason === "quota") || !room?.release()) return false;
    isHeld = false;
    lentAt = performance.now();
    return true;
  }

  return {
    lend(write) {
      try {
        return write();
      } catch (cause) {
        if (!gives(cause)) throw cause;
        return write();
      }
    },
    async lendTo(write) {
      try {
        return await write();
      } catch (cause) {
        if (!gives(cause)) throw cause;
        return write();
      }
    },
    secure(bytes) {
      if (room?.hasRoomFor?.(bytes) === false)
        throw new StoreError("quota", "the disk is full but for what settlements need");
      take();
    },
    restore() {
      try {
        take();
      } catch (cause) {
        // The work that came before it is done; the next restore, or the next write, meets the same trouble.
        if (!(cause instanceof StoreError)) throw cause;
      }
    },
  };
}
