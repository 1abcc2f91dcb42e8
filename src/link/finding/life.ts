// Proof of life by Web Locks, the only prompt sign of a death: who lives holds a lock that nobody else asks for but
// those who wait for its end.

export interface Life {
  /** Name of the lock that is held for as long as its holder lives. */
  readonly lock: string;
  end(): void;
}

/** Takes a lock of its own, which must be new. */
export function holdLife(locks: LockManager, name: string): Promise<Life> {
  return new Promise((resolve, reject) => {
    locks.request(name, () => new Promise<void>((end) => resolve({ lock: name, end }))).catch(reject);
  });
}
