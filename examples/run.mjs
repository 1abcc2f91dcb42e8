// Runs an example with the package as it stands in this repository: `node examples/run.mjs node-worker [its arguments]`.
// In a project that has installed originmq it is `node worker.mjs`.

import { fileURLToPath } from "node:url";
import { bundleForNode } from "../scripts/bundle-for-node.mjs";

const ENTRIES = { "node-worker": "./node-worker/worker.mjs" };

const [name = "", ...args] = process.argv.slice(2);
const entry = ENTRIES[/** @type {keyof typeof ENTRIES} */ (name)];
if (entry === undefined) {
  console.error(`There is no example "${name}". There are: ${Object.keys(ENTRIES).join(", ")}.`);
  process.exitCode = 2;
} else {
  const address = await bundleForNode(fileURLToPath(new URL(entry, import.meta.url)));
  process.argv.splice(1, process.argv.length - 1, fileURLToPath(address), ...args);
  await import(address);
}
