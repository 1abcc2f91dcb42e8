// The pages of the benchmark, built as an application would build them. `npm run bench` builds and serves them, from the
// source that stands here or from that of another checkout.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { noted } from "./noted.js";

const checkout = process.env.BENCH_CHECKOUT;
const notes = process.env.BENCH_NOTES ? [noted(new URL("./latency/note-messages.js", import.meta.url))] : [];

export default defineConfig({
  root: fileURLToPath(new URL("./pages", import.meta.url)),
  base: "./",
  resolve: { alias: checkout ? [{ find: /^(\.\.\/)+src\/index\.js$/, replacement: `${checkout}/src/index.ts` }] : [] },
  worker: { format: "es", plugins: () => notes },
  plugins: notes,
  // So that clocks do not go in tenths of a millisecond.
  preview: {
    headers:
      notes.length > 0
        ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
        : {},
  },
  build: {
    outDir: fileURLToPath(new URL(checkout ? "./dist/before" : "./dist/now", import.meta.url)),
    target: "es2022",
    emptyOutDir: true,
    // A profile needs the names that the source has.
    minify: process.env.BENCH_PROFILE ? false : "oxc",
  },
});
