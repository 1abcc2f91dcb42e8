// The test tiers, one Vitest project each: `npm test -- unit` runs one, `npm test` all of them and what is not Vitest.

import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { browserLaunchOptions } from "./test/browser-launch.mjs";

const inNode = (name: string, include: string[], test: TestProjectInlineConfiguration["test"] = {}) => ({
  test: { name, include, environment: "node" as const, testTimeout: 20_000, ...test },
});

export default defineConfig({
  worker: { format: "es" },
  test: {
    testTimeout: 20_000,
    projects: [
      inNode("unit", ["test/unit/**/*.test.ts"]),
      inNode("contract", ["test/contract/**/*.memory.test.ts"]),
      inNode("property", ["test/property/**/*.test.ts"], { testTimeout: 60_000 }),
      inNode("sim", ["test/sim/**/*.test.ts"], { testTimeout: 60_000 }),
      inNode("packaging", ["test/packaging/**/*.test.ts"], { testTimeout: 120_000, hookTimeout: 240_000 }),
      {
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["test/types/**/*.test-d.ts"],
            tsconfig: "test/types/tsconfig.json",
          },
        },
      },
      {
        worker: { format: "es" },
        optimizeDeps: { include: ["idb", "comlink", "fast-check"] },
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 20_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: browserLaunchOptions() }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
