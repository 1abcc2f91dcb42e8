// What is compared with what, and the targets: all are ratios, or differences, of medians of one run.

/**
 * @typedef {import("./cases.mjs").Values} Values
 * @typedef {{ id: string, label: string, rounds: Values[], before: Values[], medians: Values }} ColdResult
 * @typedef {object} Row
 * @property {string} what
 * @property {number} value
 * @property {"times" | "ms"} unit
 * @property {number} target not to be exceeded
 * @property {true} isAtMost
 * @property {number} [before] the same of the earlier build
 * @property {string} note what it was made of
 */

import { mediansOf } from "../rounds.mjs";

/** @type {readonly { what: string, of: string, than?: string, metric: string, unit: "times" | "ms", target: number }[]} */
const TARGETS = [
  {
    what: "cold, of Dexie's",
    of: "originmq-relaxed",
    than: "dexie-relaxed",
    metric: "first",
    unit: "times",
    target: 1.5,
  },
  {
    what: "cold, strict, of Dexie's, strict",
    of: "originmq-strict",
    than: "dexie-strict",
    metric: "first",
    unit: "times",
    target: 1.5,
  },
  {
    what: "cold with 100,000 waiting, of cold with none",
    of: "waiting-many",
    than: "waiting-none",
    metric: "first",
    unit: "times",
    target: 1.2,
  },
  {
    what: "second tab, of Dexie's",
    of: "originmq-relaxed",
    than: "dexie-relaxed",
    metric: "second",
    unit: "times",
    target: 0.8,
  },
  {
    what: "cold on Chromium's SQLite, of Dexie's there",
    of: "sqlite-originmq-relaxed",
    than: "sqlite-dexie-relaxed",
    metric: "first",
    unit: "times",
    target: 1.5,
  },
  {
    what: "cold in Firefox, of Dexie's",
    of: "firefox-originmq-relaxed",
    than: "firefox-dexie-relaxed",
    metric: "first",
    unit: "times",
    target: 2,
  },
  {
    what: "main thread blocked, 4 × slowed down, more than without",
    of: "interactive",
    metric: "blocked",
    unit: "ms",
    target: 15,
  },
];

/** @param {readonly Values[]} rounds @param {string} metric */
function noteOf(rounds, metric) {
  const sorted = rounds.map((values) => values[metric] ?? Number.NaN).sort((a, b) => a - b);
  return `${sorted.at(0)?.toFixed(1)} to ${sorted.at(-1)?.toFixed(1)} ms`;
}

/** @param {readonly ColdResult[]} results @returns {Row[]} of what was measured */
export function rowsOf(results) {
  const byId = new Map(results.map((result) => [result.id, result]));
  return TARGETS.flatMap(({ what, of, than, metric, unit, target }) => {
    const own = byId.get(of);
    const value = own?.medians[metric];
    const limit = than === undefined ? undefined : byId.get(than)?.medians[metric];
    if (own === undefined || value === undefined || (than !== undefined && limit === undefined)) return [];
    const compared = (/** @type {number} */ ms) => (limit === undefined ? ms : ms / limit);
    const earlier = own.before.length > 0 ? mediansOf(own.before)[metric] : undefined;
    const note = limit === undefined ? noteOf(own.rounds, metric) : `${value.toFixed(1)} ms, ${limit.toFixed(1)} ms`;
    const before = earlier === undefined ? {} : { before: compared(earlier) };
    return [{ what, value: compared(value), unit, target, isAtMost: /** @type {const} */ (true), note, ...before }];
  });
}
