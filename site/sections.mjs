// What the documentation consists of, in the order of its sidebar. Invariant: every page of docs/ stands here once, which
// test/unit/docs/site.test.ts checks; decisions and the API reference are listed by what there is.

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { ROOT } from "../scripts/package-layout.mjs";

/** Where all of it is gathered, made pages too, to be built from. */
export const PAGES = join(ROOT, "site/.pages");

/**
 * @typedef {object} Section
 * @property {string} text
 * @property {readonly string[]} pages names of files in docs/, without ".md"
 */

/** @type {readonly Section[]} */
export const SECTIONS = [
  {
    text: "Start",
    pages: ["index", "guide", "frameworks", "playground", "cookbook", "bundlers", "cost"],
  },
  {
    text: "In an application",
    pages: ["production", "troubleshooting", "testing", "browsers", "contexts", "coming-from"],
  },
  {
    text: "More than a queue",
    pages: ["outbox", "outbox-element", "transactional", "edge", "bridges", "metrics", "inspector"],
  },
  {
    text: "Reference",
    pages: ["guarantees", "encryption", "limits", "comparison", "performance"],
  },
  {
    text: "Inside",
    pages: ["architecture", "storage", "wire", "torture", "torture-edge", "torture-bridge", "torture-bridge-mqtt"],
  },
];

/** Short names, where a page's heading is too long to stand in a sidebar. */
export const SHORT = {
  index: "Overview",
  bundlers: "Bundlers",
  edge: "Over the network",
  bridges: "Bridges",
  outbox: "HTTP outbox",
  "outbox-element": "Outbox element",
  transactional: "Transactional",
  metrics: "Statistics",
  comparison: "Comparison",
  architecture: "Architecture",
  storage: "Storage",
  testing: "Testing",
};

/** The entries of the package, by what an application imports. @returns {Record<string, string>} */
export function entryPoints() {
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const typed = Object.entries(exports).filter(([, to]) => typeof to === "object");
  return Object.fromEntries(
    typed.map(([entry, { default: file }]) => [
      posix.join(name, entry),
      file.replace("./dist/", "src/").replace(/\.js$/, ".ts"),
    ]),
  );
}

/** @returns {string[]} names of the files in docs/decisions, oldest first */
export const decisions = () => readdirSync(join(ROOT, "docs/decisions")).sort();
