// `npm run bench:many`: what many queues and many subscriptions cost, in Node on memory, against targets.
//
//   npm run bench:many -- [--before CHECKOUT] [--rounds 5] [--only PATTERN] [--markdown FILE] [--check]
//
// --before names a checkout of an earlier build, with its node_modules: both are measured in the same rounds, in turn.
// --check fails when a target is missed.

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { roundsOf, say } from "../command-line.mjs";
import { describeMachine, machineLine } from "../machine.mjs";
import { table } from "../report.mjs";
import { loadBuild } from "./builds.mjs";
import { FIGURES } from "./cases.mjs";

const { values: options } = parseArgs({
  options: {
    before: { type: "string" },
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    markdown: { type: "string" },
    check: { type: "boolean", default: false },
  },
});
const rounds = roundsOf(options.rounds);
const pattern = new RegExp(options.only);
const chosen = FIGURES.filter(({ what }) => pattern.test(what));
if (chosen.length === 0) throw new Error(`no figure matches ${options.only}`);
const machine = describeMachine(`Node ${process.versions.node}`);
const now = await loadBuild(fileURLToPath(new URL("../../", import.meta.url)));
const before = options.before === undefined ? undefined : await loadBuild(resolve(options.before));

/** @type {Map<string, { now: number[], before: number[] }>} */
const measured = new Map(chosen.map(({ what }) => [what, { now: [], before: [] }]));
for (let round = 1; round <= rounds; round++) {
  for (const { what, measure } of chosen) {
    say(`round ${round} of ${rounds}: ${what}`);
    measured.get(what)?.now.push(await measure(now));
    if (before) measured.get(what)?.before.push(await measure(before));
  }
}
say("");

/** @param {readonly number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const figures = chosen.map(({ what, show, atMost, atLeast, atMostOfBefore }) => {
  const { now: today = [], before: earlier = [] } = measured.get(what) ?? {};
  const value = median(today) ?? Number.NaN;
  const was = median(earlier);
  const most = atMost ?? (was === undefined || atMostOfBefore === undefined ? undefined : was * atMostOfBefore);
  const isMet = atLeast === undefined ? value <= (most ?? Number.POSITIVE_INFINITY) : value >= atLeast;
  const bound = atLeast === undefined ? most !== undefined && `≤ ${show(most)}` : `≥ ${show(atLeast)}`;
  return {
    what,
    value: show(value),
    before: was === undefined ? "" : show(was),
    most: bound || "",
    verdict: bound ? (isMet ? "met" : "MISSED") : "",
  };
});
const head = ["what", "now", "before", "target", ""];
const rows = figures.map(({ what, value, before: was, most, verdict }) => [what, value, was, most, verdict]);
const title = `${machineLine(machine)}, medians of ${rounds} rounds`;
console.log(`${title}\n\n${table(head, rows, "text")}`);
if (options.markdown) writeFileSync(options.markdown, `${title}\n\n${table(head, rows, "markdown")}\n`);
if (options.check && figures.some(({ verdict }) => verdict === "MISSED")) process.exitCode = 1;
