// A module of this repository for Node, which runs no TypeScript: what the demo's server and the examples run.

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ROOT } from "./package-layout.mjs";

/**
 * Bundles it with the package as it stands here, where it imports "originmq". Resolves with the address of the file, which
 * lies where the dependencies are found.
 * @param {string} entry
 * @param {{ at?: string, external?: readonly string[] }} [own] dependencies of its own, and whose they are
 * @returns {Promise<string>}
 */
export async function bundleForNode(entry, { at = ROOT, external = [] } = {}) {
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], bundle: true, write: false, format: "esm", platform: "node", target: "node20" },
    alias: { "originmq/bridge": join(ROOT, "src/bridge.ts"), originmq: join(ROOT, "src/index.ts") },
    external: ["ws", "better-sqlite3", ...external],
    logLevel: "warning",
  });
  const folder = join(at, "node_modules/.originmq-demo");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${basename(entry).replace(/\.\w+$/, "")}-${process.pid}.mjs`);
  writeFileSync(file, outputFiles[0]?.text ?? "");
  return pathToFileURL(file).href;
}
