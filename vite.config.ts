// The demo: `npm run dev` serves it from source, `npm start` builds and serves it. Tests have vitest.config.ts.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { localNats } from "./demo/server/local-nats.mjs";
import { fieldNotes } from "./demo/server/plugin.mjs";
import { sharedQueues } from "./demo/server/shared-queues.mjs";

const page = (name: string) => fileURLToPath(new URL(`demo/${name}.html`, import.meta.url));

/** What the pages have in common stands once, in demo/parts. */
const pageParts: Plugin = {
  name: "page-parts",
  transformIndexHtml: {
    order: "pre",
    handler: (html) =>
      html.replace(/^ *<!-- part: (\w+) -->\n/gm, (_, name: string) => readFileSync(page(`parts/${name}`), "utf8")),
  },
};

export default defineConfig({
  root: "demo",
  // Relative addresses, so that the built demo works under any path.
  base: "./",
  worker: { format: "es" },
  plugins: [pageParts, fieldNotes(), sharedQueues(), localNats()],
  build: {
    target: "es2022",
    emptyOutDir: true,
    rolldownOptions: { input: [page("index"), page("field-notes"), page("inspector")] },
  },
});
