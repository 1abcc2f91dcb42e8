// docs/architecture.md names files that exist, each once, and is short enough to be read without going back up.

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../../../", import.meta.url);
const page = readFileSync(new URL("docs/architecture.md", ROOT), "utf8");
const named = [...page.matchAll(/`((?:core|store|link|host|client)\/[\w/-]+\.ts)`/g)].map(([, path = ""]) => path);

test("the page names files that are there", () => {
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(new URL(`src/${path}`, ROOT)))).toEqual([]);
});

test("it names each of them once", () => {
  expect(named).toEqual([...new Set(named)]);
});

test("it has at most 40 lines", () => {
  expect(page.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
});
