// `npm run build`: src/ to dist/. The compiler emits one module per file, which every bundler can take apart; the workers
// are bundled over what it emitted, so that they also start where nothing bundles them; of the types it emitted, what is
// public is rolled up into a declaration file an entry. Beside them stands the same in files that need no bundler at all.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { bundleMinified } from "./bundles.mjs";
import { ROOT, STANDALONE, STANDALONE_ALONE, STANDALONE_FOLDER, WORKERS } from "./package-layout.mjs";

/**
 * Names of the platform that public types mention. Each merges with what the application's own libraries say; where they
 * say nothing (`lib` without "dom", "webworker" or "esnext.disposable"), it is there at least.
 */
const PLATFORM_TYPES = `${[
  "AbortSignal",
  "AddEventListenerOptions",
  "CryptoKey",
  "CustomEvent<T = any>",
  "Event",
  "EventListenerOptions",
  "ReadableStream<R = any>",
  "Request",
  "RequestInit",
  "Response",
  "SharedWorker",
  "URL",
  "Worker",
  "WritableStream<W = any>",
]
  .map((name) => `interface ${name} {}`)
  .join("\n")}
interface SymbolConstructor {
  readonly asyncDispose: unique symbol;
}
`;

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
  await rollUpTypes(outDir);
  await bundle(WORKERS, { outdir: outDir, sourcemap: true });
  await buildStandaloneInto(join(outDir, STANDALONE_FOLDER));
}

/**
 * All that a page without a bundler loads, dependencies included, the workers beside the entry that names them: minified,
 * since nobody else does it. What entries share is in files that they share, so that a page which imports two of them has
 * one of each.
 * @param {string} outDir
 */
export async function buildStandaloneInto(outDir) {
  const ofWorkers = await Promise.all(WORKERS.map((name) => bundleMinified([name])));
  const alone = await Promise.all(STANDALONE_ALONE.map((name) => bundleMinified([name], { split: true })));
  const files = [...(await bundleMinified(STANDALONE)), ...alone.flat(), ...ofWorkers.flat()];
  mkdirSync(outDir, { recursive: true });
  for (const { name, text } of files) writeFileSync(join(outDir, name), text);
  renameWorkerAddresses(outDir);
}

/**
 * @param {readonly string[]} entries
 * @param {import("esbuild").BuildOptions} options
 */
const bundle = (entries, options) =>
  build({
    entryPoints: entries.map((name) => join(ROOT, "src", `${name}.ts`)),
    absWorkingDir: ROOT,
    bundle: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    logLevel: "warning",
    ...options,
  });

/**
 * Replaces the declarations of all modules by those of the entries: applications that check their libraries, too, would
 * check the inside otherwise, and what it is made of.
 * @param {string} outDir
 */
async function rollUpTypes(outDir) {
  const declarations = readdirSync(outDir, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".d.ts"),
  );
  const entries = declarations.filter((file) => dirname(file) === ".");
  const input = Object.fromEntries(entries.map((file) => [file.slice(0, -".d.ts".length), join(outDir, file)]));
  const bundle = await rollup({
    input,
    plugins: [dts()],
    external: [/^[a-z@]/],
    onwarn(warning) {
      if (warning.code !== "EMPTY_BUNDLE") throw new Error(warning.message);
    },
  });
  const { output } = await bundle.generate({
    format: "es",
    banner: '/// <reference path="./platform.d.ts" />',
    entryFileNames: "[name].d.ts",
    chunkFileNames: ({ name }) => `types-${name.replace(/\.d$/, "")}.d.ts`,
  });
  await bundle.close();
  for (const file of declarations) rmSync(join(outDir, file));
  for (const part of output) if (part.type === "chunk") writeFileSync(join(outDir, part.fileName), part.code);
  writeFileSync(join(outDir, "platform.d.ts"), PLATFORM_TYPES);
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
