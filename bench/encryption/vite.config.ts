// The page of the benchmark of encryption, built as an application would build it.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL("./pages", import.meta.url)),
  base: "./",
  worker: { format: "es" },
  build: {
    outDir: fileURLToPath(new URL("../dist/encryption", import.meta.url)),
    target: "es2022",
    emptyOutDir: true,
    minify: process.env.BENCH_PROFILE ? false : "oxc",
  },
});
