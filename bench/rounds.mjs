// Runs the cases round by round: every case once a round, so that what slows the machine for a while slows all of them.

import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./command-line.mjs";

/** Between two cases: what the last one left to do in the background, such as deleting batches, is over by then. */
const PAUSE_MS = 500;

/**
 * @typedef {Omit<import("./pages/case.js").Case, "measure">} CaseInfo
 * @typedef {Record<string, number>} Values by metric: `us`, or `p50` and `p99`
 * @typedef {CaseInfo & { rounds: Values[], before: Values[], medians: Values }} CaseResult `before`, round by round, is empty
 * unless an earlier build takes part
 */

/**
 * @param {import("./browser.mjs").Tabs} tabs
 * @param {CaseInfo} info
 * @returns {Promise<Values>}
 */
export async function runCase({ measuring, helping }, { id, helper }) {
  if (helper) await helping.evaluate((name) => bench.help(name), id);
  try {
    return await measuring.evaluate((name) => bench.measure(name), id);
  } finally {
    if (helper) await helping.evaluate(() => bench.stopHelping());
    await sleep(PAUSE_MS);
  }
}

/**
 * @param {{ now: import("./browser.mjs").Tabs, before?: import("./browser.mjs").Tabs | undefined }} builds an earlier one
 * runs the cases of OriginMQ in the same rounds, before and after the other in turn
 * @param {readonly CaseInfo[]} cases
 * @param {number} count of rounds; one more comes before, to warm up, and is thrown away
 * @param {(line: string) => void} say
 * @returns {Promise<CaseResult[]>}
 */
export async function runRounds({ now, before }, cases, count, say) {
  /** @returns {Values[]} */
  const none = () => [];
  const results = cases.map((info) => ({ ...info, rounds: none(), before: none(), medians: {} }));
  for (let round = 0; round <= count; round++) {
    for (const [i, result] of results.entries()) {
      const name = round === 0 ? "warm-up" : `round ${round} of ${count}`;
      say(`${name}, case ${i + 1} of ${results.length}: ${result.id}`);
      const turns = [{ tabs: now, values: result.rounds }];
      if (before && result.group === "originmq") turns.push({ tabs: before, values: result.before });
      for (const { tabs, values } of round % 2 ? turns : turns.reverse()) {
        const measured = await runCase(tabs, result);
        if (round > 0) values.push(measured);
      }
    }
  }
  return results.map((result) => ({ ...result, medians: mediansOf(result.rounds) }));
}

/** Between two measurements of `inTurn`. */
const TURN_PAUSE_MS = 300;

/** Measures each of them in every round, each at every place in turn. @template {string} Name @param {string} what
 * @param {Record<Name, () => Promise<number>>} ways @param {number} rounds @returns {Promise<Record<Name, number[]>>} by name, round by round */
export async function inTurn(what, ways, rounds) {
  const names = /** @type {Name[]} */ (Object.keys(ways));
  const measured = /** @type {any} */ (Object.fromEntries(names.map((name) => [name, []])));
  // One round more comes before, to warm up, and is thrown away.
  for (let round = 0; round <= rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      say(`${what}, ${round === 0 ? "warm-up" : `round ${round} of ${rounds}`}: ${name}`);
      const value = await ways[name]();
      if (round > 0) measured[name].push(value);
      await sleep(TURN_PAUSE_MS);
    }
  }
  return measured;
}

/** @param {readonly Values[]} rounds @returns {Values} */
export function mediansOf(rounds) {
  const metrics = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(metrics.map((metric) => [metric, median(rounds.map((values) => values[metric] ?? 0))]));
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
