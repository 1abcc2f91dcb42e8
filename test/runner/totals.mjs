// What the runners' own JSON reports say, added up. Nothing that failed is left out: a file that could not be loaded
// has no tests to count, and a runner that ended badly may have written no report, so each of them counts as a failure.

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Totals
 * @typedef {{ exitCode: number | null, report: unknown }} Outcome `report` is undefined where none could be read
 */

/** @type {Totals} */
export const NOTHING = { passed: 0, failed: 0, skipped: 0 };

/** @param {readonly Totals[]} all @returns {Totals} */
export const sum = (all) =>
  all.reduce(
    (left, right) => ({
      passed: left.passed + right.passed,
      failed: left.failed + right.failed,
      skipped: left.skipped + right.skipped,
    }),
    NOTHING,
  );

/** @param {Totals} totals */
export const totalsLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;

/**
 * A part's totals. Fails at least once where the runner did, or where no test ran.
 * @param {import("./parts.mjs").Runner} runner
 * @param {Outcome} outcome
 * @returns {Totals & { problem?: string }}
 */
export function totalsOf(runner, { exitCode, report }) {
  const counted = runner === "vitest" ? countVitest(report) : countPlaywright(report);
  if (counted === undefined) return { ...NOTHING, failed: 1, problem: "the test runner left no report" };
  if (counted.failed > 0) return counted;
  if (exitCode !== 0) return { ...counted, failed: 1, problem: `the test runner ended with exit code ${exitCode}` };
  if (counted.passed === 0) return { ...counted, failed: 1, problem: "no test ran" };
  return counted;
}

/** @param {any} report @returns {Totals | undefined} */
function countVitest(report) {
  if (!Array.isArray(report?.testResults)) return undefined;
  const broken = report.testResults.filter(
    (/** @type {any} */ file) => file.status === "failed" && !file.assertionResults.some(isFailed),
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** @param {any} result */
const isFailed = (result) => result.status === "failed";

/**
 * A flaky test, one that passed only on a retry, counts as failed.
 * @param {any} report
 * @returns {Totals | undefined}
 */
function countPlaywright(report) {
  if (typeof report?.stats?.expected !== "number") return undefined;
  const { expected, unexpected, flaky, skipped } = report.stats;
  return { passed: expected, failed: unexpected + flaky + (report.errors?.length ?? 0), skipped };
}
