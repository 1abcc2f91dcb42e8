// What a thread is given, and what it tells.

export interface Job {
  readonly target: string;
  readonly seed: number;
  /** Inputs that were of use before. */
  readonly corpus: readonly Uint8Array[];
  /** Words of the program. */
  readonly words: readonly string[];
  /** For so many milliseconds; 0 tries the corpus alone. */
  readonly ms: number;
  /** Whether the inputs that together reach all that was reached are told at the end. */
  readonly keeps: boolean;
  /** How many inputs were begun, the bytes of the one that is tried, whether to end before the time, and that input. */
  readonly shared: SharedArrayBuffer;
}

export const HEAD_BYTES = 12;
export const INPUT_BYTES_MAX = 128 * 1024;

export interface Progress {
  readonly messages: number;
  readonly inputs: number;
  /** Characters of the code that ran. */
  readonly reached: number;
  readonly pool: number;
}

export type Report =
  | ({ readonly type: "progress" } & Progress)
  | { readonly type: "fault"; readonly text: string; readonly input: Uint8Array }
  | ({ readonly type: "done"; readonly kept: readonly Uint8Array[] } & Progress);
