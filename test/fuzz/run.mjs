// `npm run fuzz:edge -- [--frames N] [--seed N]`: a million mutated frames against a real server, then the verdict. The
// same seed sends the same frames. Exit code 0 only if nothing is wrong.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { buildSync } from "esbuild";

const { values } = parseArgs({ options: { frames: { type: "string", default: "1000000" }, seed: { type: "string" } } });
const frames = Number(values.frames);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!(frames > 0) || !Number.isSafeInteger(seed)) {
  console.error("--frames takes a number above 0, --seed a whole number.");
  process.exit(2);
}
const root = fileURLToPath(new URL("../../", import.meta.url));
mkdirSync(join(root, "test-results"), { recursive: true });
const folder = mkdtempSync(join(root, "test-results/fuzz-run-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const here = join(root, "test/fuzz");
buildSync({
  entryPoints: [join(here, "edge.ts")],
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  // The server's own source is found from where the fuzzer's lies.
  define: { "import.meta.url": JSON.stringify(pathToFileURL(join(here, "edge.ts")).href) },
  outfile: join(folder, "edge.mjs"),
});
const { fuzz, HEAP_GROWTH_MAX } = await import(pathToFileURL(join(folder, "edge.mjs")).href);
console.log(`seed ${seed}: ${frames} frames`);
const verdict = await fuzz({ seed, frames, progress: (/** @type {string} */ line) => console.log(line) });
const { connections, neighbours, heapBefore, heapAfter, problems } = verdict;
console.log(`${verdict.frames} frames on ${connections} connections, ${neighbours} round trips of neighbours`);
console.log(`heap ${heapBefore} bytes, then ${heapAfter}; it may grow by ${HEAP_GROWTH_MAX}`);
for (const problem of problems) console.error(`✗ ${problem}`);
console.log(problems.length > 0 ? `seed ${seed} has failed` : "nothing is wrong");
process.exit(problems.length > 0 ? 1 : 0);
