// The site's files among themselves, and what is said of sizes, held against what is built. No browser is needed.

import { expect, test } from "@playwright/test";
import { measureAll, writtenSizes } from "../../scripts/sizes.mjs";
import { entryPoints, SECTIONS } from "../../site/sections.mjs";
import { filesOfSite, idsOfPage, linksOfPage, pagesOfSite, textOf } from "./site.js";

test("every link of every page leads to a file of the site, and to a place in it", () => {
  const pages = pagesOfSite();
  expect(pages.length).toBeGreaterThan(50);
  const files = filesOfSite();
  const ids = new Map<string, Set<string>>();
  const broken = pages.flatMap((page) =>
    linksOfPage(page).flatMap(({ file, anchor }) => {
      const known = files.has(file) ? file : files.has(`${file}.html`) ? `${file}.html` : undefined;
      if (known === undefined) return [`${page}: ${file}`];
      if (!anchor || !known.endsWith(".html")) return [];
      const places = ids.get(known) ?? idsOfPage(known);
      ids.set(known, places);
      return places.has(decodeURIComponent(anchor)) ? [] : [`${page}: ${known}#${anchor}`];
    }),
  );
  expect([...new Set(broken)]).toEqual([]);
});

test("every page is in the sidebar", () => {
  const sidebar = new Set(linksOfPage("index.html").map(({ file }) => file));
  expect(pagesOfSite().filter((page) => page !== "index.html" && !sidebar.has(page))).toEqual([]);
});

test("the reference has a page for every entry, with what it exports", () => {
  for (const entry of Object.keys(entryPoints())) expect(filesOfSite()).toContain(`api/${entry}.html`);
  const page = textOf("api/originmq.html");
  for (const name of ["openQueue", "Queue", "QueueError", "Delivery", "RetryOptions", "Backoff", "Distribution"])
    expect(page).toContain(`id="${name.toLowerCase()}"`);
});

test("llms.txt names every page of the sidebar, and each is there", () => {
  const files = filesOfSite();
  const named = [...textOf("llms.txt").matchAll(/^- \[[^\]]*\]\(\/([^)]+)\)/gm)].map(([, path = ""]) => path);
  expect(named.filter((path) => !files.has(path))).toEqual([]);
  for (const page of SECTIONS.flatMap(({ pages }) => pages)) expect(named).toContain(`${page}.html`);
  expect(textOf("llms-full.txt")).toContain("# Guide");
});

test("what the documentation says of sizes is what is built, within a tenth", async () => {
  const said = writtenSizes();
  for (const { name, gzipped } of await measureAll()) {
    expect(said.get(name), name).toBeLessThan(gzipped * 1.1 + 500);
    expect(said.get(name), name).toBeGreaterThan(gzipped * 0.9 - 500);
  }
});
