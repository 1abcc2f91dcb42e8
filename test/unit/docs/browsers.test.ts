// docs/browsers.md says from which versions on everything that a queue needs is there: so nothing newer may be used in what
// every queue loads. Names are from MDN's browser-compat-data, newer than Chrome 100, Firefox 114 or Safari 15.4.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ROOT, read } from "./pages.js";

const NEWER =
  /\bAbortSignal\.(any|timeout)\b|\bURL\.(canParse|parse)\b|\bPromise\.(withResolvers|try)\b|\bArray\.fromAsync\b|\b(Object|Map)\.groupBy\b|\.(toSorted|toReversed|toSpliced|isWellFormed|toWellFormed|getOrInsert\w*|findLast|findLastIndex)\(|\.(keys|values|entries)\(\)\s*\.(map|filter|take|drop|flatMap|reduce|toArray|forEach|some|every|find)\(|\bstatic \{|\(\?<[=!]|\bIterator\.|\.(isSubsetOf|isSupersetOf|isDisjointFrom|symmetricDifference)\(|\/[a-z]*v[a-z]*\.(test|exec)/;

/** What is used there all the same, where nobody comes without asking for it: the page says from which version on. */
const SAID: Readonly<Record<string, string>> = {
  "src/client/connection/connect-options.ts": "URL.canParse",
};

const modules = ["client", "codec", "core", "host", "link", "store/indexeddb", "store/memory", "wiring"].flatMap(
  (folder) =>
    readdirSync(`${ROOT}src/${folder}`, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `src/${folder}/${file.replaceAll("\\", "/")}`),
);

test("what every queue loads needs nothing newer than the page says", () => {
  expect(modules.length).toBeGreaterThan(100);
  const used = modules.flatMap((path) => {
    const code = readFileSync(`${ROOT}${path}`, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    const [found] = NEWER.exec(code) ?? [];
    return found === undefined || SAID[path] === found ? [] : [`${path}: ${found}`];
  });
  expect(used).toEqual([]);
});

test("what is used beyond that is said", () => {
  const page = read("docs/browsers.md");
  for (const name of Object.values(SAID)) expect(page).toContain(`\`${name}\``);
});
