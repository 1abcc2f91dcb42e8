// docs/troubleshooting.md has a row for every code of QueueError, with what happened, causes and cures.

import { expect, test } from "vitest";
import { read } from "./pages.js";

const [, union = ""] = /export type QueueErrorCode =([^;]+);/.exec(read("src/core/spec/errors.ts")) ?? [];
const codes = [...union.matchAll(/"([\w-]+)"/g)].map(([, code = ""]) => code);
const [, section = ""] = read("docs/troubleshooting.md").split(/^## /m);
const rows = [...section.matchAll(/^\| `([\w-]+)` \|(.*)\|$/gm)].map(([, code = "", rest = ""]) => ({
  code,
  cells: rest
    .trimEnd()
    .split(" |")
    .map((cell) => cell.trim()),
}));

test("the table has every code once, and no other", () => {
  expect(codes.length).toBeGreaterThan(10);
  expect(rows.map(({ code }) => code).sort()).toEqual([...codes].sort());
});

test("what programs read names them all, too", () => {
  const skill = read("SKILL.md");
  expect(codes.filter((code) => !skill.includes(`\`${code}\``))).toEqual([]);
});

test("each says what happened, why, and what to do", () => {
  // A bug has causes that nobody knows yet.
  const empty = rows.filter(
    ({ code, cells }) => cells.length !== 3 || cells.some((cell) => cell === "" && code !== "internal"),
  );
  expect(empty).toEqual([]);
});
