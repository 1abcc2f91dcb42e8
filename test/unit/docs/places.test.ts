// The table of strict places in docs/contexts.md says what the tests expect, and each row has its test.

import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { ENGINES, type Outcome, PLACES } from "../../contexts/places.js";
import { ROOT, read } from "./pages.js";
import { hasTest } from "./titles.js";

const HOSTS: Readonly<Record<string, string>> = {
  "shared-worker": "works",
  "dedicated-worker": "works: its own worker hosts",
  "in-process": "works: for itself alone",
};

function cellOf(outcome: Outcome): string {
  if (outcome === "unknown") return "has it not";
  if (typeof outcome === "string") return HOSTS[outcome] ?? outcome;
  return "refused" in outcome ? `refused: ${outcome.refused}` : outcome.how;
}

test("the table of strict places says what is expected of each engine", () => {
  const page = read("docs/contexts.md");
  const table = page.slice(page.indexOf("## Strict places"));
  const rows = table.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| where"));
  const expected = PLACES.map(
    ({ name, outcomes }) => `| ${[name, ...ENGINES.map((engine) => cellOf(outcomes[engine]))].join(" | ")} |`,
  );
  expect(rows.slice(0, expected.length)).toEqual(expected);
});

test.each(PLACES)("there is a test of: $name", ({ made, shownBy = [] }) => {
  if (made === undefined) expect(shownBy).not.toEqual([]);
  for (const [file, title] of shownBy) expect(hasTest(file, title), `${file}: ${title}`).toBe(true);
  expect(existsSync(`${ROOT}test/contexts/places.test.ts`)).toBe(true);
});

test("a test that is not there is missed", () => {
  expect(hasTest("test/contexts/prerender.test.ts", "nothing of the kind")).toBe(false);
  expect(hasTest("test/contexts/none.test.ts", "nothing of the kind")).toBe(false);
});
