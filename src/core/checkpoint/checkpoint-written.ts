// What is told of a piece of a checkpoint without the others. A number that is none, or a priority that no queue has, would be
// found out much later, or never.

import { isCount, isSeq } from "../log/ranges.js";
import { areMembers, isTime, isWrittenEntry, type Members, NUMBERS } from "../log/written.js";
import type { StateChunk } from "./checkpoint-format.js";

/** Columns of pieces, whatever piece has them. */
const COLUMNS: Members = [
  ...NUMBERS,
  ...["count", "attempts"].map((name) => [name, isCount] as const),
  ...["sentAt", "readyAt", "fullAt", "at"].map((name) => [name, isTime] as const),
].map(([name, isOne]) => [name, (column) => (column as readonly unknown[]).every(isOne)]);

/** Whether a host can have written it. */
export const isWrittenPiece = (chunk: StateChunk): boolean =>
  areMembers(chunk, COLUMNS) && entriesOf(chunk).every(isMessage);

function entriesOf(chunk: StateChunk): readonly object[] {
  if (chunk.kind === "dead") return chunk.dead;
  return chunk.kind === "grants" ? chunk.grants.flatMap(({ leases }) => leases) : [];
}

const isMessage = (entry: object): boolean => {
  const { seq, bodySeq } = entry as { readonly seq?: unknown; readonly bodySeq?: unknown };
  return isSeq(seq) && isSeq(bodySeq) && isWrittenEntry(entry);
};
