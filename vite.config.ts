// The demo: `npm run dev` serves it from source, `npm start` builds and serves it. Tests have vitest.config.ts.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { fieldNotes } from "./demo/server/plugin.mjs";

const page = (name: string) => fileURLToPath(new URL(`demo/${name}.html`, import.meta.url));

export default defineConfig({
  root: "demo",
  // Relative addresses, so that the built demo works under any path.
  base: "./",
  worker: { format: "es" },
  plugins: [fieldNotes()],
  build: {
    target: "es2022",
    emptyOutDir: true,
    rolldownOptions: { input: [page("index"), page("field-notes")] },
  },
});
