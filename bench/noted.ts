// Has what page and worker ask of the platform noted from outside: the source itself has no marks.

import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** Puts the script before the bundle of each page and worker. */
export function noted(script: URL): Plugin {
  const note = readFileSync(script, "utf8");
  return {
    name: "noted",
    renderChunk: (code, { isEntry }) => (isEntry ? `${note}${code}\n;globalThis.noteStage?.("evaluated");` : null),
  };
}
