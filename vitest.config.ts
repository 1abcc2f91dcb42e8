// The test tiers, one Vitest project each: `npm test -- unit` runs one, `npm test` all of them and what is not Vitest.

import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import type { BrowserInstanceOption, BrowserProviderOption } from "vitest/node";
import { bundledWorkers } from "./test/browser/bundled-workers.js";
import { browserLaunchOptions } from "./test/browser-launch.mjs";
import { findFirefox, findWebKit } from "./test/engines/find-engines.mjs";
import { webkitgtk } from "./test/engines/webkitgtk.mjs";
import { isInFullRun } from "./test/runner/in-full-run.mjs";

// Where a part of the tests is given one: see test/runner/better-sqlite3.mjs, which does the same for other processes.
const { ORIGINMQ_BETTER_SQLITE3: betterSqlite } = process.env;
const alias = betterSqlite === undefined ? {} : { "better-sqlite3": fileURLToPath(betterSqlite) };

/** Until what is waited for has happened: nothing here is about how soon, and a busy machine takes its time. */
const expectInTime = { poll: { timeout: 10_000 } };

const inNode = (name: string, include: string[], test: TestProjectInlineConfiguration["test"] = {}) => ({
  resolve: { alias },
  test: { name, include, environment: "node" as const, testTimeout: 20_000, expect: expectInTime, ...test },
});

/** The same suite in each engine; no screenshots, since what fails here shows in no picture. */
const inBrowser = (
  name: string,
  provider: BrowserProviderOption,
  instance: BrowserInstanceOption,
): TestProjectInlineConfiguration => ({
  plugins: [bundledWorkers()],
  worker: { format: "es" },
  optimizeDeps: { include: ["idb", "comlink", "fast-check"] },
  test: {
    name,
    include: ["test/browser/**/*.test.ts"],
    // The whole contract once more, which a full run has in Node.
    exclude: isInFullRun
      ? ["test/browser/send.shared-worker.test.ts", "test/browser/queue.encrypted.shared-worker.test.ts"]
      : [],
    globalSetup: ["test/browser/socket-server.ts"],
    testTimeout: 20_000,
    expect: expectInTime,
    // Pages side by side: most of a test is waiting.
    maxWorkers: 3,
    browser: { enabled: true, headless: true, screenshotFailures: false, provider, instances: [instance] },
  },
});

const firefox = findFirefox();

export default defineConfig({
  worker: { format: "es" },
  test: {
    testTimeout: 20_000,
    projects: [
      inNode("unit", ["test/unit/**/*.test.ts"]),
      inNode("contract", ["test/contract/**/*.{memory,sqlite,server,durable-object}.test.ts"], {
        testTimeout: 60_000,
        // Of one file, those that say so: they wait for the same hibernation.
        maxConcurrency: 20,
      }),
      inNode("edge", ["test/edge/*.test.ts"], { testTimeout: 60_000, exclude: ["**/*.long.test.ts"] }),
      inNode("edge-long", ["test/edge/*.long.test.ts"], { testTimeout: 240_000 }),
      inNode("bridge", ["test/bridge/*.test.ts"], { globalSetup: ["test/bridge/setup.ts"], testTimeout: 60_000 }),
      inNode("bridge-torture", ["test/bridge/torture/*.test.ts"], {
        globalSetup: ["test/bridge/setup.ts"],
        testTimeout: 3_600_000,
      }),
      inNode("forward", ["test/forward/*.test.ts"], { testTimeout: 120_000, expect: { poll: { timeout: 60_000 } } }),
      inNode("property", ["test/property/**/*.test.ts"], { testTimeout: 60_000, exclude: ["**/*.long.test.ts"] }),
      inNode("property-long", ["test/property/*.long.test.ts"], { testTimeout: 12 * 3_600_000 }),
      inNode("sim", ["test/sim/**/*.test.ts"], { testTimeout: 60_000 }),
      inNode("packaging", ["test/packaging/*.test.ts"], {
        globalSetup: ["test/packaging/setup.ts"],
        testTimeout: 120_000,
        maxWorkers: 2,
        exclude: ["**/*.long.test.ts"],
      }),
      inNode("packaging-all", ["test/packaging/matrix.long.test.ts"], {
        globalSetup: ["test/packaging/setup.ts"],
        testTimeout: 600_000,
      }),
      inNode("wrangler", ["test/packaging/wrangler.long.test.ts"], {
        globalSetup: ["test/packaging/setup.ts"],
        testTimeout: 120_000,
      }),
      inNode("frameworks", ["test/frameworks/*.test.ts"], { testTimeout: 60_000, exclude: ["**/*.long.test.ts"] }),
      inNode("frameworks-long", ["test/frameworks/*.long.test.ts"], { testTimeout: 240_000 }),
      inNode("examples", ["test/examples/*.test.ts"], { testTimeout: 240_000 }),
      {
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["test/types/**/*.test-d.ts"],
            tsconfig: "test/types/tsconfig.json",
            // By its path: of the compilers that are installed, several are called `tsc`.
            checker: fileURLToPath(new URL("node_modules/typescript/bin/tsc", import.meta.url)),
          },
        },
      },
      inBrowser("browser", playwright({ launchOptions: browserLaunchOptions() }), { browser: "chromium" }),
      ...(firefox
        ? [
            inBrowser("firefox", playwright({ launchOptions: { channel: "moz-firefox", executablePath: firefox } }), {
              browser: "firefox",
            }),
          ]
        : []),
      ...(findWebKit() ? [inBrowser("webkit", webkitgtk(), { browser: "webkit", headless: false })] : []),
    ],
  },
});
