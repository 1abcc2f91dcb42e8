// `npm run bench:cold`: from the call to the first durable message, in browsers that were never used, against targets.
//
//   npm run bench:cold -- [--rounds 7] [--only PATTERN] [--before CHECKOUT] [--markdown FILE] [--picture FILE] [--check]
//
// --only runs the cases whose name matches; --before names a checkout of an earlier build, with its node_modules, which
// takes part in the same rounds; --picture draws the stages; --check fails when a target is missed. Firefox takes part
// where it is installed.

import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findFirefox } from "../../test/engines/find-engines.mjs";
import { roundsOf, say } from "../command-line.mjs";
import { describeMachine, machineLine } from "../machine.mjs";
import { isMet } from "../ratios.mjs";
import { table } from "../report.mjs";
import { mediansOf } from "../rounds.mjs";
import { CASES } from "./cases.mjs";
import { timeLineOf } from "./picture.mjs";
import { serveCold } from "./site.mjs";
import { measureStages, mediansOfStages } from "./stages.mjs";
import { rowsOf } from "./targets.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const WAITING = 100_000;
/** What the last browser left to do is over by then. */
const PAUSE_MS = 300;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    only: { type: "string", default: "" },
    before: { type: "string" },
    markdown: { type: "string" },
    picture: { type: "string" },
    check: { type: "boolean", default: false },
  },
});
const rounds = roundsOf(options.rounds);
const pattern = new RegExp(options.only);
const hasFirefox = findFirefox() !== undefined;
const cases = CASES.filter(({ id, needs }) => pattern.test(id) && (needs === undefined || hasFirefox));
const hasStages = options.only === "" || pattern.test("stages");
if (cases.length === 0 && !hasStages) {
  throw new Error(`no case matches ${options.only}: ${[...CASES.map(({ id }) => id), "stages"].join(", ")}`);
}

/** @param {string} [checkout] */
async function openLab(checkout) {
  const site = await serveCold(checkout);
  const isLeft = cases.some(({ id }) => /^(waiting|opening)/.test(id));
  const left = isLeft ? { many: await site.leave(WAITING), none: await site.leave(0) } : { many: "", none: "" };
  return { site, left, noting: hasStages ? await serveCold(checkout, true) : undefined };
}

/** @param {readonly import("./targets.mjs").Row[]} rows @param {"text" | "markdown"} form */
const targetsOf = (rows, form) =>
  table(
    ["what", "measured", ...(options.before ? ["before"] : []), "target", "", "made of"],
    rows.map((row) => [
      row.what,
      quantity(row.value, row.unit),
      ...(options.before ? [row.before === undefined ? "" : quantity(row.before, row.unit)] : []),
      `≤ ${quantity(row.target, row.unit)}`,
      isMet(row, row.target) ? "met" : "MISSED",
      row.note,
    ]),
    form,
  );

/** @param {number} value @param {"times" | "ms"} unit */
const quantity = (value, unit) => (unit === "times" ? value.toFixed(2) : `${value.toFixed(1)} ms`);

/** @param {readonly import("./targets.mjs").ColdResult[]} results @param {"text" | "markdown"} form */
const casesOf = (results, form) =>
  table(
    ["case", "first tab, ms", "second tab, ms", "spread", ...(options.before ? ["before"] : [])],
    results.map(({ label, medians, rounds, before }) => [
      label,
      (medians.first ?? medians.busy)?.toFixed(1) ?? "",
      medians.second?.toFixed(1) ?? "",
      spreadOf(rounds),
      ...(options.before
        ? [
            Object.values(mediansOf(before))
              .map((ms) => ms.toFixed(1))
              .join(", "),
          ]
        : []),
    ]),
    form,
  );

/** @param {readonly import("./cases.mjs").Values[]} rounds */
function spreadOf(rounds) {
  const all = rounds.map(({ first, busy }) => first ?? busy ?? 0);
  return `${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)}`;
}

