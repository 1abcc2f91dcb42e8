// `npm run bench:scale`: what a million messages do to a queue, in Chromium, against targets.
//
//   npm run bench:scale -- [--messages 1000000] [--rounds 3] [--only PATTERN] [--markdown FILE] [--check]
//
// --messages scales all cases, to try them out: targets are meant for a million. --only runs the cases whose name
// matches; --check fails when a target is missed.

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openBrowser, servePages } from "../browser.mjs";
import { roundsOf, say } from "../command-line.mjs";
import { describeMachine, machineLine } from "../machine.mjs";
import { isMet } from "../ratios.mjs";
import { table } from "../report.mjs";
import { createLab } from "./lab.mjs";
import { idle, steady } from "./rest.mjs";
import { storage } from "./storage.mjs";
import { mainThread, manyTabs } from "./tabs.mjs";
import { delayed, delayedAtRandom, unlike } from "./unlike.mjs";
import { depth, waiting } from "./waiting.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const CASES = [manyTabs, mainThread, ...waiting(), depth, unlike, delayed, delayedAtRandom, storage, idle, steady];

const { values: options } = parseArgs({
  options: {
    messages: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    markdown: { type: "string" },
    check: { type: "boolean", default: false },
  },
});
const messages = Number(options.messages);
// So that the parts of it which the cases use are whole batches.
if (!(messages >= 20_000 && messages % 20_000 === 0)) {
  throw new Error(`--messages takes a multiple of 20,000, not ${options.messages}`);
}
const rounds = roundsOf(options.rounds);
const pattern = new RegExp(options.only);
const chosen = CASES.filter(({ id }) => pattern.test(id));
if (chosen.length === 0) throw new Error(`no case matches ${options.only}: ${CASES.map(({ id }) => id).join(", ")}`);

/** @param {readonly import("./lab.mjs").Figure[]} figures @param {"text" | "markdown"} form */
const tableOf = (figures, form) =>
  table(
    ["what", "measured", "target", "", "made of"],
    figures.map((figure) => [
      figure.what,
      quantity(figure.value, figure.unit),
      `${figure.isAtMost ? "≤" : "≥"} ${quantity(figure.target, figure.unit)}`,
      isMet(figure, figure.target) ? "met" : "MISSED",
      figure.note,
    ]),
    form,
  );

/** @param {number} value @param {import("./lab.mjs").Figure["unit"]} unit */
function quantity(value, unit) {
  // Three digits: 0.60 can be less than 0.6.
  if (unit === "times") return value.toFixed(3);
  if (unit === "") return value.toFixed(value === Math.round(value) ? 0 : 1);
  return `${value.toFixed(unit === "ms" || unit === "%" ? 0 : 1)} ${unit}`;
}

const site = await servePages();
try {
  const browser = await openBrowser(site);
  const machine = describeMachine(browser.version);
  await browser.close();
  const figures = [];
  for (const { id, measure } of chosen) {
    const lab = createLab(site, { messages, rounds, say: (line) => say(`${id}: ${line}`) });
    figures.push(...(await measure(lab)).map((figure) => ({ case: id, ...figure })));
  }
  say("");
  const heads = [machineLine(machine), `${messages.toLocaleString("en")} messages, medians of ${rounds} rounds`];
  console.log(`${heads.join("\n")}\n\n${tableOf(figures, "text")}\n`);
  mkdirSync(RESULTS, { recursive: true });
  const file = `${RESULTS}scale-${new Date().toISOString().replace(/[:.]/g, "-")}.json`;
  writeFileSync(file, `${JSON.stringify({ machine, messages, rounds, figures }, null, 2)}\n`);
  console.log(`written to ${file}`);
  if (options.markdown) writeFileSync(options.markdown, [...heads, tableOf(figures, "markdown"), ""].join("\n\n"));
  const missed = figures.filter((figure) => !isMet(figure, figure.target));
  if (options.check && missed.length > 0) {
    console.error(`missed: ${missed.map(({ what }) => what).join("; ")}`);
    process.exitCode = 1;
  }
} finally {
  await site.close();
}
