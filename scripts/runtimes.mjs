// Programs and packages that only some tests, examples and the benchmark run with: a Node that has SQLite, better-sqlite3,
// wrangler, the clients of other systems. They are installed by the first run that asks for them, so that nobody else waits.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./package-layout.mjs";

const RUNTIMES = join(ROOT, "scripts/runtimes");
const WRANGLER = join(RUNTIMES, "wrangler");
export const FORWARD = join(ROOT, "examples/forward");

/** @param {string} folder @param {string[]} args */
function npm(folder, ...args) {
  console.error(`npm ${args.join(" ")}, in ${folder}, once`);
  // What it says is not what was asked for: that may be read from the output of this process.
  const shell = process.platform === "win32";
  const { status } = spawnSync("npm", args, { cwd: folder, stdio: ["ignore", 2, 2], shell });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} has failed in ${folder}`);
}

/** What its lock file names, without the scripts of any of it. @param {string} folder */
function install(folder) {
  if (existsSync(join(folder, "node_modules/.package-lock.json"))) return;
  npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund");
}

/** @param {string} node */
export const hasSqlite = (node) => spawnSync(node, ["-e", "require('node:sqlite')"], { stdio: "ignore" }).status === 0;

/**
 * The program of a Node that will do: this one, or else the one that is installed where there is one for this machine.
 * @param {(node: string) => boolean} isEnough @param {string} needed
 */
function nodeThat(isEnough, needed) {
  if (isEnough(process.execPath)) return process.execPath;
  install(RUNTIMES);
  const own = join(RUNTIMES, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(own) && isEnough(own)) return own;
  throw new Error(`this needs ${needed}`);
}

/** The program of a Node that has SQLite. */
export const nodeWithSqlite = () => nodeThat(hasSqlite, "Node 22.13 or later, for its SQLite");

/** The program of a Node in which tools run that have left the oldest one behind in which the package runs. */
export const newerNode = () => nodeThat((node) => versionOf(node) >= 24, "Node 24 or later");

/** @param {string} node */
const versionOf = (node) =>
  Number.parseInt(spawnSync(node, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout, 10);

/** The address of the module better-sqlite3 12, compiled for this Node; a script of its own fetches or makes a part of it. */
export function betterSqlite() {
  install(RUNTIMES);
  const found = createRequire(join(RUNTIMES, "package.json")).resolve("better-sqlite3");
  const script = `new (require(${JSON.stringify(found)}))(":memory:")`;
  const opens = () => spawnSync(process.execPath, ["-e", script], { stdio: "ignore" }).status === 0;
  if (!opens()) npm(RUNTIMES, "rebuild", "better-sqlite3");
  return pathToFileURL(found).href;
}

/** The command `wrangler`, whose Node is one that has SQLite. */
export function wrangler() {
  install(WRANGLER);
  return [nodeWithSqlite(), join(WRANGLER, "node_modules/wrangler/bin/wrangler.js")];
}

/** The clients of the systems that examples/forward forwards to; answers with their names. @returns {string[]} */
export function forwardClients() {
  install(FORWARD);
  const { dependencies } = createRequire(import.meta.url)(join(FORWARD, "package.json"));
  return Object.keys(dependencies);
}
