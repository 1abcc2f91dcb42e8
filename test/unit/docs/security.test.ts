// Each promise of the threat model names tests, and they are there.

import { expect, test } from "vitest";
import { read } from "./pages.js";
import { hasTest } from "./titles.js";

const page = read("SECURITY.md");
const rows = page
  .slice(page.indexOf("## Threat model"))
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| who |"));

test("the threat model has a row for each who may be hostile", () => {
  expect(rows.length).toBeGreaterThanOrEqual(10);
});

test.each(rows.map((row) => [row.split("|")[1]?.trim() ?? "", row] as const))(
  "what is promised of %s names tests, and they are there",
  (_, row) => {
    const shown = row.split("|").at(-2) ?? "";
    if (shown.includes("not shown:")) return;
    const named = [...shown.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)];
    expect(named).not.toEqual([]);
    for (const [, file = "", titles = ""] of named)
      for (const [, title = ""] of titles.matchAll(/"([^"]+)"/g))
        expect(hasTest(file, title), `${file}: ${title}`).toBe(true);
  },
);
