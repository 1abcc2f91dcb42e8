// What nobody has asked for and somebody has to know. Invariant: a failure that no call can reject with is on the console.

const told = new WeakSet<object>();

/** Somebody knows of it already. */
export const noteTold = (reason: unknown): unknown => told.add(Object(reason));

/** Of something that has failed by itself. */
export function complain(what: string, reason: unknown): void {
  // biome-ignore lint/suspicious/noConsole: there is no call that could reject, and silence looks as if all were well
  console.error(`originmq: ${what}:`, reason);
}

/** Of what has ended: with others, for the same reason, perhaps, of which one says so. */
export function complainOnce(what: string, reason: unknown): void {
  if (told.has(Object(reason))) return;
  noteTold(reason);
  complain(what, reason);
}

/** Calls back. What it throws is the application's own failure: seen where uncaught errors are, and felt by nobody else. */
export function callListener(call: () => void): void {
  try {
    call();
  } catch (error) {
    void Promise.reject(error);
  }
}
