// Columns of bodies on their way through a host: counted, measured and cut where they lie, and never taken apart.
// Invariant: a stretch of a column is the bytes, or the text, that came; nothing of it is written anew.

import { COLUMN_PINNED_MAX } from "../spec/limits.js";
import { type BodyColumn, columnOf, gather, listOf } from "./bodies.js";
import { shareSizes } from "./share.js";
import { estimateBytes } from "./size.js";

/** Texts as the bytes in which they came over a socket: a line each, and nothing but ASCII, so that a byte is a character. */
export class AsciiLines {
  /** `ends`: where in the bytes each line ends. */
  constructor(
    readonly bytes: Uint8Array,
    readonly ends: readonly number[],
  ) {}
}

/** A column as a host has it: what crosses to a client is text. */
export type HeldColumn = BodyColumn | AsciiLines;

/** How many there are. */
export function countBodies(column: HeldColumn): number {
  if (column instanceof AsciiLines) return column.ends.length;
  if (typeof column !== "string") return column.length;
  let count = 1;
  for (let at = column.indexOf("\n"); at >= 0; at = column.indexOf("\n", at + 1)) count++;
  return count;
}

/** Estimated bytes of each: the length of its text, where it is one; its part of an envelope that it has in common with others. */
export function sizesOf(column: HeldColumn): number[] {
  if (Array.isArray(column)) {
    const sizeOf = shareSizes(column);
    return column.map((body) => sizeOf(body) ?? estimateBytes(body));
  }
  let from = 0;
  return endsOf(column as string | AsciiLines).map((end) => {
    const size = end - from;
    from = end + 1;
    return size;
  });
}

function endsOf(column: string | AsciiLines): readonly number[] {
  if (column instanceof AsciiLines) return column.ends;
  const ends: number[] = [];
  for (let at = column.indexOf("\n"); at >= 0; at = column.indexOf("\n", at + 1)) ends.push(at);
  ends.push(column.length);
  return ends;
}

/** Some of the bodies of a column: from one index up to another. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export function cutColumn(column: HeldColumn, stretches: readonly Stretch[]): HeldColumn[] {
  if (Array.isArray(column)) return stretches.map(({ from, to }) => column.slice(from, to));
  const lines = column as string | AsciiLines;
  const ends = endsOf(lines);
  return stretches.map(({ from, to }) => {
    if (from === 0 && to === ends.length) return lines;
    return stretchOf(lines, from === 0 ? 0 : (ends[from - 1] as number) + 1, ends.slice(from, to));
  });
}

/** A stretch keeps all of what it is one of in memory, and may be kept for long: of what is large it is a copy. */
function stretchOf(lines: string | AsciiLines, start: number, ends: readonly number[]): HeldColumn {
  const end = ends[ends.length - 1] as number;
  const isCopied = (typeof lines === "string" ? lines.length : lines.bytes.buffer.byteLength) > COLUMN_PINNED_MAX;
  if (typeof lines === "string") {
    const text = lines.slice(start, end);
    return isCopied ? columnOf(listOf(text)) : text;
  }
  const bytes = isCopied ? lines.bytes.slice(start, end) : lines.bytes.subarray(start, end);
  return new AsciiLines(
    bytes,
    ends.map((at) => at - start),
  );
}

/** One after the other: texts as long as all of them are. */
export const joinColumns = (columns: readonly BodyColumn[]): BodyColumn =>
  columnOf(
    gather(
      columns.flatMap((column) => {
        const { encoding, entries } = listOf(column);
        return entries.map((body) => ({ encoding, body }));
      }),
    ),
  );
