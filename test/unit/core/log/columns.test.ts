// Columns that are cut where they lie: each stretch has the bodies that it would have if all were taken apart.

import { describe, expect, test } from "vitest";
import { listOf } from "../../../../src/core/log/bodies.js";
import { AsciiLines, countBodies, cutColumn, type HeldColumn, sizesOf } from "../../../../src/core/log/columns.js";
import { COLUMN_PINNED_MAX } from "../../../../src/core/spec/limits.js";

const asciiOf = (text: string): AsciiLines => {
  const bytes = new TextEncoder().encode(text);
  const ends = [...bytes.keys()].filter((at) => bytes[at] === 10);
  return new AsciiLines(bytes, [...ends, bytes.length]);
};
const entriesOf = (column: HeldColumn) =>
  listOf(column instanceof AsciiLines ? new TextDecoder().decode(column.bytes) : column).entries;

const TEXT = '1\n"abc"\n\n{"n":[1,2]}\nnull';

describe.each<[string, HeldColumn]>([
  ["texts", TEXT],
  ["texts as bytes", asciiOf(TEXT)],
  ["values", [1, "abc", undefined, { n: [1, 2] }, null]],
])("a column of %s", (_, column) => {
  test.each([
    [[[0, 5]]],
    [
      [
        [0, 1],
        [1, 4],
        [4, 5],
      ],
    ],
    [[[1, 3]]],
    [
      [
        [2, 3],
        [0, 2],
      ],
    ],
    [[]],
  ])("is cut into the stretches %j", (places) => {
    const stretches = (places as [number, number][]).map(([from, to]) => ({ from, to }));
    const all = entriesOf(column);
    const cut = cutColumn(column, stretches);
    expect(cut.map(entriesOf)).toEqual(stretches.map(({ from, to }) => all.slice(from, to)));
    expect(cut.map(countBodies)).toEqual(stretches.map(({ from, to }) => to - from));
    expect(cut.map(sizesOf)).toEqual(stretches.map(({ from, to }) => sizesOf(column).slice(from, to)));
  });
});

test("a text is as large as its line, as bytes too", () => {
  expect(sizesOf(TEXT)).toEqual([1, 5, 0, 11, 4]);
  expect(sizesOf(asciiOf(TEXT))).toEqual([1, 5, 0, 11, 4]);
});

test("a stretch of what is large does not keep the rest in memory", () => {
  const line = JSON.stringify("x".repeat(1_000));
  const lines = asciiOf(Array.from({ length: COLUMN_PINNED_MAX / 1_000 + 1 }, () => line).join("\n"));
  const [stretch] = cutColumn(lines, [{ from: 3, to: 5 }]);
  expect((stretch as AsciiLines).bytes.buffer.byteLength).toBe(2 * line.length + 1);
  expect(entriesOf(stretch as AsciiLines)).toEqual([line, line]);
});
