// What nobody has asked for and somebody has to know. Invariant: a failure that no call can reject with is on the console.

/** Of something that has ended by itself. */
export function complain(what: string, reason: unknown): void {
  // biome-ignore lint/suspicious/noConsole: there is no call that could reject, and silence looks as if all were well
  console.error(`originmq: ${what}:`, reason);
}
