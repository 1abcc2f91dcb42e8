// Starts a browser on a profile of its own on the disk, and says what it keeps IndexedDB in.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, firefox } from "playwright";
import { browserLaunchOptions } from "./browser-launch.mjs";
import { findFirefox } from "./engines/find-engines.mjs";
import { ensureBrowser } from "./find-browser.mjs";

/** @typedef {"chromium" | "firefox"} BrowserName */

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
