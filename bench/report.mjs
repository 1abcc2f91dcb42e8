// The one table of a run, for a terminal or as markdown.

import { createRatios, isMet } from "./ratios.mjs";

const GROUPS = { limit: "limits", peer: "peers, end to end in one tab", originmq: "OriginMQ" };

/**
 * @typedef {import("./rounds.mjs").CaseResult} CaseResult
 * @typedef {import("./machine.mjs").Machine} Machine
 * @typedef {{ machine: Machine, rounds: number, results: readonly CaseResult[] }} Run
 */

/** @param {Run} run @param {"text" | "markdown"} form */
export function tableOf({ results, machine }, form) {
  const ratios = createRatios(results, machine);
  const head = ["case", "µs a message", "messages a second", "spread", "of its limit", "of the fastest peer"];
  const rows = sectionsOf(results).flatMap(({ title, cases }) => [
    [form === "markdown" ? `**${title}**` : title.toUpperCase()],
    ...cases.map((result) => [
      result.label,
      figure(result),
      result.medians.us === undefined ? "" : Math.round(1e6 / result.medians.us).toLocaleString("en"),
      spread(result),
      times(ratios.limitOf(result)),
      times(ratios.peerOf(result)),
    ]),
  ]);
  return table(head, rows, form);
}

/** @param {Run} run @param {"text" | "markdown"} form */
export function targetsOf({ results, machine }, form) {
  const head = ["ratio", "measured", "target", "asked"];
  const rows = createRatios(results, machine)
    .all()
    .map((ratio) => [
      ratio.what,
      times(ratio.value),
      ratio.target === undefined ? "" : `${ratio.target} ${isMet(ratio, ratio.target) ? "met" : "MISSED"}`,
      ratio.goal === undefined ? "" : `${ratio.goal} ${isMet(ratio, ratio.goal) ? "met" : "not yet"}`,
    ]);
  return table(head, rows, form);
}

/** @param {readonly CaseResult[]} results */
function sectionsOf(results) {
  const names = /** @type {(keyof typeof GROUPS)[]} */ (Object.keys(GROUPS));
  return ["", "relaxed", "strict"].flatMap((durability) =>
    names
      .map((group) => ({
        title: durability ? `${GROUPS[group]}, ${durability}` : GROUPS[group],
        cases: results.filter((one) => one.group === group && (one.durability ?? "") === durability),
      }))
      .filter(({ cases }) => cases.length > 0),
  );
}

/** @param {CaseResult} result */
function figure({ medians: { us, p50, p99 } }) {
  return us === undefined ? `p50 ${p50?.toFixed(2)} ms, p99 ${p99?.toFixed(2)} ms` : us.toFixed(us < 100 ? 2 : 0);
}

/** Half the way from the quickest round to the slowest, as part of the median. @param {CaseResult} result */
function spread({ rounds, medians }) {
  const metric = medians.us === undefined ? "p50" : "us";
  const values = rounds.map((round) => round[metric] ?? 0);
  const half = (Math.max(...values) - Math.min(...values)) / 2;
  return `±${Math.round((100 * half) / (medians[metric] || 1))} %`;
}

/** @param {number | undefined} ratio */
const times = (ratio) => (ratio === undefined ? "" : ratio.toFixed(ratio < 10 ? 2 : 0));

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows @param {"text" | "markdown"} form */
export const table = (head, rows, form) => (form === "markdown" ? markdown(head, rows) : aligned(head, rows));

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function markdown(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${head.map((_, i) => cells[i] ?? "").join(" | ")} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? "---" : "--:")).join("|")}|`, ...rows.map(line)].join("\n");
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function aligned(head, rows) {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((cells) => (cells[i] ?? "").length)));
  const line = (/** @type {readonly string[]} */ cells) =>
    widths
      .map((width, i) => (i === 0 ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width)))
      .join("  ")
      .trimEnd();
  const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [line(head), rule, ...rows.map((cells) => (cells.length === 1 ? `\n${cells[0]}` : line(cells)))].join("\n");
}
