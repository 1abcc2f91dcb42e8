// The end of who lives by a lock: see life.ts.

/** Calls back when the holder of the lock is gone, unless the signal ends the waiting first. */
export function onGone(locks: LockManager, lock: string, signal: AbortSignal, callback: () => void): void {
  locks.request(lock, { mode: "shared", signal }, callback).catch(() => {});
}
