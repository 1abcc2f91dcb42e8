// `npm run build`: src/ to dist/. The compiler emits one module per file with its types, which every bundler can take
// apart; the workers are bundled over what it emitted, so that they also start where nothing bundles them.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { ROOT, WORKERS } from "./package-layout.mjs";

const TSC = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/**
 * Replaces `outDir` by a new build.
 * @param {string} outDir
 * @throws if the compiler or the bundler finds an error, which it has printed
 */
export async function buildInto(outDir) {
  rmSync(outDir, { recursive: true, force: true });
  const args = [TSC, "-p", join(ROOT, "tsconfig.build.json"), "--outDir", outDir];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error("src/ does not compile.");
  renameWorkerAddresses(outDir);
  await build({
    entryPoints: WORKERS.map((name) => join(ROOT, "src", `${name}.ts`)),
    outdir: outDir,
    absWorkingDir: ROOT,
    bundle: true,
    format: "esm",
    target: "es2022",
    sourcemap: true,
    legalComments: "none",
    logLevel: "warning",
  });
}

/**
 * The compiler renames imports of "./x.ts" at most, never the address in `new URL("./x.ts", import.meta.url)`.
 * @param {string} outDir
 */
function renameWorkerAddresses(outDir) {
  for (const file of readdirSync(outDir, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".js")) continue;
    const path = join(outDir, file);
    const before = readFileSync(path, "utf8");
    const after = before.replace(/(new URL\(\s*["'][^"']+)\.ts(["'],\s*import\.meta\.url\))/g, "$1.js$2");
    if (after !== before) writeFileSync(path, after);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await buildInto(join(ROOT, "dist"));
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    process.exitCode = 1;
  }
}
