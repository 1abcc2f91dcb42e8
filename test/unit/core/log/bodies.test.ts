// Bodies as columns: values, or texts joined as lines, which are opened by nobody on the way.

import { describe, expect, test } from "vitest";
import {
  type BodyColumn,
  columnOf,
  decodeBody,
  type EncodedBody,
  gather,
  listOf,
  valuesOf,
} from "../../../../src/core/log/bodies.js";
import { countBodies, joinColumns, sizesOf } from "../../../../src/core/log/columns.js";

const text = (body: string): EncodedBody => ({ encoding: "json", body });
const value = (body: unknown): EncodedBody => ({ encoding: "clone", body });

describe("a column", () => {
  test.each<[string, BodyColumn, number]>([
    ["no values", [], 0],
    ["values", [undefined, "a\nb", { n: 1 }], 3],
    ["one text", "1", 1],
    ["the text of an empty string", '""', 1],
    ["texts", '1\n"a\\nb"\n{"n":1}', 3],
    ["texts with a line separator that is none of ours", '"\u2028"\n"\u2029"\n"\r"', 3],
    ["lines that are empty, from a foreign client", "\n\n", 3],
    ["nothing, from a foreign client", "", 1],
  ])("is counted without being taken apart, and stays what it is taken apart and joined: %s", (_, column, count) => {
    expect(countBodies(column)).toBe(count);
    expect(listOf(column).entries).toHaveLength(count);
    expect(columnOf(listOf(column))).toEqual(column);
  });

  test("of texts is values for who cannot read texts, and of values is the same", () => {
    const values = [new Date(0)];
    expect(valuesOf(values)).toBe(values);
    expect(valuesOf('1\n"a\\nb"\nnull')).toEqual([1, "a\nb", null]);
  });

  test("of texts has no value where a text is no JSON, and the others keep their places", () => {
    expect(valuesOf("1\nno json\n3")).toEqual([1, undefined, 3]);
  });
});

test("a text is as large as it is long, and a value is estimated", () => {
  expect(sizesOf('1\n"abc"')).toEqual([1, 5]);
  const [number, bytes] = sizesOf([1, new Uint8Array(500)]);
  expect(number).toBeGreaterThan(1);
  expect(bytes).toBeGreaterThanOrEqual(500);
});

test("a text that is no JSON decodes to nothing, and throws at nobody", () => {
  expect(decodeBody(text('{"n":1}'))).toEqual({ n: 1 });
  expect(decodeBody(text("{"))).toBeUndefined();
  expect(decodeBody(text(""))).toBeUndefined();
  expect(decodeBody(value("{"))).toBe("{");
});

describe("bodies gathered from here and there", () => {
  test("stay texts while all are", () => {
    expect(gather([text("1"), text('"a"')])).toEqual({ encoding: "json", entries: ["1", '"a"'] });
  });

  test("are values as soon as one is, in their order", () => {
    const when = new Date(5);
    expect(gather([text("1"), value(when), text("[2]")])).toEqual({ encoding: "clone", entries: [1, when, [2]] });
  });

  test("are no text where there are none: that would be a line", () => {
    expect(columnOf(gather([]))).toEqual([]);
    expect(joinColumns([])).toEqual([]);
  });

  test("come from columns one after the other", () => {
    expect(joinColumns(["1\n2", "3"])).toBe("1\n2\n3");
    expect(joinColumns(["1\n2", [undefined]])).toEqual([1, 2, undefined]);
  });
});

test("texts that together are longer than a string may be are a column of what they stand for", () => {
  const long = JSON.stringify("x".repeat(90_000_000));
  const column = columnOf({ encoding: "json", entries: [long, "1", long, long] });
  expect(Array.isArray(column)).toBe(true);
  expect(countBodies(column)).toBe(4);
  expect((column as readonly unknown[])[1]).toBe(1);
});
