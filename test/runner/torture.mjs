// The commands `npm run torture…`: a test runner of its own for so many minutes, whose verdict is the exit code.

import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Options beside `--minutes`, each with the variable that tells the test of it. */
const VARIABLES = {
  markdown: "ORIGINMQ_TORTURE_MARKDOWN",
  only: "ORIGINMQ_TORTURE_ONLY",
  encrypted: "ORIGINMQ_TORTURE_ENCRYPTED",
};

/**
 * @param {readonly string[]} args of Node: the runner and what it runs
 * @param {{ takes?: readonly (keyof typeof VARIABLES)[], env?: () => Record<string, string> }} [more]
 * `takes`: the options that there are; `env`: what the test is told beside them
 */
export function torture(args, { takes = [], env = () => ({}) } = {}) {
  /** @type {Record<string, { type: "string", default?: string }>} */
  const options = { minutes: { type: "string", default: "10" } };
  for (const name of takes) options[name] = { type: "string" };
  const { values } = parseArgs({ options });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) {
    console.error(`--minutes must be a number above 0, not "${values.minutes}".`);
    process.exitCode = 2;
    return;
  }
  /** @type {Record<string, string | undefined>} */
  const told = { ...process.env, ...env(), ORIGINMQ_TORTURE_MINUTES: String(minutes) };
  for (const name of takes) {
    const value = values[name];
    if (typeof value === "string") told[VARIABLES[name]] = name === "markdown" ? resolve(value) : value;
  }
  const child = spawn(process.execPath, args, { cwd: ROOT, env: told, stdio: "inherit" });
  child.once("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}

/** @param {string} config of Playwright, which runs in Chromium */
export const playwright = (config) => ["node_modules/@playwright/test/cli.js", "test", "--config", config];
