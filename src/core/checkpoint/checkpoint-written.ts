// What is told of a piece of a checkpoint without the others. A number that is none, or a priority that no queue has, would be
// found out much later, or never.

import { isCount, isSeq } from "../log/ranges.js";
import { isPriority, isTime, isWrittenEntry } from "../log/written.js";
import type { StateChunk } from "./checkpoint-format.js";

type IsOne = (value: unknown) => boolean;

/** Columns of pieces, whatever piece has them. */
const COLUMNS: readonly (readonly [name: string, isWritten: IsOne])[] = [
  ...["seq", "bodySeq", "firstSeq"].map((name) => [name, isSeq] as const),
  ...["count", "bytes", "size", "attempts"].map((name) => [name, isCount] as const),
  ...["sentAt", "readyAt", "expiresAt", "fullAt", "at"].map((name) => [name, isTime] as const),
  ["priority", isPriority],
];

/** Whether a host can have written it. */
export function isWrittenPiece(chunk: StateChunk): boolean {
  const areColumns = COLUMNS.every(([name, isOne]) => {
    const column: unknown = Reflect.get(chunk, name);
    return column === undefined || (column as ArrayLike<unknown> & { every(isOne: IsOne): boolean }).every(isOne);
  });
  return areColumns && entriesOf(chunk).every(isMessage);
}

function entriesOf(chunk: StateChunk): readonly object[] {
  if (chunk.kind === "dead") return chunk.dead;
  return chunk.kind === "grants" ? chunk.grants.flatMap(({ leases }) => leases) : [];
}

const isMessage = (entry: object): boolean => {
  const { seq, bodySeq } = entry as { readonly seq?: unknown; readonly bodySeq?: unknown };
  return isSeq(seq) && isSeq(bodySeq) && isWrittenEntry(entry);
};
