// Finds the Chromium that the tests run in, and installs one where there is none and that is allowed.
// Order: ORIGINMQ_CHROMIUM, what Playwright has installed, a system Chrome or Chromium, an installation.

import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { INSTALL_TIMEOUT_MS, install, isDebian, isExecutable } from "./installing.mjs";

const COMMANDS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * @typedef {{ path: string, source: "environment" | "playwright" | "system" }} Browser
 * @typedef {Record<string, string | undefined>} Environment
 * @typedef {{ env: Environment, platform: string, playwrightPath: () => string | undefined, systemPaths: readonly string[] }} Machine
 * @typedef {(command: string, args: readonly string[], timeoutMs: number) => boolean} Run tells whether the command succeeded
 * @typedef {{ run: Run, isRoot: boolean, isDebian: boolean, log: (line: string) => void }} Installer
 */

/** A browser cannot be had. The message is one sentence that says what to install. */
export class BrowserMissing extends Error {}

/**
 * The first browser that is there. Installs nothing.
 * @param {Partial<Machine>} [machine]
 * @returns {Browser | undefined}
 * @throws {BrowserMissing} if ORIGINMQ_CHROMIUM names something that cannot be run: a typo must not go unnoticed
 */
export function findBrowser(machine = {}) {
  const { env, platform, playwrightPath, systemPaths } = { ...thisMachine(machine.env), ...machine };
  const named = env.ORIGINMQ_CHROMIUM;
  if (named) {
    if (isExecutable(named)) return { path: named, source: "environment" };
    throw new BrowserMissing(`ORIGINMQ_CHROMIUM is "${named}", which is not an executable file.`);
  }
  const own = playwrightPath();
  if (own && isExecutable(own)) return { path: own, source: "playwright" };
  const endings = platform === "win32" ? [".exe", ""] : [""];
  const inPath = (env.PATH ?? "")
    .split(delimiter)
    .filter(Boolean)
    .flatMap((folder) => COMMANDS.flatMap((command) => endings.map((ending) => join(folder, command + ending))));
  const path = [...inPath, ...systemPaths].find(isExecutable);
  return path ? { path, source: "system" } : undefined;
}

/**
 * The first browser that is there, or else one that it installs, saying so first.
 * @param {Partial<Machine>} [machine]
 * @param {Partial<Installer>} [installer]
 * @returns {Browser}
 * @throws {BrowserMissing} if there is none and none can or may be installed
 */
export function ensureBrowser(machine = {}, installer = {}) {
  const found = findBrowser(machine);
  if (found) return found;
  const env = machine.env ?? process.env;
  const advice = "install Chromium or Google Chrome, or set ORIGINMQ_CHROMIUM to the path of one";
  if (env.ORIGINMQ_INSTALL_BROWSER === "0") {
    throw new BrowserMissing(`No browser found and ORIGINMQ_INSTALL_BROWSER=0 forbids installing one: ${advice}.`);
  }
  const { run, isRoot, isDebian, log } = { ...thisInstaller(), ...installer };
  log("No browser found. Installing Playwright's Chromium (ORIGINMQ_INSTALL_BROWSER=0 forbids this).");
  if (run("npx", ["playwright", "install", "chromium"], INSTALL_TIMEOUT_MS)) {
    const browser = findBrowser(machine);
    if (browser) return browser;
  }
  if (isDebian && isRoot) {
    log("That did not work. Installing Debian's chromium with apt-get.");
    const packages = ["install", "-y", "--no-install-recommends", "chromium"];
    if (run("apt-get", ["update"], INSTALL_TIMEOUT_MS) && run("apt-get", packages, INSTALL_TIMEOUT_MS)) {
      const browser = findBrowser(machine);
      if (browser) return browser;
    }
  }
  throw new BrowserMissing(`No browser found and none could be installed: ${advice}.`);
}

/** @param {Environment} [env] @returns {Machine} */
function thisMachine(env = process.env) {
  return {
    env,
    platform: process.platform,
    playwrightPath: playwrightChromium,
    systemPaths: usualPaths(process.platform, env),
  };
}

/** @returns {Installer} */
function thisInstaller() {
  return {
    run: install,
    isRoot: process.getuid?.() === 0,
    isDebian: isDebian(),
    log: (line) => console.log(line),
  };
}

function playwrightChromium() {
  try {
    // Loaded only here: it takes a third of a second, and no browser is needed for most of what is done in this repository.
    return createRequire(import.meta.url)("playwright").chromium.executablePath();
  } catch {
    return undefined;
  }
}

/**
 * Where installers put Chrome and Chromium on systems that do not list them in PATH.
 * @param {string} platform
 * @param {Environment} env
 */
export function usualPaths(platform, env) {
  if (platform === "darwin") {
    return ["", env.HOME ?? ""].flatMap((home) => [
      `${home}/Applications/Google Chrome.app/Contents/MacOS/Google Chrome`,
      `${home}/Applications/Chromium.app/Contents/MacOS/Chromium`,
    ]);
  }
  if (platform === "win32") {
    return [env.PROGRAMFILES, env["PROGRAMFILES(X86)"], env.LOCALAPPDATA].flatMap((folder) =>
      folder
        ? [`${folder}\\Google\\Chrome\\Application\\chrome.exe`, `${folder}\\Chromium\\Application\\chrome.exe`]
        : [],
    );
  }
  return ["/usr/bin/chromium", "/usr/bin/google-chrome", "/snap/bin/chromium", "/opt/google/chrome/chrome"];
}
