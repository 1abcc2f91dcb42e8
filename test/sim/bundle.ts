// The simulator in one file, made once a run: a runner that loads module by module calls every import through a lookup,
// which takes half as long again.

import { mkdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "vite";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const FOLDER = at("test-results/sim");

/** Vitest's global set-up. */
export async function setup(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await build({
    configFile: false,
    logLevel: "warn",
    root: at("."),
    build: {
      ssr: at("test/sim/run-seeds.ts"),
      outDir: FOLDER,
      minify: false,
      sourcemap: "inline",
      rollupOptions: { output: { entryFileNames: "worlds.mjs" } },
    },
    ssr: { noExternal: true },
  });
}

/** What `run-seeds.ts` exports. */
export const loadSimulator = (): Promise<typeof import("./run-seeds.js")> =>
  import(/* @vite-ignore */ pathToFileURL(`${FOLDER}/worlds.mjs`).href);
