// Builds and serves the pages of the benchmark, and opens browsers on them, each with a profile of its own on disk.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, preview } from "vite";
import { BACKENDS, launchBrowser } from "../test/launch-browser.mjs";

const CONFIG = fileURLToPath(new URL("./vite.config.ts", import.meta.url));

/**
 * @typedef {import("../test/launch-browser.mjs").BrowserName} BrowserName
 * @typedef {import("../test/launch-browser.mjs").Backend} Backend
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
