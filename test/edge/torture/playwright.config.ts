// The torture of servers: one long run. `npm run torture:edge -- --minutes N`.

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  testMatch: "torture.ts",
  outputDir: "../../../test-results/torture-edge",
  timeout: 0,
  retries: 0,
  workers: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: "list",
});
