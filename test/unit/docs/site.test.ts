// The pages as they are read on a forge and on the site: each is in the sidebar, and its links lead somewhere in both.

import { existsSync, statSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { anchorsOf, linksOf, summaryOf, titleOf } from "../../../site/markdown.mjs";
import { SECTIONS } from "../../../site/sections.mjs";
import { PAGES, ROOT, read } from "./pages.js";

const listed = SECTIONS.flatMap(({ pages }) => pages);

test("every page stands in the sidebar, once", () => {
  const pages = PAGES.flatMap((page) => /^docs\/([\w-]+)\.md$/.exec(page)?.[1] ?? []);
  expect([...listed].sort()).toEqual(pages.sort());
});

test("every page has a title and says what it is about", () => {
  const bare = PAGES.filter((page) => titleOf(read(page)) === "");
  const silent = listed.filter((page) => summaryOf(read(`docs/${page}.md`)).length < 20);
  expect({ bare, silent }).toEqual({ bare: [], silent: [] });
});

test("every link leads to a file that is there, and to a heading in it", () => {
  const broken = PAGES.flatMap((page) =>
    linksOf(read(page)).flatMap((to) => {
      if (/^[a-z]+:/.test(to)) return [];
      const [file = "", anchor] = to.split("#");
      const target = file === "" ? page : posix.normalize(posix.join(posix.dirname(page), file));
      if (!existsSync(`${ROOT}${target}`)) return [`${page}: ${to} is not there`];
      if (anchor === undefined) return [];
      const isPage = target.endsWith(".md") && statSync(`${ROOT}${target}`).isFile();
      return isPage && anchorsOf(read(target)).includes(anchor) ? [] : [`${page}: ${to} has no such heading`];
    }),
  );
  expect(broken).toEqual([]);
});

test("anchors are those that forges make", () => {
  const text =
    "# A `code`, and a [link](to.md)\n\n## What's new?\n\n## Ünder_scores -- kept\n\n## What's new?\n\n```md\n## not one\n```\n";
  expect(anchorsOf(text)).toEqual(["a-code-and-a-link", "whats-new", "ünder_scores----kept", "whats-new-1"]);
  expect(linksOf("[a](b.md#c) `[not](one)` ![d](e.png)\n\n```\n[nor](this)\n```\n[`x`](y.md)")).toEqual([
    "b.md#c",
    "e.png",
    "y.md",
  ]);
});
