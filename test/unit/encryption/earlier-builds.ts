// Builds before this one, themselves: bundled of their sources, as the history of this repository has them.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { createMemoryStore } from "../../../src/store/memory/memory.js";
import { openSealing } from "../../../src/wiring/sealing.js";
import { folderFor } from "../../edge/server-process.js";
import { connectTo } from "../client/client-fixture.js";
import { startHost } from "../host/world.js";

/** What makes a host over a disk in memory, and clients of it, as this build has it and as those before had it. */
export const thisBuild = { startHost, connectTo, openSealing, createMemoryStore };
export type Build = typeof thisBuild;

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FILES = ["src", "test/unit/host/world.ts", "test/unit/client/client-fixture.ts"];
const ENTRY = `
export { startHost } from "./test/unit/host/world.js";
export { connectTo } from "./test/unit/client/client-fixture.js";
export { openSealing } from "./src/wiring/sealing.js";
export { createMemoryStore } from "./src/store/memory/memory.js";
`;

const git = (...args: string[]) =>
  execFileSync("git", ["-C", ROOT, ...args], { stdio: ["ignore", "pipe", "ignore"], maxBuffer: 2 ** 26 });

/** A copy without the history, or with the last of it alone, has none. */
export function hasBuild(commit: string): boolean {
  try {
    git("cat-file", "-e", `${commit}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

const built = new Map<string, Promise<Build>>();

/** The build of that commit. */
export function earlierBuild(commit: string): Promise<Build> {
  const known = built.get(commit) ?? bundled(commit);
  built.set(commit, known);
  return known;
}

async function bundled(commit: string): Promise<Build> {
  // Below this package, so that it finds what it imports.
  const folder = join(folderFor("build"), commit.slice(0, 8));
  mkdirSync(folder);
  execFileSync("tar", ["-x", "-C", folder], { input: git("archive", "--format=tar", commit, ...FILES) });
  const entry = join(folder, "entry.ts");
  writeFileSync(entry, ENTRY);
  const outfile = join(folder, "build.mjs");
  await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" });
  return import(/* @vite-ignore */ pathToFileURL(outfile).href);
}
