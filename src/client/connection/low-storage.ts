// Tells early that the room that the browser gives this origin comes to an end. Invariant: a hint, by the browser's own account,
// which may not be what it enforces: nothing is refused for it.

import { SOON_MS } from "../runtime/later.js";
import type { Runtime } from "../runtime/runtime.js";

/** What the browser says of the origin's storage, in bytes. */
export interface StorageAccount {
  /** What all of the origin may store. */
  readonly quota: number;
  /** What it stores. */
  readonly usage: number;
}

interface WatchParts {
  readonly runtime: Pick<Runtime, "now" | "setTimer">;
  /** Tells when less than this part of the quota is left. */
  readonly part: number;
  onLow(account: StorageAccount): void;
}

/** Asking costs the browser a few milliseconds, and what is stored in between is little beside a quota. */
const LOOK_MS = 5_000;

export interface StorageWatch {
  /** Something was stored, or deleted: looks at it before long. */
  note(): void;
  end(): void;
}

/** Tells now if it is so, then each time that it has become so. */
export function watchStorage({ runtime, part, onLow }: WatchParts): StorageWatch {
  let wasLow = false;
  let isOver = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;

  const look = async () => {
    lookedAt = runtime.now();
    cancelTimer = undefined;
    const { quota = 0, usage = 0 } = (await globalThis.navigator?.storage?.estimate?.().catch(() => undefined)) ?? {};
    // Where there is no account, nothing is known to be low.
    const isLow = quota > 0 && quota - usage < part * quota;
    if (isLow && !wasLow && !isOver) onLow({ quota, usage });
    wasLow = isLow;
  };

  const note = () => {
    if (!isOver) cancelTimer ??= runtime.setTimer(look, Math.max(SOON_MS, lookedAt + LOOK_MS - runtime.now()));
  };
  void look();
  return {
    note,
    end() {
      isOver = true;
      cancelTimer?.();
    },
  };
}
