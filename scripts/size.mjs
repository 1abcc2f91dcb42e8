// `npm run size`: what an app that uses the package ships, minified and gzipped. With --enforce, a size over its limit
// (scripts/package-layout.mjs) is a failure; without, a warning.

import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { ROOT, SIZE_LIMITS, WORKERS } from "./package-layout.mjs";

/** What a page loads at once: the entry and its static imports, without what it loads only when asked. */
async function bundleSize(/** @type {string} */ entry) {
  const { metafile, outputFiles } = await build({
    entryPoints: { entry: join(ROOT, "src", entry) },
    absWorkingDir: ROOT,
    outdir: "out",
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    metafile: true,
    write: false,
  });
  const loaded = new Set(["out/entry.js"]);
  for (const path of loaded) {
    for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? []) {
      if (kind === "import-statement") loaded.add(imported);
    }
  }
  const files = outputFiles.filter(({ path }) => loaded.has(path.slice(ROOT.length).replaceAll("\\", "/")));
  const sum = (/** @type {(contents: Uint8Array) => number} */ size) =>
    files.reduce((total, { contents }) => total + size(contents), 0);
  return {
    minified: sum((contents) => contents.length),
    gzipped: sum((contents) => gzipSync(contents, { level: 9 }).length),
  };
}

const bundles = [
  { name: "client", entry: "index.ts", limit: SIZE_LIMITS.client },
  ...WORKERS.map((name) => ({ name, entry: `${name}.ts`, limit: SIZE_LIMITS.worker })),
];
const kB = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(9);
console.log(`${"bundle".padEnd(18)}${"minified".padStart(9)}${"gzipped".padStart(9)}${"limit".padStart(9)}`);
for (const { name, entry, limit } of bundles) {
  const { minified, gzipped } = await bundleSize(entry);
  const verdict = gzipped > limit ? "  over its limit" : "";
  console.log(`${name.padEnd(18)}${kB(minified)}${kB(gzipped)}${kB(limit)}${verdict}`);
  if (verdict && process.argv.includes("--enforce")) process.exitCode = 1;
}
