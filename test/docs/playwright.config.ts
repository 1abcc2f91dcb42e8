// The documentation's site as `npm run docs -- --serve` builds and serves it, in Chromium. ORIGINMQ_DOCS_BUILT=1 takes the
// one that is built.

import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";
import { oneAtATime } from "../one-at-a-time.mjs";
import { freePort } from "../ports.js";

// This file is read again in every worker process, which inherits the environment.
process.env.ORIGINMQ_DOCS_PORT ??= String(await freePort("localhost"));
const baseURL = `http://localhost:${process.env.ORIGINMQ_DOCS_PORT}`;
const built = process.env.ORIGINMQ_DOCS_BUILT ? " --built" : "";

const shared = oneAtATime("docs");
export default defineConfig({
  ...shared,
  timeout: 480_000,
  // A host starts, and a page is drawn, as soon as a busy machine gets to it.
  expect: { timeout: 30_000 },
  use: { ...shared.use, baseURL },
  webServer: {
    command: `node site/build.mjs --serve${built} --port ${process.env.ORIGINMQ_DOCS_PORT}`,
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    url: baseURL,
    timeout: 480_000,
    reuseExistingServer: false,
  },
});
