// Faults injected for real, in Chromium; what pages forbid also in Firefox and WebKitGTK. One at a time: the times measured must be those of one browser.

import { defineConfig, devices } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/faults",
  timeout: 60_000,
  retries: 0,
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: "list",
  use: { ...devices["Desktop Chrome"], launchOptions: browserLaunchOptions() },
});
