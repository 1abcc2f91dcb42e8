// Leadership is a scope, not a flag: whoever holds the lock hosts, for exactly as long as the callback runs.

/** Waits for the lock, then leads until `lead` settles or the context dies. */
export const leadWhileLocked = (
  locks: LockManager,
  name: string,
  signal: AbortSignal,
  lead: () => Promise<void>,
): Promise<void> => locks.request(name, { mode: "exclusive", signal }, lead);
