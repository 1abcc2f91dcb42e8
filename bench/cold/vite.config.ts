// The pages of the cold start, built as an application would build them, from the source that stands here or from that of
// another checkout. With COLD_STAGES what page and worker ask of the platform is noted: the source itself has no marks.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { noted } from "../noted.js";

const { COLD_CHECKOUT: checkout, COLD_STAGES: stages } = process.env;
const PAGES = fileURLToPath(new URL("./pages/", import.meta.url));
const NAMES = ["originmq", "dexie", "idb", "worker", "plain"];

const notes = stages ? [noted(new URL("./note-stages.js", import.meta.url))] : [];

export default defineConfig({
  root: PAGES,
  base: "./",
  resolve: { alias: checkout ? [{ find: /^(\.\.\/)+src\/index\.js$/, replacement: `${checkout}/src/index.ts` }] : [] },
  worker: { format: "es", plugins: () => notes },
  plugins: notes,
  build: {
    outDir: fileURLToPath(
      new URL(`../dist/cold-${checkout ? "before" : "now"}${stages ? "-stages" : ""}`, import.meta.url),
    ),
    target: "es2022",
    emptyOutDir: true,
    rollupOptions: { input: NAMES.map((name) => `${PAGES}${name}.html`) },
  },
});
