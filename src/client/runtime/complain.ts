// What nobody has asked for and somebody has to know. Invariant: a failure that no call can reject with is on the console.

/** Of something that has ended by itself. */
export function complain(what: string, reason: unknown): void {
  // biome-ignore lint/suspicious/noConsole: there is no call that could reject, and silence looks as if all were well
  console.error(`originmq: ${what}:`, reason);
}

/** Calls back. What it throws is the application's own failure: seen where uncaught errors are, and felt by nobody else. */
export function callListener(call: () => void): void {
  try {
    call();
  } catch (error) {
    void Promise.reject(error);
  }
}
