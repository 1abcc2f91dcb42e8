// The pages of the benchmark, built as an application would build them. `npm run bench` builds and serves them.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL("./pages", import.meta.url)),
  base: "./",
  worker: { format: "es" },
  build: {
    outDir: fileURLToPath(new URL("./dist", import.meta.url)),
    target: "es2022",
    emptyOutDir: true,
    // A profile needs the names that the source has.
    minify: process.env.BENCH_PROFILE ? false : "oxc",
  },
});
