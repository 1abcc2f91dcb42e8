// The page of the benchmark of encryption, built as an application would build it: from the source that stands here, or from
// that of another checkout.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const checkout = process.env.BENCH_CHECKOUT;

export default defineConfig({
  root: fileURLToPath(new URL("./pages", import.meta.url)),
  base: "./",
  resolve: { alias: checkout ? [{ find: /^(\.\.\/)+src\/index\.js$/, replacement: `${checkout}/src/index.ts` }] : [] },
  worker: { format: "es" },
  build: {
    outDir: fileURLToPath(new URL(checkout ? "../dist/encryption-before" : "../dist/encryption", import.meta.url)),
    target: "es2022",
    emptyOutDir: true,
    minify: process.env.BENCH_PROFILE ? false : "oxc",
  },
});
