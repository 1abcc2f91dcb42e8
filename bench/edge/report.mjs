// The tables of a run, and its picture: what was measured, and what that is of what.

import { machineLine } from "../machine.mjs";
import { pictureOf } from "../picture.mjs";
import { isMet } from "../ratios.mjs";
import { table } from "../report.mjs";
import { median } from "../rounds.mjs";

/**
 * @typedef {import("./cases.mjs").Values} Values
 * @typedef {{ id: string, label: string, rounds: Values[], before: Values[], medians: Values }} Result `before`, round by round,
 * is empty unless an earlier build takes part
 * @typedef {object} Run
 * @property {import("../machine.mjs").Machine} machine
 * @property {string} versions
 * @property {number} rounds
 * @property {readonly Result[]} results
 * @property {readonly import("./targets.mjs").Row[]} rows
 */

/** Where and with what it was made. @param {Run} run */
export const headsOf = ({ machine, versions, rounds }) => [
  machineLine(machine),
  versions,
  `medians of ${rounds} rounds, interleaved`,
];

/** @param {Run} run @param {"text" | "markdown"} form */
export const tablesOf = ({ results, rows }, form) => [
  table(
    ["case", "measured", "a second", "spread", ...(results.some(hasBefore) ? ["of the build before"] : [])],
    results.map((result) => [
      ...[result.label, figure(result.medians), rate(result.medians), spread(result)],
      ...(hasBefore(result) ? [`${gain(result).toFixed(2)} times as fast`] : []),
    ]),
    form,
  ),
  table(
    ["ratio", "measured", "target", ""],
    rows.map((row) => [
      row.what,
      quantity(row.value, row.unit),
      asked(row),
      row.target === undefined ? "" : isMet(row, row.target) ? "met" : "MISSED",
    ]),
    form,
  ),
];

/** The rows that have a target. @param {Run} run @returns {string} an SVG */
export const drawingOf = ({ rounds, rows }) =>
  pictureOf(
    "Servers: measured, of what was asked",
    `npm run bench:edge, medians of ${rounds} rounds; to the right is better`,
    rows.flatMap(({ target, ...row }) =>
      target === undefined
        ? []
        : [{ ...row, target, says: `${quantity(row.value, row.unit)} (${asked({ ...row, target })})` }],
    ),
  );

/** @param {import("./targets.mjs").Row} row */
const asked = ({ target, isAtMost, unit }) =>
  target === undefined ? "" : `${isAtMost ? "≤" : "≥"} ${quantity(target, unit)}`;

/** @param {number} value @param {import("./targets.mjs").Row["unit"]} unit */
const quantity = (value, unit) => (unit === "times" ? value.toFixed(2) : `${value.toFixed(1)} ${unit}`);

/** @param {Values} values */
const figure = ({ us, p50, p99, bytes, heap, load, first, later }) =>
  [
    us === undefined ? [] : `${us.toFixed(2)} µs a message`,
    bytes === undefined ? [] : size(bytes),
    heap === undefined ? [] : `${size(heap)} of it objects`,
    first === undefined ? [] : `the first of a process ${first.toFixed(0)} ms, later ones ${later?.toFixed(0)} ms`,
    p50 === undefined ? [] : `p50 ${p50.toFixed(2)} ms, p99 ${p99?.toFixed(2)} ms`,
    load === undefined ? [] : `the server ${(100 * load).toFixed(0)} % of a core`,
  ]
    .flat()
    .join("; ");

/** @param {number} bytes */
const size = (bytes) => (bytes < 1_000 ? `${bytes.toFixed(0)} bytes` : `${(bytes / 1_000).toFixed(1)} kB`);

/** @param {Values} values */
const rate = ({ us }) => (us === undefined ? "" : Math.round(1e6 / us).toLocaleString("en"));

/** What the case is about. @param {Result} result */
const metricOf = ({ medians }) => ["us", "p50", "bytes", "first"].find((name) => medians[name] !== undefined) ?? "";

/** @param {Result} result */
const hasBefore = ({ before }) => before.length > 0;

/** How many times as fast, or as small, as the build before: the median of what each round says. @param {Result} result */
function gain(result) {
  const metric = metricOf(result);
  return median(result.rounds.map((values, i) => (result.before[i]?.[metric] ?? 0) / (values[metric] || 1)));
}

/** Half the way from the quickest round to the slowest, as part of the median. @param {Result} result */
function spread(result) {
  const { rounds, medians } = result;
  const metric = metricOf(result);
  const values = rounds.map((round) => round[metric] ?? 0);
  return `±${Math.round((50 * (Math.max(...values) - Math.min(...values))) / (medians[metric] || 1))} %`;
}
