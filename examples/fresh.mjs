// An example as a project of its own: its folder, copied, with the package as it stands in this repository.

import { spawn } from "node:child_process";
import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packInto } from "../scripts/pack.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** By whoever has started it where it lies. */
const MADE = new Set(["node_modules", "dist", ".next", ".svelte-kit", "next-env.d.ts"]);
const isWindows = process.platform === "win32";

/**
 * Copies an example into an empty folder and installs it there. Needs a network.
 * @param {string} name @param {string} folder
 * @returns {Promise<string>} the project
 */
export async function createFresh(name, folder) {
  const project = join(folder, name);
  cpSync(join(HERE, name), project, { recursive: true, filter: (path) => !MADE.has(basename(path)) });
  const { tarball } = await packInto(join(folder, "package"));
  await npm(project, ["install", "--no-audit", "--no-fund", "--loglevel=error", tarball]).ended;
  return project;
}

/**
 * Runs npm in a folder.
 * @param {string} cwd @param {readonly string[]} args
 * @returns {{ ended: Promise<void>, end(): void }} `ended` rejects when it fails
 */
export function npm(cwd, args) {
  // A group of its own, so that what it starts ends with it.
  const child = spawn("npm", args, { cwd, stdio: "inherit", shell: isWindows, detached: !isWindows });
  let isOver = false;
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0 || isOver) resolve(undefined);
      else reject(new Error(`npm ${args.join(" ")} has failed`));
    });
  });
  return {
    ended,
    end() {
      isOver = true;
      if (isWindows || child.pid === undefined) child.kill();
      else process.kill(-child.pid, "SIGTERM");
    },
  };
}
