// What is fuzzed: something that takes bytes of a stranger. Invariant: whatever they are, it returns, or throws what it says
// that it throws; anything else is a fault.

/** How its inputs are changed: as what the codec writes, as text, or as the value that the codec reads. */
export type Form = "encoding" | "text" | "value";

export interface Target {
  readonly name: string;
  readonly form: Form;
  /** Inputs as they should be. */
  seeds(): Promise<readonly Uint8Array[]> | readonly Uint8Array[];
  /**
   * Takes one input; returns how many messages that was. What it throws, or rejects with, is a fault. It keeps nothing of one
   * input for the next that could grow.
   */
  open(): Promise<(input: Uint8Array) => number | Promise<number>>;
}

/** Throws what is no instance of one of these. */
export function rethrowUnless(error: unknown, ...expected: readonly (new (...args: never[]) => Error)[]): void {
  if (!expected.some((Class) => error instanceof Class)) throw error;
}
