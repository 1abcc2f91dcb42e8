// Finds the engines beside Chromium that are installed: Firefox, and WebKitGTK with what drives it. Installs nothing.

import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { isExecutable } from "../installing.mjs";

/** @param {readonly string[]} commands */
const inPath = (...commands) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .filter(Boolean)
    .flatMap((folder) => commands.map((command) => join(folder, command)))
    .find(isExecutable);

/** The path of a Firefox that can be driven; `undefined` if there is none. */
export const findFirefox = () => process.env.ORIGINMQ_FIREFOX ?? inPath("firefox-esr", "firefox");

/**
 * What it takes to run WebKitGTK without a screen: its driver, its small browser, and a display in memory.
 * @returns {{ driver: string, browser: string, display: string } | undefined}
 */
export function findWebKit() {
  const driver = inPath("WebKitWebDriver");
  const display = inPath("Xvfb");
  const browser = miniBrowser();
  return driver && display && browser ? { driver, display, browser } : undefined;
}

/** Distributions put it below a folder named by the machine's architecture. */
function miniBrowser() {
  const folders = ["/usr/lib", "/usr/libexec"].filter((folder) => existsSync(folder));
  const below = folders.flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))]);
  const versions = ["webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0"];
  return below.flatMap((folder) => versions.map((version) => join(folder, version, "MiniBrowser"))).find(isExecutable);
}
