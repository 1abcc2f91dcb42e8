// The demo: `npm run dev` serves it from source, `npm start` builds and serves it. Tests have vitest.config.ts.

import { defineConfig } from "vite";

export default defineConfig({
  root: "demo",
  // Relative addresses, so that the built demo works under any path.
  base: "./",
  worker: { format: "es" },
  build: { target: "es2022", emptyOutDir: true },
});
