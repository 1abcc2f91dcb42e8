// `npm run check:types`: the compiler over every part of the repository, each with the types of where it runs. TypeScript 7
// checks, in a fifth of the time; what is published is written by TypeScript 6, and compiled with 5.9, 6 and 7 by its test.

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const TSC = join(dirname(createRequire(import.meta.url).resolve("typescript7/package.json")), "bin/tsc");
const PROJECTS = [
  "tsconfig.json",
  "tsconfig.core.json",
  "test/tsconfig.json",
  "demo/tsconfig.json",
  "bench/tsconfig.json",
  "site/tsconfig.json",
  // Against clients that the first run of these examples installs; `npm run test:forward` checks them in any case.
  ...(existsSync(join(ROOT, "examples/forward/node_modules")) ? ["examples/forward/tsconfig.json"] : []),
];

/** The compiler calls a project without a source file an error; here it is one that has not begun. */
const isEmpty = (/** @type {string} */ project) => {
  const folder = join(ROOT, dirname(project));
  return (
    !existsSync(folder) || !readdirSync(folder, { recursive: true }).some((file) => /\.m?[jt]s$/.test(String(file)))
  );
};

/** @param {string} project @returns {Promise<boolean>} */
function check(project) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [TSC, "--noEmit", "-p", project], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.once("close", (code) => {
      console.log(`${code === 0 ? "✓" : "✗"} ${project}\n${output}`.trimEnd());
      resolve(code === 0);
    });
  });
}

const waiting = PROJECTS.filter((project) => !isEmpty(project));
let failed = 0;
async function work() {
  for (let project = waiting.shift(); project; project = waiting.shift()) {
    if (!(await check(project))) failed++;
  }
}
await Promise.all(Array.from({ length: Math.min(availableParallelism(), waiting.length) }, work));
process.exitCode = failed > 0 ? 1 : 0;
