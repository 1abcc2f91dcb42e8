// Each promise of docs/encryption.md names its test, and it is there.

import { describe, expect, test } from "vitest";
import { read } from "./pages.js";
import { hasTest } from "./titles.js";

const page = read("docs/encryption.md");

/** Each table of which a column is called so, by its rows: the cells there. */
const tables = page
  .split(/\n\n+/)
  .filter((block) => /^\|.*\| test \|\n/.test(block))
  .map((block) =>
    block
      .split("\n")
      .slice(2)
      .map((row) => row.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")))
      .map((cells) => ({ promise: cells[0] ?? "", shown: cells.at(-1) ?? "" })),
  );

interface Named {
  readonly file: string;
  /** `undefined`: all of the file. */
  readonly title: string | undefined;
}

/** "the same" is the file that was named last, "the first" the one that the table named first. */
function namedIn(rows: (typeof tables)[number]): (readonly [promise: string, named: readonly Named[]])[] {
  let first: string | undefined;
  let file = "";
  return rows.map(({ promise, shown }) => {
    const named: Named[] = [];
    for (const [, link, word, title] of shown.matchAll(/\]\(\.\.\/([^)]+)\)|(the first|the same)|"([^"]+)"/g)) {
      if (link !== undefined) {
        file = link;
        first ??= link;
        named.push({ file, title: undefined });
      } else if (word === "the first") file = first ?? "";
      else if (word === "the same") named.push({ file, title: undefined });
      else named.push({ file, title });
    }
    return [promise, named];
  });
}

describe("docs/encryption.md", () => {
  test("promises much", () => {
    expect(tables.flat().length).toBeGreaterThan(50);
  });

  test.each(tables.flatMap(namedIn))("names the tests of what it promises: %s", (promise, named) => {
    // Why nothing is promised stands in a decision.
    if (promise.startsWith("exchanged with one of the same queue")) return;
    expect(named).not.toEqual([]);
    for (const { file, title = "" } of named) expect(hasTest(file, title), `${file}: ${title}`).toBe(true);
  });

  test("names no test beside its tables that is not there", () => {
    const prose = page
      .replaceAll(/^(\|.*|```[^`]*```)$/gm, "")
      .replaceAll(/`[^`]*`/g, "")
      .replaceAll("the first", "");
    const named = namedIn([{ promise: "", shown: prose.replaceAll(/\s+/g, " ") }]).flatMap(([, tests]) => tests);
    expect(named.length).toBeGreaterThan(20);
    for (const { file, title = "" } of named.filter(({ file }) => file.startsWith("test/")))
      expect(hasTest(file, title), `${file}: ${title}`).toBe(true);
  });
});
