// A store that components read: a snapshot, and word of the next one.
// Invariants: a snapshot changes at frames only, and is never changed in place; before the first subscriber, after the
// last, and on a server it is the empty one.

import { onFrame } from "./frames.js";
import { shareAmongHolders } from "./shared.js";

/**
 * What any framework can show: told of changes by `subscribe`, and asked by `getSnapshot`, which gives the same object
 * until something has changed.
 */
export interface Store<Snapshot> {
  /** Calls once there is another snapshot, at most once a frame. The first subscriber begins the work, and after the last it ends. */
  subscribe(this: void, listener: () => void): () => void;
  /** What is known now: the same object until there is another. */
  getSnapshot(this: void): Snapshot;
  /** The empty snapshot: what a server renders, and what a page shows first that takes up what a server has rendered. */
  getServerSnapshot(this: void): Snapshot;
}

/** Of what is opened or read, in every snapshot. */
export interface Progress {
  /** `opening` until something is known, and on a server; `failed`: see `error`. */
  readonly status: "opening" | "open" | "failed";
  /** Why it failed: mostly a `QueueError`, whose `code` says what to do. */
  readonly error: Error | undefined;
}

export const OPENING: Progress = { status: "opening", error: undefined };
export const OPEN: Progress = { status: "open", error: undefined };
export const failed = (reason: unknown): Progress => ({
  status: "failed",
  error: reason instanceof Error ? reason : new Error(String(reason)),
});

/** Changes what the next snapshot says. What comes after the end is left. */
export type Change<Snapshot> = (changed: Partial<Snapshot>) => void;

/** `begin` is called for the first subscriber and returns what ends it, `keepAliveMs` after the last one has left. */
export function createSource<Snapshot extends object>(
  empty: Snapshot,
  begin: (change: Change<Snapshot>) => () => void,
  keepAliveMs: number,
): Store<Snapshot> {
  let current = empty;
  let next = empty;
  const listeners = new Set<() => void>();
  const publish = () => {
    if (current === next) return;
    current = next;
    for (const listener of [...listeners]) listener();
  };
  const hold = shareAmongHolders(() => {
    let isOver = false;
    const end = begin((changed) => {
      if (isOver) return;
      next = { ...next, ...changed };
      onFrame(publish);
    });
    return () => {
      isOver = true;
      current = next = empty;
      end();
    };
  }, keepAliveMs);
  return {
    subscribe(listener) {
      // Its own function: who subscribes one twice ends one of the two.
      const tell = () => listener();
      listeners.add(tell);
      const release = hold();
      return () => {
        listeners.delete(tell);
        release();
      };
    },
    getSnapshot: () => current,
    getServerSnapshot: () => empty,
  };
}
