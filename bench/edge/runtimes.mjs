// What the benchmark runs with besides a Node that has SQLite: Bun, and the packages that it compares with, which lie beside it
// so that nobody else installs them. Redis is the system's.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { say } from "../command-line.mjs";

export const PEERS = fileURLToPath(new URL("./peers/", import.meta.url));
const requireFromPeers = createRequire(`${PEERS}package.json`);

/** Installs what its lock file names, the first time. */
export function installPeers() {
  if (existsSync(`${PEERS}node_modules/.package-lock.json`)) return;
  say("installing what is compared with, once");
  // Nothing that it installs needs a script of its own.
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: PEERS,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error(`npm ci has failed in ${PEERS}`);
}

/** @param {string} name @returns {string} */
export const versionOfPeer = (name) =>
  JSON.parse(readFileSync(`${PEERS}node_modules/${name}/package.json`, "utf8")).version;

/** @param {string} program @param {string} [what] @returns {string | undefined} its version; `undefined` where there is none */
export function versionOf(program, what = "--version") {
  const { status, stdout } = spawnSync(program, [what], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The development dependency. */
export function bunPath() {
  const { resolve } = createRequire(import.meta.url);
  return resolve("bun/bin/bun.exe");
}

/** @param {string} name of a package among the peers */
export const peerModule = (name) => requireFromPeers.resolve(name);
