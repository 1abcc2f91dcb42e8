// Builds and serves the pages of the benchmark and opens two of them: two tabs of one browser, its profile on disk.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { build, preview } from "vite";
import { browserLaunchOptions } from "../test/browser-launch.mjs";
import { ensureBrowser } from "../test/find-browser.mjs";

const CONFIG = fileURLToPath(new URL("./vite.config.ts", import.meta.url));

/**
 * @typedef {object} Tabs
 * @property {import("playwright").BrowserContext} context
 * @property {import("playwright").Page} measuring the tab that measures
 * @property {import("playwright").Page} helping the other one
 * @property {string} version of the browser
 * @property {() => Promise<void>} close deletes the profile too
 */

/** @returns {Promise<Tabs>} */
export async function openTabs() {
  ensureBrowser();
  await build({ configFile: CONFIG, logLevel: "warn" });
  const server = await preview({ configFile: CONFIG, preview: { host: "localhost", port: 4180 } });
  const address = server.resolvedUrls?.local[0];
  if (address === undefined) throw new Error("The bench pages are not served.");
  const profile = mkdtempSync(join(tmpdir(), "originmq-bench-"));
  const context = await chromium.launchPersistentContext(profile, browserLaunchOptions());
  const openPage = async () => {
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(error));
    page.on("console", (message) => {
      if (message.type() === "error") console.error(message.text());
    });
    await page.goto(address);
    await page.waitForFunction(() => globalThis.bench !== undefined);
    return page;
  };
  const measuring = await openPage();
  const helping = await openPage();
  return {
    context,
    measuring,
    helping,
    version: `Chromium ${context.browser()?.version() ?? "of unknown version"}`,
    async close() {
      await context.close();
      await server.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
