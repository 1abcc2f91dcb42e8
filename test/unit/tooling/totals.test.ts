import { describe, expect, test } from "vitest";
import { sum, totalsLine, totalsOf } from "../../runner/totals.mjs";

const vitest = (counts: object, testResults: object[] = []) => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults,
  ...counts,
});
const playwright = (counts: object) => ({ stats: { expected: 0, unexpected: 0, flaky: 0, skipped: 0, ...counts } });

describe("the totals of a part", () => {
  test("are what the reports say", () => {
    const report = vitest({ numPassedTests: 4, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 });
    expect(totalsOf("vitest", { exitCode: 1, report })).toEqual({ passed: 4, failed: 1, skipped: 3 });
    const played = playwright({ expected: 3, unexpected: 1, skipped: 1 });
    expect(totalsOf("playwright", { exitCode: 1, report: played })).toEqual({ passed: 3, failed: 1, skipped: 1 });
  });

  test("count a file that could not be loaded as one failure", () => {
    const report = vitest({ numPassedTests: 4 }, [
      { status: "failed", assertionResults: [] },
      { status: "passed", assertionResults: [{ status: "passed" }] },
    ]);
    expect(totalsOf("vitest", { exitCode: 1, report })).toEqual({ passed: 4, failed: 1, skipped: 0 });
  });

  test("count a failing test once, not again for its file", () => {
    const report = vitest({ numFailedTests: 1 }, [{ status: "failed", assertionResults: [{ status: "failed" }] }]);
    expect(totalsOf("vitest", { exitCode: 1, report }).failed).toBe(1);
  });

  test("count a Playwright test that passed only on a retry as failed", () => {
    const report = playwright({ expected: 1, flaky: 1 });
    expect(totalsOf("playwright", { exitCode: 0, report })).toMatchObject({ passed: 1, failed: 1 });
  });

  test.each(["vitest", "playwright"] as const)("fail where %s left no report, whatever its exit code", (runner) => {
    expect(totalsOf(runner, { exitCode: 0, report: undefined }).failed).toBe(1);
    expect(totalsOf(runner, { exitCode: 0, report: {} }).failed).toBe(1);
  });

  test("fail where all tests passed and the runner did not", () => {
    const outcome = { exitCode: 1, report: vitest({ numPassedTests: 4 }) };
    expect(totalsOf("vitest", outcome)).toMatchObject({ passed: 4, failed: 1 });
  });

  test("fail where no test ran", () => {
    const report = vitest({ numPendingTests: 2 });
    expect(totalsOf("vitest", { exitCode: 0, report })).toMatchObject({
      failed: 1,
      skipped: 2,
      problem: "no test ran",
    });
  });
});

test("the last line adds the parts up and names skipped tests only where there are some", () => {
  const parts = [
    { passed: 2, failed: 0, skipped: 0 },
    { passed: 3, failed: 1, skipped: 0 },
  ];
  expect(totalsLine(sum(parts))).toBe("5 passed, 1 failed");
  expect(totalsLine({ passed: 1, failed: 0, skipped: 2 })).toBe("1 passed, 0 failed, 2 skipped");
});
