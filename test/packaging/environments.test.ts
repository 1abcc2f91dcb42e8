// `storage: "memory"` outside browsers: in what stands in for one in tests, and in other runtimes than Node's. The tests that
// are run here are those of an application that has the tarball.

import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { ROOT } from "../../scripts/package-layout.mjs";

const folder = join(inject("packed").app, "tests");
const tool = (path: string) => join(ROOT, "node_modules", path);

/** Runs a program without what this test's own runner has left in the environment. */
function run(program: string, args: readonly string[], options = ""): SpawnSyncReturns<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS)/.test(name)),
  );
  return spawnSync(program, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...env, NODE_OPTIONS: options },
    timeout: 60_000,
  });
}

describe.each(["jsdom", "happy-dom"])("in %s a queue in memory works", (environment) => {
  test("under Vitest", () => {
    const args = [tool("vitest/vitest.mjs"), "run", "--root", ".", "--globals", "--environment", environment];
    const { stdout, stderr } = run(process.execPath, args);
    expect(`${stdout}${stderr}`).toMatch(/Tests .*1 passed/);
  });

  const jest = (testEnvironment: string) => {
    const config = JSON.stringify({ testEnvironment, transform: {} });
    const args = [tool("jest/bin/jest.js"), "--config", config, "--rootDir", "."];
    return run(process.execPath, args, "--experimental-vm-modules");
  };

  test("under Jest, once the environment has back what docs/testing.md says; and the run ends by itself", () => {
    const { status, stderr } = jest(`./${environment}-environment.js`);
    expect(stderr).toMatch(/1 passed/);
    expect(stderr).not.toMatch(/did not exit/);
    expect(status).toBe(0);
  });
});

test("what Jest's jsdom has taken away is named", () => {
  const config = JSON.stringify({ testEnvironment: tool("jest-environment-jsdom"), transform: {} });
  const { stderr } = run(process.execPath, [tool("jest/bin/jest.js"), "--config", config], "--experimental-vm-modules");
  expect(stderr).toContain("a queue in memory needs MessageChannel and structuredClone, missing here");
});

describe("in a process a queue in memory is hosted by the process, which ends once the queue is closed", () => {
  const RUNTIMES: Readonly<Record<string, readonly [string, ...string[]]>> = {
    Node: [process.execPath],
    Deno: [tool(".bin/deno"), "run", "--allow-all"],
    Bun: [tool(".bin/bun"), "run"],
  };

  for (const [runtime, [program, ...args]] of Object.entries(RUNTIMES)) {
    // Their packages have no binary for every platform.
    test.skipIf(!existsSync(program))(runtime, () => {
      const { stdout, stderr } = run(program, [...args, "process.mjs"]);
      const endedAt = Date.now();
      const { closedAt, ...answer } = JSON.parse(stdout || JSON.stringify({ stderr }));
      expect(answer).toEqual({ kind: "in-process", seen: [7] });
      // A worker would be let finish its commit, for 5 s.
      expect(endedAt - closedAt).toBeLessThan(4_000);
    });
  }
});
