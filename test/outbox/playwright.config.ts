// The outbox in browsers, against a real server. One at a time: several move the clock or end the browser.

import { defineConfig, devices } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/outbox",
  timeout: 60_000,
  retries: 0,
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: "list",
  use: { ...devices["Desktop Chrome"], launchOptions: browserLaunchOptions() },
});
