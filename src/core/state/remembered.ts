// What a queue keeps to recognise what it was sent before. See deduplication.ts for what is done with it.

import type { Seq } from "../log/journal.js";
import type { Instant } from "../spec/time.js";
import { emptyMap, ownMap } from "./nothing.js";

/** The message that was accepted under an id. */
export interface Remembered {
  readonly seq: Seq;
  /** Epoch milliseconds of acceptance. */
  at: Instant;
  /** It waits, so that its body can be replaced; kept for messages that are in `owners`. */
  waits: boolean;
}

export interface Deduplication {
  byId: Map<string, Remembered>;
  /** By number, those accepted while the queue replaces. */
  owners: Map<Seq, Remembered>;
  /** Bodies of waiting messages that were replaced. The body that its run names stays until the message leaves the line. */
  replacedBodies: Map<Seq, Seq>;
}

export const createDeduplication = (): Deduplication => ({
  byId: emptyMap(),
  owners: emptyMap(),
  replacedBodies: emptyMap(),
});

/** Takes note of who was accepted under an id. */
export function note(deduplication: Deduplication, id: string, entry: Remembered, isOwner: boolean): void {
  deduplication.byId = ownMap(deduplication.byId).set(id, entry);
  if (isOwner) deduplication.owners = ownMap(deduplication.owners).set(entry.seq, entry);
}

/** Takes note of the body that a waiting message has now. */
export function noteBody(deduplication: Deduplication, seq: Seq, bodySeq: Seq): void {
  deduplication.replacedBodies = ownMap(deduplication.replacedBodies).set(seq, bodySeq);
}
