// Builds of OriginMQ in one Node process, each bundled from its own checkout, so that today's and an earlier one take
// turns in one run. Files have moved between builds, so each is looked for where it stands and where it stood.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const PARTS = {
  connect: ["src/index.ts"],
  decide: ["src/core/commands/decide.ts", "src/core/decide.ts"],
  apply: ["src/core/commands/apply.ts", "src/core/apply.ts"],
  createState: ["src/core/state/state.ts", "src/core/state.ts"],
  encodeCheckpoint: [
    "src/core/checkpoint/checkpoint-encode.ts",
    "src/core/checkpoint/checkpoint.ts",
    "src/core/checkpoint.ts",
  ],
};

/**
 * @typedef {object} Build
 * @property {typeof import("../../src/index.js").connect} connect
 * @property {(state: any, command: any, now: number) => { changes: any[] }} decide
 * @property {(state: any, change: any, at: number) => void} apply
 * @property {() => any} createState
 * @property {(state: any) => Iterable<unknown>} encodeCheckpoint
 */

/** @param {string} root of a checkout with its node_modules @returns {Promise<Build>} */
export async function loadBuild(root) {
  const exports = Object.entries(PARTS).map(([name, places]) => {
    const place = places.find((path) => existsSync(join(root, path)));
    if (place === undefined) throw new Error(`${root} has none of ${places.join(", ")}`);
    return `export { ${name} } from "./${place}";`;
  });
  const { outputFiles } = await build({
    stdin: { contents: exports.join("\n"), resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
  });
  const code = Buffer.from(outputFiles[0]?.text ?? "").toString("base64");
  return import(`data:text/javascript;base64,${code}`);
}
