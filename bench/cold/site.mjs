// Builds and serves the pages of the cold start, and opens browsers on them: a new one for each figure, with a profile that
// is empty or a copy of one that an earlier browser has left.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build, preview } from "vite";
import { assertBackend, BACKENDS, launchBrowser } from "../../test/launch-browser.mjs";

const CONFIG = fileURLToPath(new URL("./vite.config.ts", import.meta.url));
/** What the browser, or a page, does after its start is over by then. */
const SETTLE_MS = 500;

/**
 * @typedef {import("../browser.mjs").BrowserName | "sqlite"} BrowserName `sqlite`: Chromium, which keeps IndexedDB in SQLite
 * @typedef {import("playwright").Page} Page
 * @typedef {"originmq" | "dexie" | "idb" | "worker" | "plain"} PageName
 *
 * @typedef {object} Opened
 * @property {import("playwright").BrowserContext} context
 * @property {string} version
 * @property {(name: PageName) => Promise<Page>} openPage resolves when the page is loaded and has come to rest
 *
 * @typedef {object} ColdSite
 * @property {string} address
 * @property {<T>(browser: BrowserName, use: (opened: Opened) => Promise<T>, left?: string) => Promise<T>} inNewBrowser `left`:
 * a profile, of which the browser gets a copy
 * @property {(messages: number) => Promise<string>} leave a profile with a queue in which so many messages wait
 * @property {() => Promise<void>} close
 */

/** @param {string} [checkout] whose source is measured @param {boolean} [hasStages] notes what is asked of the platform */
export async function serveCold(checkout = "", hasStages = false) {
  process.env.COLD_CHECKOUT = checkout;
  process.env.COLD_STAGES = hasStages ? "1" : "";
  await build({ configFile: CONFIG, logLevel: "warn" });
  const server = await preview({ configFile: CONFIG, logLevel: "warn", preview: { host: "localhost", port: 4181 } });
  const address = server.resolvedUrls?.local[0];
  if (address === undefined) throw new Error("The pages of the cold start are not served.");
  /** @type {string[]} */
  const profiles = [];
  const newProfile = () => {
    const profile = mkdtempSync(join(tmpdir(), "originmq-cold-"));
    profiles.push(profile);
    return profile;
  };
  const remove = (/** @type {string} */ profile) => rmSync(profile, { recursive: true, force: true, maxRetries: 5 });

  /** @type {ColdSite} */
  const site = {
    address,
    async inNewBrowser(browser, use, left) {
      const profile = newProfile();
      if (left) cpSync(left, profile, { recursive: true });
      const { context, version } = await launch(browser, profile);
      try {
        const used = await use({ context, version, openPage: (name) => openPage(context, `${address}${name}.html`) });
        if (browser === "sqlite") assertBackend(profile, browser);
        return used;
      } finally {
        await context.close();
        remove(profile);
      }
    },
    async leave(messages) {
      const profile = newProfile();
      const { context } = await launchBrowser("chromium", profile);
      const page = await openPage(context, `${address}originmq.html`);
      await page.evaluate((count) => fillQueue(count), messages);
      await sleep(SETTLE_MS);
      await context.close();
      return profile;
    },
    async close() {
      for (const profile of profiles) remove(profile);
      await server.close();
    },
  };
  return site;
}

/** @param {BrowserName} browser @param {string} profile */
const launch = (browser, profile) =>
  browser === "sqlite" ? launchBrowser("chromium", profile, BACKENDS.sqlite.args) : launchBrowser(browser, profile);

/** @param {import("playwright").BrowserContext} context @param {string} address */
async function openPage(context, address) {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(address, { waitUntil: "load" });
  await page.waitForFunction(() => globalThis.measureFirst !== undefined);
  await sleep(SETTLE_MS);
  return page;
}
