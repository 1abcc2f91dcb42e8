// Runs one part in a process of its own and reads what its runner reported.

import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, constants, setPriority } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { betterSqlite, hasSqlite, nodeWithSqlite } from "../../scripts/runtimes.mjs";
import { failuresOf } from "./failures.mjs";
import { totalsOf } from "./totals.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** @param {import("./parts.mjs").Part} part */
export function hasTests(part) {
  const folder = join(ROOT, part.folder);
  return existsSync(folder) && readdirSync(folder, { recursive: true }).some((file) => part.files.test(String(file)));
}

/** @param {import("./parts.mjs").Part} part */
export const logOf = (part) => join(ROOT, "test-results", `${part.name}.log`);

/**
 * @param {import("./parts.mjs").Part} part
 * @param {readonly string[]} extra arguments for the runner: parts of file names, its options
 * @param {{ isBeside?: boolean }} [how] `isBeside`: others run at the same time, and its output goes into a file
 * @returns {Promise<import("./totals.mjs").Totals & { problem?: string, failures?: import("./failures.mjs").Failure[] }>}
 */
export async function runPart(part, extra, { isBeside = false } = {}) {
  const reportFile = join(ROOT, "test-results", `${part.name}.json`);
  rmSync(reportFile, { force: true });
  const [file, args] = part.runner === "vitest" ? vitest(part, reportFile) : playwright(part);
  const { program, options = [], env: own } = part.runtime ? RUNTIMES[part.runtime]() : { program: process.execPath };
  const needs = part.runtime && { ORIGINMQ_NEEDS_SQLITE: "1" };
  const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: reportFile, ...needs, ...own };
  const command = [program, ...options, join(ROOT, "node_modules", file), ...args, ...extra];
  const how = { log: isBeside ? logOf(part) : undefined, isPatient: part.isPatient ?? false };
  const exitCode = await run(command, env, part.limitMs, how);
  if (exitCode === "late") {
    return { passed: 0, failed: 1, skipped: 0, problem: `ended after ${part.limitMs / 1000} s, its time limit` };
  }
  const report = readJson(reportFile);
  return { ...totalsOf(part.runner, { exitCode, report }), failures: failuresOf(part.runner, report) };
}

/** @param {import("./parts.mjs").Part} part @param {string} reportFile @returns {[string, string[]]} */
const vitest = (part, reportFile) => [
  "vitest/vitest.mjs",
  [
    ...["run", ...(part.projects ?? [part.name]).flatMap((name) => ["--project", name]), ...(part.only ?? [])],
    ...[`--reporter=${part.tellsEach ? "verbose" : "default"}`, "--reporter=json", `--outputFile.json=${reportFile}`],
    ...(part.onAllCores ? [`--maxWorkers=${availableParallelism()}`] : []),
  ],
];

const BIN = join(ROOT, "node_modules", ".bin");
/**
 * What else than this Node runs a part: with what options, and what it, and the processes that it starts, find in their
 * environment.
 * @type {Record<import("./parts.mjs").Runtime, () => { program: string, options?: string[], env?: NodeJS.ProcessEnv }>}
 */
const RUNTIMES = {
  deno: () => ({ program: join(BIN, "deno"), options: ["run", "--allow-all"] }),
  bun: () => ({ program: join(BIN, "bun"), options: ["--bun"] }),
  "node-sqlite": () => ({ program: nodeWithSqlite() }),
  "better-sqlite3"() {
    const preloaded = `--import=${new URL("better-sqlite3.mjs", import.meta.url)}`;
    const without = hasSqlite(process.execPath) ? ["--no-experimental-sqlite"] : [];
    const NODE_OPTIONS = [process.env.NODE_OPTIONS ?? "", preloaded, ...without].join(" ");
    return { program: process.execPath, env: { ORIGINMQ_BETTER_SQLITE3: betterSqlite(), NODE_OPTIONS } };
  },
};

/** @param {import("./parts.mjs").Part} part @returns {[string, string[]]} */
const playwright = (part) => [
  "@playwright/test/cli.js",
  ["test", "--config", join(part.folder, "playwright.config.ts"), "--reporter=list,json"],
];

/**
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} env
 * @param {number} limitMs
 * @param {{ log: string | undefined, isPatient: boolean }} how where its output goes, if it runs beside others, and whether
 *   it takes only what these leave of the processors
 * @returns {Promise<number | null | "late">}
 */
function run([file = "", ...args], env, limitMs, { log, isPatient }) {
  return new Promise((resolve) => {
    if (log) mkdirSync(dirname(log), { recursive: true });
    const output = log ? openSync(log, "w") : "inherit";
    const windows = process.platform === "win32";
    // A process group of its own, so that ending it ends its browsers and servers too.
    const child = spawn(file, args, {
      cwd: ROOT,
      env,
      stdio: ["ignore", output, output],
      detached: !windows,
    });
    if (typeof output === "number") closeSync(output);
    if (log && isPatient && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    const end = (/** @type {NodeJS.Signals} */ signal) => {
      try {
        if (windows || child.pid === undefined) child.kill(signal);
        else process.kill(-child.pid, signal);
      } catch {
        // Already gone.
      }
    };
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end("SIGKILL");
    }, limitMs);
    const interrupted = () => {
      end("SIGINT");
      process.exitCode = 130;
    };
    process.once("SIGINT", interrupted);
    process.once("SIGTERM", interrupted);
    child.once("error", () => resolve(null));
    child.once("exit", (code) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", interrupted);
      resolve(late ? "late" : code);
    });
  });
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
