// The table of docs/bundlers.md is the one that `npm run test:packaging -- --all` has written, of everything that it tries.

import { expect, test } from "vitest";
import { STANDALONE, STANDALONE_ALONE } from "../../../scripts/package-layout.mjs";
import { KEYS, resultOf, WORKS, writtenRows } from "../../packaging/matrix/table.js";
import { read } from "./pages.js";

const rows = writtenRows();

test("it has every tool in each of its ways once, in the order in which they are tried", () => {
  expect([...rows.keys()]).toEqual(KEYS);
});

test("it has seen two tabs work with one host in all of them", () => {
  const others = [...rows]
    .filter(([, cells]) => resultOf(cells) !== WORKS)
    .map(([key, cells]) => [key, resultOf(cells)]);
  expect(others).toEqual([]);
});

test("the page names the files that a page without a bundler has", () => {
  const [, section = ""] = read("docs/bundlers.md").split("**No bundler.**");
  const [names = ""] = section.split("```");
  expect([...STANDALONE, ...STANDALONE_ALONE].filter((name) => !names.includes(`\`${name}.js\``))).toEqual([]);
});
