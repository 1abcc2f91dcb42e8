// Notices at once when a client is gone. Of one origin, each client holds a Web Lock as long as it lives, and the host asks
// for the same lock. Over a network the link is all there is, and whoever lost it has a while to come back.
// Invariant: this only makes recovery fast; what makes it safe is the lease.

import type { Platform } from "../engine/platform.js";

export interface Presence {
  /** Calls `onGone` once the client is gone. Watching a client twice watches it once. `isHere`: it has a link now. */
  watch(client: string, isHere: boolean): void;
  /** Its link has ended, by whichever side; `isLeaving`: because its page goes, which may still change its mind. */
  left(client: string, isLeaving: boolean): void;
  unwatch(client: string): void;
  /** It has no link, and is still waited for: what it holds is its own until it is gone. */
  isAwaited(client: string): boolean;
  /** Somebody is. */
  readonly awaits: boolean;
  close(): void;
}

/** Makes the presence of a host: `onGone` is called with each client that is watched and gone. */
export type CreatePresence = (onGone: (client: string) => void) => Presence;

/** By locks, of which there may be none: then nobody is missed before its leases end. */
export function createLockPresence(
  locks: LockManager | undefined,
  lockName: (client: string) => string,
  onGone: (client: string) => void,
): Presence {
  const watches = new Map<string, AbortController>();
  const watchLock = async (manager: LockManager, client: string, signal: AbortSignal) => {
    try {
      await manager.request(lockName(client), { signal }, () => {
        watches.delete(client);
        onGone(client);
      });
    } catch (error) {
      // Aborted: nobody watches any more.
      if (!signal.aborted) throw error;
    }
  };
  return {
    watch(client) {
      if (locks === undefined || watches.has(client)) return;
      const watch = new AbortController();
      watches.set(client, watch);
      void watchLock(locks, client, watch.signal);
    },
    left() {},
    unwatch(client) {
      watches.get(client)?.abort();
      watches.delete(client);
    },
    isAwaited: () => false,
    awaits: false,
    close() {
      for (const watch of watches.values()) watch.abort();
      watches.clear();
    },
  };
}

/** A navigation may turn out to be a download: the page stays, and comes back at once. */
const LEAVING_MS = 1_000;

/** By links: a client that has none for `graceMs` is gone; sooner where its page went. */
export function createLinkPresence(
  setTimer: Platform["setTimer"],
  graceMs: number,
  onGone: (client: string) => void,
): Presence {
  /** What ends the waiting for those that are away; those that are here have none. */
  const watched = new Map<string, (() => void) | undefined>();
  const awaitReturn = (client: string, ms = graceMs) => {
    watched.get(client)?.();
    const gone = () => {
      watched.delete(client);
      onGone(client);
    };
    watched.set(client, setTimer(gone, ms));
  };
  return {
    watch(client, isHere) {
      if (!isHere) return awaitReturn(client);
      watched.get(client)?.();
      watched.set(client, undefined);
    },
    left(client, isLeaving) {
      if (watched.has(client)) awaitReturn(client, isLeaving ? Math.min(graceMs, LEAVING_MS) : graceMs);
    },
    unwatch(client) {
      watched.get(client)?.();
      watched.delete(client);
    },
    isAwaited: (client) => watched.get(client) !== undefined,
    get awaits() {
      return [...watched.values()].some((cancel) => cancel !== undefined);
    },
    close() {
      for (const cancel of watched.values()) cancel?.();
      watched.clear();
    },
  };
}
