// End to end: the demo as `npm start` serves it, in Chromium.

import { fileURLToPath } from "node:url";
import { defineConfig, devices } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { expectInTime } from "../one-at-a-time.mjs";
import { freePort } from "../ports.js";

// This file is read again in every worker process, which inherits the environment.
process.env.ORIGINMQ_E2E_PORT ??= String(await freePort("localhost"));
// Where the demo looks for a NATS: there is none before a test starts it.
process.env.ORIGINMQ_DEMO_NATS ??= `ws://127.0.0.1:${await freePort("localhost")}`;
const vite = "node node_modules/vite/bin/vite.js";
const baseURL = `http://localhost:${process.env.ORIGINMQ_E2E_PORT}`;

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/e2e",
  timeout: 60_000,
  expect: expectInTime,
  retries: 0,
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  reporter: "list",
  use: {
    ...devices["Desktop Chrome"],
    baseURL,
    launchOptions: browserLaunchOptions(),
  },
  webServer: {
    command: `${vite} build --logLevel warn && ${vite} preview --port ${process.env.ORIGINMQ_E2E_PORT} --strictPort`,
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    url: baseURL,
    timeout: 60_000,
    reuseExistingServer: false,
  },
});
