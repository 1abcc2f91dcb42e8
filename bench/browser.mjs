// Builds and serves the pages of the benchmark, and opens browsers on them, each with a profile of its own on disk.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, firefox } from "playwright";
import { build, preview } from "vite";
import { browserLaunchOptions } from "../test/browser-launch.mjs";
import { findFirefox } from "../test/engines/find-engines.mjs";
import { ensureBrowser } from "../test/find-browser.mjs";

const CONFIG = fileURLToPath(new URL("./vite.config.ts", import.meta.url));

/**
 * @typedef {"chromium" | "firefox"} BrowserName
 * @typedef {object} Site
 * @property {string} address
 * @property {() => Promise<void>} close
 *
 * @typedef {object} OpenBrowser
 * @property {import("playwright").BrowserContext} context
 * @property {string} version
 * @property {string} profile the folder in which the browser keeps its data
 * @property {() => Promise<import("playwright").Page>} openPage resolves once the page of the benchmark is loaded
 * @property {() => Promise<void>} close deletes the profile too
 *
 * @typedef {object} Tabs
 * @property {import("playwright").BrowserContext} context
 * @property {import("playwright").Page} measuring the tab that measures
 * @property {import("playwright").Page} helping the other one
 * @property {string} version of the browser
 * @property {string} profile the folder in which the browser keeps its data
 * @property {() => Promise<void>} close
 */

/**
 * @param {string} [checkout] whose source the pages measure; by default the one that this file stands in
 * @returns {Promise<Site>}
 */
export async function servePages(checkout = "") {
  process.env.BENCH_CHECKOUT = checkout;
  await build({ configFile: CONFIG, logLevel: "warn" });
  const server = await preview({ configFile: CONFIG, preview: { host: "localhost", port: 4180 } });
  const address = server.resolvedUrls?.local[0];
  if (address === undefined) throw new Error("The bench pages are not served.");
  return { address, close: () => server.close() };
}

/** @param {BrowserName} name @param {string} profile @param {readonly string[]} [args] of Chromium */
export async function launchBrowser(name, profile, args = []) {
  if (name === "chromium") {
    ensureBrowser();
    const options = browserLaunchOptions();
    const context = await chromium.launchPersistentContext(profile, { ...options, args: [...options.args, ...args] });
    return { context, version: `Chromium ${context.browser()?.version() ?? "of unknown version"}` };
  }
  const executablePath = findFirefox();
  if (executablePath === undefined) throw new Error("Firefox is not installed: install it, or set ORIGINMQ_FIREFOX.");
  // By WebDriver BiDi: a Firefox as it is distributed, not Playwright's own.
  const context = await firefox.launchPersistentContext(profile, {
    channel: "moz-firefox",
    executablePath,
    // Else its clock goes in whole milliseconds.
    firefoxUserPrefs: { "privacy.reduceTimerPrecision": false },
  });
  return { context, version: `Firefox ${context.browser()?.version() ?? "of unknown version"}` };
}

/** @typedef {keyof typeof BACKENDS} Backend what Chromium keeps IndexedDB in */
export const BACKENDS = {
  leveldb: { args: [], holds: /\.leveldb$/ },
  sqlite: { args: ["--enable-features=IdbSqliteBackingStore"], holds: /^[a-z]+_[^.]*_\d+$/ },
};

/** Fails where a Chromium has kept IndexedDB in something else than it was told. @param {string} profile @param {Backend} backend */
export function assertBackend(profile, backend) {
  const names = readdirSync(join(profile, "Default", "IndexedDB"), { recursive: true }).map(String);
  if (!names.some((name) => BACKENDS[backend].holds.test(name)))
    throw new Error(`This Chromium does not keep IndexedDB in ${backend}: ${names.join(", ")}`);
}

/** @param {Site} site @param {BrowserName} [name] @param {Backend} [backend] @returns {Promise<OpenBrowser>} */
export async function openBrowser({ address }, name = "chromium", backend = "leveldb") {
  const profile = mkdtempSync(join(tmpdir(), "originmq-bench-"));
  const { context, version } = await launchBrowser(name, profile, BACKENDS[backend].args);
  return {
    context,
    version,
    profile,
    async openPage() {
      const page = await context.newPage();
      page.on("pageerror", (error) => console.error(error));
      page.on("console", (message) => {
        if (message.type() === "error") console.error(message.text());
      });
      await page.goto(address);
      await page.waitForFunction(() => globalThis.bench !== undefined);
      return page;
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Two tabs of one browser. @param {BrowserName} name @param {Backend} [backend] @param {string} [checkout] @returns {Promise<Tabs>} */
export async function openTabs(name, backend, checkout) {
  const site = await servePages(checkout);
  const { context, version, profile, openPage, close } = await openBrowser(site, name, backend);
  const measuring = await openPage();
  const helping = await openPage();
  return {
    context,
    measuring,
    helping,
    version,
    profile,
    async close() {
      await close();
      await site.close();
    },
  };
}
