// How every test, of whatever runner, starts Chromium.

import { findBrowser } from "./find-browser.mjs";

/**
 * Playwright's launch options for the browser that `findBrowser` finds. Without one, Playwright says what is missing.
 * Playwright itself adds `--no-sandbox`, which Chromium needs where it runs as root.
 * @returns {{ executablePath?: string, args: string[] }}
 */
export function browserLaunchOptions() {
  const browser = findBrowser();
  return {
    ...(browser ? { executablePath: browser.path } : {}),
    args: ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  };
}
