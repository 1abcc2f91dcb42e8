// The samples of docs/playground.md print what stands below them. On the site they run in the reader's browser: test/docs.

import { describe, expect, test } from "vitest";
import { blocksOf } from "./pages.js";
import { openTab } from "./recipes.js";

const samples = blocksOf("docs/playground.md", "js").filter(({ flags }) => flags.includes("playground"));
const printed = blocksOf("docs/playground.md", "text").map(({ code }) => code.trimEnd().split("\n"));

test("each sample has what it prints", () => {
  expect(samples.length).toBeGreaterThan(5);
  expect(printed).toHaveLength(samples.length);
});

describe("a sample prints what stands below it", () => {
  test.each(samples.map(({ name, code }, i) => ({ name, code, lines: printed[i] })))(
    "$name",
    async ({ name, code, lines }) => {
      const tab = await openTab(name);
      const output: string[] = [];
      try {
        await tab.run(code, { console: { log: (...values: unknown[]) => output.push(values.join(" ")) } });
        await expect.poll(() => output).toEqual(lines);
      } finally {
        await tab.connection.close({ force: true });
      }
    },
  );
});
