// `npm run bench`: limits, peers and OriginMQ in one browser, side by side in one run, medians of several rounds.
//
//   npm run bench -- [--rounds 5] [--only PATTERN] [--browser chromium|firefox] [--markdown FILE] [--check]
//                    [--backend leveldb|sqlite] [--before CHECKOUT] [--threads | --profile DIRECTORY]
//
// --only runs the cases whose name matches; --check fails when a target is missed; --before names a checkout of an earlier
// build, with its node_modules, which runs OriginMQ's cases in the same rounds in a browser of its own; --backend says in what
// Chromium keeps IndexedDB, and the run fails where it does not; --threads prints
// which threads of the browser took how much processor time, instead of measuring; --profile does that and writes CPU
// profiles of both tabs and the worker, which costs time itself (both in Chromium only).

import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { assertBackend } from "../test/launch-browser.mjs";
import { openTabs } from "./browser.mjs";
import { browserNamed, roundsOf, say } from "./command-line.mjs";
import { describeMachine, machineLine } from "./machine.mjs";
import { profileCases } from "./profile.mjs";
import { createRatios, isMet } from "./ratios.mjs";
import { tableOf, targetsOf } from "./report.mjs";
import { runCase, runRounds } from "./rounds.mjs";

const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    browser: { type: "string", default: "chromium" },
    backend: { type: "string", default: "leveldb" },
    markdown: { type: "string" },
    check: { type: "boolean", default: false },
    before: { type: "string" },
    threads: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});
const rounds = roundsOf(options.rounds);
if (options.check && options.only) throw new Error("--check needs every case: leave --only out");
const browser = browserNamed(options.browser);
const backend = backendNamed(options.backend);
const isProfiling = options.threads || options.profile !== undefined;
if (isProfiling && options.before) throw new Error("--before measures: leave --threads and --profile out");
if (isProfiling && browser !== "chromium")
  throw new Error("--threads and --profile need Chromium: it is its DevTools that tell");
if (options.profile) process.env.BENCH_PROFILE = "1";

/** @param {string} name */
function backendNamed(name) {
  if (name !== "leveldb" && name !== "sqlite") throw new Error(`--backend takes leveldb or sqlite, not ${name}`);
  return name;
}

/** @param {import("./browser.mjs").Tabs} now @param {import("./browser.mjs").Tabs} [before] */
async function measure(now, before) {
  const machine = describeMachine(backend === "sqlite" ? `${now.version}, IndexedDB in SQLite` : now.version);
  const cases = await casesOf(now);
  const run = { machine, rounds, results: await runRounds({ now, before }, cases, rounds, say) };
  say("");
  if (browser === "chromium") assertBackend(now.profile, backend);
  console.log(`${machineLine(machine)}\nmedians of ${rounds} rounds, interleaved\n\n${tableOf(run, "text")}\n`);
  console.log(`${targetsOf(run, "text")}\n`);
  mkdirSync(RESULTS, { recursive: true });
  const file = `${RESULTS}${new Date().toISOString().replace(/[:.]/g, "-")}.json`;
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  console.log(`written to ${file}`);
  if (options.markdown) {
    const lines = [machineLine(machine), `Medians of ${rounds} rounds, interleaved.`];
    writeFileSync(options.markdown, [...lines, tableOf(run, "markdown"), targetsOf(run, "markdown"), ""].join("\n\n"));
  }
  const missed = createRatios(run.results, run.machine)
    .all()
    .filter((ratio) => !isMet(ratio, ratio.target));
  if (options.check && missed.length > 0) {
    console.error(`missed: ${missed.map(({ what }) => what).join("; ")}`);
    process.exitCode = 1;
  }
}

/** @param {import("./browser.mjs").Tabs} tabs */
async function casesOf(tabs) {
  const pattern = new RegExp(options.only);
  const cases = (await tabs.measuring.evaluate(() => bench.cases())).filter(({ id }) => pattern.test(id));
  if (cases.length === 0) throw new Error(`no case matches ${options.only}`);
  return cases;
}

/** @param {import("./browser.mjs").Tabs} tabs */
async function finish({ helping, measuring }) {
  await helping.evaluate(() => bench.close());
  await measuring.evaluate(() => bench.close());
  await measuring.evaluate(() => bench.removeDatabases());
}

const tabs = await openTabs(browser, backend);
const before = options.before === undefined ? undefined : await openTabs(browser, backend, resolve(options.before));
try {
  const run = (/** @type {import("./rounds.mjs").CaseInfo} */ info) => runCase(tabs, info);
  if (isProfiling) await profileCases(tabs, await casesOf(tabs), { rounds, directory: options.profile, run });
  else await measure(tabs, before);
  await finish(tabs);
  if (before) await finish(before);
} finally {
  await before?.close();
  await tabs.close();
}
