// Looking for files in bodies: it stands before every send, so it is quick, and ends on any shape.

import { describe, expect, test } from "vitest";
import { holdsFile } from "../../../../src/client/sending/files.js";

const file = new File(["tea"], "tea.txt");

describe("holdsFile", () => {
  test.each([
    ["itself", file],
    ["a member", { a: { b: file } }],
    ["an array", [[file]]],
    ["a Map's value", new Map([["a", file]])],
    ["a Map's key", new Map([[file, "a"]])],
    ["a Set", new Set([{ file }])],
    ["an object without prototype", Object.assign(Object.create(null), { file })],
  ])("finds a file: %s", (_, body) => {
    expect(holdsFile(body)).toBe(true);
  });

  test.each([
    ["a string", "tea"],
    ["null", null],
    ["plain data", { a: [1, "b", { c: null }] }],
    ["a Blob, which is in memory", { blob: new Blob(["tea"]) }],
    ["a Date", new Date()],
  ])("finds none: %s", (_, body) => {
    expect(holdsFile(body)).toBe(false);
  });

  test("ends on circular bodies, however densely their members refer to each other", () => {
    const nodes: { others: unknown; file?: File }[] = Array.from({ length: 1_000 }, () => ({ others: undefined }));
    for (const node of nodes) node.others = nodes;
    expect(holdsFile(nodes)).toBe(false);
    (nodes[999] as { file?: File }).file = file;
    expect(holdsFile(nodes)).toBe(true);
  });
});
