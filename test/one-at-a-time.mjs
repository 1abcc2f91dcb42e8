// What the Playwright tests share that have a browser to themselves, one after the other.

import { defineConfig, devices } from "@playwright/test";
import { browserLaunchOptions } from "./browser-launch.mjs";

/** Until what is waited for has happened: how soon is asked for in words, and a busy machine takes its time. */
export const expectInTime = { timeout: 15_000 };

/** @param {string} name of the part, whose folder holds the configuration */
export const oneAtATime = (name) =>
  defineConfig({
    testDir: ".",
    outputDir: `../../test-results/${name}`,
    timeout: 60_000,
    expect: expectInTime,
    retries: 0,
    workers: 1,
    forbidOnly: Boolean(process.env.CI),
    reporter: "list",
    use: { ...devices["Desktop Chrome"], launchOptions: browserLaunchOptions() },
  });
