// What else of SQLite there is for Node than what runs this: a Node that has it, and better-sqlite3. Tests and the
// benchmark ask for them; they are installed in `scripts/runtimes/` by the first that does, so that nobody else waits for it.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./package-layout.mjs";

const FOLDER = join(ROOT, "scripts/runtimes");

/** @param {string[]} args */
function npm(...args) {
  console.error(`npm ${args.join(" ")}, in ${FOLDER}, once`);
  // What it says is not what was asked for: that may be read from the output of this process.
  const { status } = spawnSync("npm", args, {
    cwd: FOLDER,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} has failed in ${FOLDER}`);
}

/** What its lock file names, without the scripts of any of it. */
function install() {
  if (!existsSync(join(FOLDER, "node_modules/.package-lock.json")))
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
}

/** @param {string} node */
export const hasSqlite = (node) => spawnSync(node, ["-e", "require('node:sqlite')"], { stdio: "ignore" }).status === 0;

/** The program of a Node that has SQLite: this one, or else the one that is installed where there is one for this machine. */
export function nodeWithSqlite() {
  if (hasSqlite(process.execPath)) return process.execPath;
  install();
  const own = join(FOLDER, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(own) && hasSqlite(own)) return own;
  throw new Error("this needs Node 22.13 or later, for its SQLite");
}

/** The address of the module better-sqlite3 12, compiled for this Node: of that, a script of its own fetches or makes a part. */
export function betterSqlite() {
  install();
  const found = createRequire(join(FOLDER, "package.json")).resolve("better-sqlite3");
  const opens = () =>
    spawnSync(process.execPath, ["-e", `new (require(${JSON.stringify(found)}))(":memory:")`], { stdio: "ignore" });
  if (opens().status !== 0) npm("rebuild", "better-sqlite3");
  return pathToFileURL(found).href;
}
