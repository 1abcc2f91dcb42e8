// Pages as browsers treat them: left, refused, framed, prerendered. One at a time: some open a browser of their own.

import { defineConfig, devices } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/contexts",
  timeout: 60_000,
  retries: 0,
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: "list",
  use: { ...devices["Desktop Chrome"], launchOptions: browserLaunchOptions() },
});
