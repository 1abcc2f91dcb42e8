// `npm run size`: what an app that uses the package ships, minified and gzipped, against its limits and goals
// (scripts/package-layout.mjs). Fails over a limit. With --parts: also what each folder and module weighs, minified. With
// --write: what the documentation says of sizes is what is measured now.

import { ADDED, ENTRIES, measure, WHOLE } from "./bundles.mjs";
import { writeSizes } from "./sizes.mjs";

const kB = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(9);

console.log(
  ["bundle".padEnd(22), ...["minified", "gzipped", "limit", "goal"].map((head) => head.padStart(9))].join(""),
);
const measured = [];
for (const { name, path, limit, goal, measure: measureEntry } of ENTRIES) {
  const size = await measureEntry();
  measured.push({ name, size });
  const { minified, gzipped } = size;
  const verdicts = [];
  if (gzipped > limit) verdicts.push("over its limit");
  if (gzipped > goal) verdicts.push(`${kB(gzipped - goal).trim()} over its goal`);
  console.log(`${name.padEnd(22)}${kB(minified)}${kB(gzipped)}${kB(limit)}${kB(goal)}  ${verdicts.join(", ")}`);
  if (gzipped > limit) process.exitCode = 1;
  if (path !== "index.ts") continue;
  const inOneFile = await measure(path, { split: false });
  console.log(`${"  in one file".padEnd(22)}${kB(inOneFile.minified)}${kB(inOneFile.gzipped)}`);
}
for (const { name, path, over, limit } of ADDED) {
  const { minified, gzipped } = await measure(path, { over });
  console.log(
    `${name.padEnd(22)}${kB(minified)}${kB(gzipped)}${kB(limit)}${gzipped > limit ? "  over its limit" : ""}`,
  );
  if (gzipped > limit) process.exitCode = 1;
}
for (const { name, path } of WHOLE) {
  const { minified, gzipped } = await measure(path);
  console.log(`${name.padEnd(22)}${kB(minified)}${kB(gzipped)}`);
}
if (process.argv.includes("--write")) await writeSizes();
if (process.argv.includes("--parts")) {
  for (const { name, size } of measured) printParts(name, size);
}

/**
 * @param {string} name
 * @param {import("./bundles.mjs").Size} size
 */
function printParts(name, { minified, modules }) {
  /** @type {Map<string, number>} */
  const folders = new Map();
  for (const [module, bytes] of modules) folders.set(folderOf(module), (folders.get(folderOf(module)) ?? 0) + bytes);
  console.log(`\n${name}, minified`);
  for (const [folder, bytes] of [...folders].sort(([, a], [, b]) => b - a)) {
    console.log(`${kB(bytes)}${`${((100 * bytes) / minified).toFixed(0)} %`.padStart(6)}  ${folder}`);
  }
  console.log();
  for (const [module, bytes] of modules) console.log(`${kB(bytes)}        ${module}`);
}

/** A folder of src/, or a package. */
function folderOf(/** @type {string} */ module) {
  const [, packageName] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module) ?? [];
  return packageName ?? module.slice(0, module.indexOf("/", "src/".length) + 1 || undefined);
}
