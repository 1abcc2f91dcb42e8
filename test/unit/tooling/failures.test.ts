import { expect, test } from "vitest";
import { failuresOf } from "../../runner/failures.mjs";

test("of Vitest, each test that failed is named with its file and reason, and a file that could not be loaded", () => {
  const report = {
    testResults: [
      {
        name: `${process.cwd()}/test/a.test.ts`,
        status: "failed",
        assertionResults: [
          { status: "passed", fullName: "fine", failureMessages: [] },
          { status: "failed", fullName: "group wrong", failureMessages: ["\u001b[31mexpected 1\u001b[39m"] },
        ],
      },
      { name: `${process.cwd()}/test/b.test.ts`, status: "failed", message: "no such module", assertionResults: [] },
    ],
  };
  expect(failuresOf("vitest", report)).toEqual([
    { title: "test/a.test.ts › group wrong", why: "expected 1" },
    { title: "test/b.test.ts", why: "no such module" },
  ]);
});

test("of Playwright, each test that failed, or passed only on a retry, at whatever depth, and errors outside of tests", () => {
  const spec = (title: string, status: string, messages: string[]) => ({
    file: "x.test.ts",
    title,
    tests: [{ status, results: [{ errors: messages.map((message) => ({ message })) }] }],
  });
  const report = {
    errors: [{ message: "cannot load" }],
    suites: [
      {
        specs: [spec("fine", "expected", [])],
        suites: [{ specs: [spec("deep", "unexpected", ["late"]), spec("shaky", "flaky", ["once"])] }],
      },
    ],
  };
  expect(failuresOf("playwright", report)).toEqual([
    { title: "outside of a test", why: "cannot load" },
    { title: "x.test.ts › deep", why: "late" },
    { title: "x.test.ts › shaky", why: "once" },
  ]);
});

test("where there is no report, there is nothing to name", () => {
  expect(failuresOf("vitest", undefined)).toEqual([]);
  expect(failuresOf("playwright", undefined)).toEqual([]);
});
