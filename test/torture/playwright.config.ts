// Torture: one long test in one browser. `npm run torture -- --minutes N`; the short form runs with all tests.

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/torture",
  timeout: 0,
  retries: 0,
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: "list",
});
