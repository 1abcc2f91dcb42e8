// What failed and why, from the runners' own JSON reports, so that it stands once more at the end of a long output.

import { relative } from "node:path";

/** @typedef {{ title: string, why: string }} Failure */

const LINES_MAX = 25;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of terminals are such characters
const COLOURS = /\u001b\[[\d;]*m/g;

/** @param {unknown} why */
const short = (why) => String(why).replace(COLOURS, "").split("\n").slice(0, LINES_MAX).join("\n");

/**
 * @param {import("./parts.mjs").Runner} runner
 * @param {any} report `undefined` where none could be read
 * @returns {Failure[]}
 */
export const failuresOf = (runner, report) => (runner === "vitest" ? ofVitest(report) : ofPlaywright(report));

/** @param {any} report @returns {Failure[]} */
const ofVitest = (report) =>
  (report?.testResults ?? []).flatMap((/** @type {any} */ file) => {
    const name = relative("", file.name);
    const failed = file.assertionResults.filter((/** @type {any} */ { status }) => status === "failed");
    if (failed.length === 0) return file.status === "failed" ? [{ title: name, why: short(file.message) }] : [];
    return failed.map((/** @type {any} */ { fullName, failureMessages }) => ({
      title: `${name} › ${fullName}`,
      why: short(failureMessages.join("\n")),
    }));
  });

/** @param {any} report @returns {Failure[]} */
const ofPlaywright = (report) => [
  ...(report?.errors ?? []).map((/** @type {any} */ { message }) => ({
    title: "outside of a test",
    why: short(message),
  })),
  ...(report?.suites ?? []).flatMap(ofSuite),
];

/** @param {any} suite @returns {Failure[]} */
const ofSuite = ({ suites = [], specs = [] }) => [
  ...specs.flatMap((/** @type {any} */ { file, title, tests }) =>
    tests.flatMap((/** @type {any} */ { status, results }) => {
      if (status !== "unexpected" && status !== "flaky") return [];
      const errors = results.flatMap((/** @type {any} */ result) => result.errors ?? []);
      return [{ title: `${file} › ${title}`, why: short(errors.map((/** @type {any} */ e) => e.message).join("\n")) }];
    }),
  ),
  ...suites.flatMap(ofSuite),
];
