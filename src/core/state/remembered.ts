// What a queue keeps to recognise what it was sent before. See deduplication.ts for what is done with it.

import type { Seq } from "../log/journal.js";

/** The message that was accepted under an id. */
export interface Remembered {
  readonly seq: Seq;
  /** Epoch milliseconds of acceptance. */
  at: number;
  /** It waits, so that its body can be replaced; kept for messages that are in `owners`. */
  waits: boolean;
}

export interface Deduplication {
  readonly byId: Map<string, Remembered>;
  /** By number, those accepted while the queue replaces. */
  readonly owners: Map<Seq, Remembered>;
  /** Bodies of waiting messages that were replaced. The body that its run names stays until the message leaves the line. */
  readonly replacedBodies: Map<Seq, Seq>;
}

export const createDeduplication = (): Deduplication => ({
  byId: new Map(),
  owners: new Map(),
  replacedBodies: new Map(),
});