/** @param {readonly import("./stages.mjs").Stage[]} stages @param {"text" | "markdown"} form */
const stagesTable = (stages, form) =>
  table(
    ["stage", "from, ms", "to, ms", "ms"],
    stages.map(({ name, from, to }) => [name, from.toFixed(1), to.toFixed(1), (to - from).toFixed(1)]),
    form,
  );

const now = await openLab();
const before = options.before === undefined ? undefined : await openLab(resolve(options.before));
const labs = [{ lab: now, name: "now" }, ...(before ? [{ lab: before, name: "before" }] : [])];
try {
  const version = await now.site.inNewBrowser("chromium", async ({ version }) => version);
  const machine = describeMachine(version);
  /** @returns {import("./cases.mjs").Values[]} */
  const none = () => [];
  /** @returns {import("./stages.mjs").TabStages[]} */
  const noStages = () => [];
  const results = cases.map(({ id, label }) => ({ id, label, rounds: none(), before: none() }));
  const browsers = /** @type {const} */ (["chromium", ...(hasFirefox ? /** @type {const} */ (["firefox"]) : [])]);
  const stages = labs.flatMap(({ lab: { noting }, name }) =>
    noting ? browsers.map((browser) => ({ noting, name, browser, rounds: noStages() })) : [],
  );
  for (let round = 1; round <= rounds; round++) {
    for (const [i, { id, isOwn, measure }] of cases.entries()) {
      say(`round ${round} of ${rounds}, case ${i + 1} of ${cases.length}: ${id}`);
      const turns = [{ lab: now, values: results[i]?.rounds }];
      if (before && isOwn) turns.push({ lab: before, values: results[i]?.before });
      for (const { lab, values } of round % 2 ? turns : turns.reverse()) {
        values?.push(await measure(lab.site, lab.left));
        await sleep(PAUSE_MS);
      }
    }
    for (const { noting, browser, rounds } of stages) rounds.push(await measureStages(noting, browser));
  }
  say("");
  const measured = results.map((result) => ({ ...result, medians: mediansOf(result.rounds) }));
  const rows = rowsOf(measured);
  const lines = stages.flatMap(({ name, browser, rounds }) =>
    /** @type {const} */ (["first", "second"]).map((tab) => ({
      title: `${name}, ${browser}, ${tab} tab`,
      isDrawn: browser === "chromium" && tab === "first",
      name,
      stages: mediansOfStages(rounds.map((round) => round[tab])),
    })),
  );
  /** @param {"text" | "markdown"} form */
  const report = (form) => [
    ...(measured.length > 0 ? [casesOf(measured, form)] : []),
    ...(rows.length > 0 ? [targetsOf(rows, form)] : []),
    ...lines.map(({ title, stages }) => `Stages, ${title}\n\n${stagesTable(stages, form)}`),
  ];
  const heads = [machineLine(machine), `medians of ${rounds} rounds, interleaved, each in a new browser`];
  console.log(`${heads.join("\n")}\n\n${report("text").join("\n\n")}\n`);
  mkdirSync(RESULTS, { recursive: true });
  const file = `${RESULTS}cold-${new Date().toISOString().replace(/[:.]/g, "-")}.json`;
  writeFileSync(file, `${JSON.stringify({ machine, rounds, results: measured, rows, lines }, null, 2)}\n`);
  console.log(`written to ${file}`);
  if (options.markdown) writeFileSync(options.markdown, `${[...heads, ...report("markdown")].join("\n\n")}\n`);
  const drawn = lines.filter(({ isDrawn }) => isDrawn).map(({ name, stages }) => ({ title: name, stages }));
  if (options.picture) writeFileSync(options.picture, timeLineOf(drawn.reverse()));
  const missed = rows.filter((row) => !isMet(row, row.target));
  if (options.check && missed.length > 0) {
    console.error(`missed: ${missed.map(({ what }) => what).join("; ")}`);
    process.exitCode = 1;
  }
} finally {
  for (const { lab } of labs) {
    await lab.site.close();
    await lab.noting?.close();
  }
}
