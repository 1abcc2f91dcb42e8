// The documentation for programs that read (https://llmstxt.org): an index for the site, and everything in one text for the
// package, where there is no site to follow links on. `npm pack` has it written beside package.json.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../scripts/package-layout.mjs";
import { changeLinks, summaryOf, titleOf } from "./markdown.mjs";
import { entryPoints, SECTIONS } from "./sections.mjs";

const read = (/** @type {string} */ path) => readFileSync(join(ROOT, path), "utf8");
const pageText = (/** @type {string} */ page) => read(`docs/${page}.md`);

const head = () => `# OriginMQ\n\n> ${JSON.parse(read("package.json")).description}\n`;

/** Every page with its first paragraph, and where it is. */
export function llmsIndex() {
  const sections = SECTIONS.map(({ text, pages }) => {
    const lines = pages.map((page) => `- [${titleOf(pageText(page))}](/${page}.html): ${summaryOf(pageText(page))}`);
    return `## ${text}\n\n${lines.join("\n")}\n`;
  });
  const reference = Object.keys(entryPoints()).map((entry) => `- [${entry}](/api/${entry}.html)`);
  return [
    head(),
    "Everything in one file: [llms-full.txt](/llms-full.txt)\n",
    ...sections,
    `## API reference\n\n${reference.join("\n")}\n`,
  ].join("\n");
}

/** What is of use to who writes an application: not how it is built, nor how it was measured. */
const OF_USE = SECTIONS.filter(({ text }) => text !== "Inside").flatMap(({ pages }) => pages);
const LEFT_OUT = ["index", "performance"];

/** All of it in one text; links between pages become the names of the pages. */
export function llmsFull() {
  const pages = OF_USE.filter((page) => !LEFT_OUT.includes(page)).map((page) =>
    changeLinks(pageText(page), (name, to) => (/^[a-z]+:/.test(to) ? undefined : name)),
  );
  return [head(), ...pages].join("\n\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(ROOT, "llms.txt"), llmsFull());
