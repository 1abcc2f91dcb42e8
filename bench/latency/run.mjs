// `npm run bench:latency`: where the time goes between `send` and the handler in another tab, and in the bare relay with an
// empty commit that it is compared with, stage by stage.
//
//   npm run bench:latency -- [--browser chromium|firefox] [--rounds 3] [--markdown FILE]
//
// Stages are noted from outside, by what pages and workers ask of the platform and when they hear, in a build of its own; noting
// costs time itself.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openTabs } from "../browser.mjs";
import { browserNamed, roundsOf, say } from "../command-line.mjs";
import { describeMachine, machineLine } from "../machine.mjs";
import { table } from "../report.mjs";
import { median, runCase } from "../rounds.mjs";
import { STAGES, stagesOf } from "./stages.mjs";

const { values: options } = parseArgs({
  options: {
    browser: { type: "string", default: "chromium" },
    rounds: { type: "string", default: "3" },
    markdown: { type: "string" },
  },
});
const browser = browserNamed(options.browser);
const rounds = roundsOf(options.rounds);

process.env.BENCH_NOTES = "1";
const tabs = await openTabs(browser);

/** @param {string} id @returns {Promise<import("./stages.mjs").Durations[]>} of every message */
async function measure(id) {
  const cases = await tabs.measuring.evaluate(() => bench.cases());
  const info = cases.find((one) => one.id === id);
  if (info === undefined) throw new Error(`there is no case ${id}`);
  const take = async () => ({
    sender: await tabs.measuring.evaluate(() => takeNotes()),
    worker: await tabs.measuring.evaluate(() => takeNotesOfWorkers()),
    receiver: await tabs.helping.evaluate(() => takeNotes()),
  });
  await take();
  await runCase(tabs, info);
  return stagesOf(await take());
}

try {
  const machine = describeMachine(tabs.version);
  /** @type {import("./stages.mjs").Durations[]} */
  const sends = [];
  /** @type {import("./stages.mjs").Durations[]} */
  const relayed = [];
  // One round more comes before, to warm up, and is thrown away.
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? "warm-up" : `round ${round} of ${rounds}`);
    const [relay, send] = [await measure("relay-commit-relaxed"), await measure("latency-relaxed")];
    if (round === 0) continue;
    sends.push(...send);
    relayed.push(...relay);
  }
  say("");
  const medianOf = (/** @type {typeof sends} */ all, /** @type {string} */ stage) =>
    median(all.map((durations) => durations[stage] ?? 0));
  const rows = STAGES.map((stage) => [stage, ...[sends, relayed].map((all) => medianOf(all, stage).toFixed(2))]);
  const tableAs = (/** @type {"text" | "markdown"} */ form) =>
    table(["stage, ms", "a send", "the bare relay"], rows, form);
  const heads = [
    machineLine(machine),
    `Medians of ${sends.length} sends, ${relayed.length} of the relay, ${rounds} rounds in turn.`,
  ];
  console.log(`${heads.join("\n")}\n\n${tableAs("text")}\n`);
  if (options.markdown) writeFileSync(options.markdown, [...heads, tableAs("markdown"), ""].join("\n\n"));
} finally {
  await tabs.close();
}
