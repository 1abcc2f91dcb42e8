// Notices at once when a client is gone: each client holds a Web Lock as long as it lives, and the host asks for the
// same lock. Invariant: this only makes recovery fast; what makes it safe is the lease.

export interface Presence {
  /** Calls `onGone` once the client's lock is free. Watching a client twice watches it once. */
  watch(client: string): void;
  unwatch(client: string): void;
  close(): void;
}

export function createPresence(
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
    unwatch(client) {
      watches.get(client)?.abort();
      watches.delete(client);
    },
    close() {
      for (const watch of watches.values()) watch.abort();
      watches.clear();
    },
  };
}
