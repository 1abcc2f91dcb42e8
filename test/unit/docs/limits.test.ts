// docs/limits.md is src/core/spec/limits.ts as a table: whoever changes one changes the other.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as limits from "../../../src/core/spec/limits.js";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

const rowOf = (name: string, value: number, why: string) => `| \`${name}\` | ${value.toLocaleString("en")} | ${why} |`;

/** Each constant, with the comment above it. */
const said = [...read("src/core/spec/limits.ts").matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\nexport const (\w+) =/gs)].map(
  ([, comment = "", name = ""]) =>
    rowOf(name, Reflect.get(limits, name) as number, comment.replaceAll(/\s*\n \* /g, " ").trim()),
);

test("every limit is said with its reason", () => {
  expect(said).toHaveLength(Object.keys(limits).length);
});

test("the table of limits says what the code does", () => {
  const table = read("docs/limits.md")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(table).toEqual(said);
});
