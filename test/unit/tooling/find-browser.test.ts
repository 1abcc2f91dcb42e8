import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BrowserMissing, ensureBrowser, findBrowser, usualPaths } from "../../find-browser.mjs";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "find-browser-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file of that name that can be executed. */
function executable(name: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  return path;
}

const machine = (env: Record<string, string> = {}, playwright?: string, systemPaths: string[] = []) => ({
  env: { PATH: [join(folder, "empty"), join(folder, "bin")].join(delimiter), ...env },
  platform: "linux",
  playwrightPath: () => playwright,
  systemPaths,
});

describe("the browser that is found", () => {
  test("is the one that ORIGINMQ_CHROMIUM names, whatever else is there", () => {
    const named = executable("mine/chrome");
    executable("bin/chromium");
    const found = findBrowser(machine({ ORIGINMQ_CHROMIUM: named }, executable("playwright/chrome")));
    expect(found).toEqual({ path: named, source: "environment" });
  });

  test("is Playwright's before the system's", () => {
    executable("bin/chromium");
    const own = executable("playwright/chrome");
    expect(findBrowser(machine({}, own))).toEqual({ path: own, source: "playwright" });
  });

  test("is the system's where Playwright names one that it has not installed", () => {
    const path = executable("bin/chromium");
    expect(findBrowser(machine({}, join(folder, "playwright/chrome")))).toEqual({ path, source: "system" });
  });

  test.each(["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])("is %s in PATH", (command) => {
    const path = executable(`bin/${command}`);
    expect(findBrowser(machine())).toEqual({ path, source: "system" });
  });

  test("is where installers put it, if PATH has none", () => {
    const path = executable("Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    const found = findBrowser({
      ...machine(),
      platform: "darwin",
      systemPaths: usualPaths("darwin", { HOME: folder }),
    });
    expect(found?.source).toBe("system");
    // A Mac may have Chrome for all users, which comes first.
    expect([path, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]).toContain(found?.path);
  });

  test("is an .exe on Windows", () => {
    const path = executable("bin/chromium.exe");
    expect(findBrowser({ ...machine(), platform: "win32" })?.path).toBe(path);
  });

  test("is neither a folder nor a file that cannot be executed", () => {
    mkdirSync(join(folder, "bin/chromium"), { recursive: true });
    writeFileSync(join(folder, "bin/google-chrome"), "");
    expect(findBrowser(machine())).toBeUndefined();
  });
});

test("a wrong ORIGINMQ_CHROMIUM is an error that names it, though there is another browser", () => {
  executable("bin/chromium");
  const search = () => findBrowser(machine({ ORIGINMQ_CHROMIUM: join(folder, "nowhere") }));
  expect(search).toThrow(BrowserMissing);
  expect(search).toThrow(join(folder, "nowhere"));
});

describe("where there is no browser", () => {
  /** An installer whose commands do what the test says; keeps what was run and said. */
  const installer = (does: (command: string, args: readonly string[]) => boolean, options = {}) => {
    const ran: string[] = [];
    const said: string[] = [];
    const run = (command: string, args: readonly string[]) => {
      ran.push([command, ...args].join(" "));
      return does(command, args);
    };
    return { ran, said, run, log: (line: string) => void said.push(line), isRoot: true, isDebian: true, ...options };
  };
  const installsWith = (name: string) => (command: string, args: readonly string[]) => {
    if (command === name && args.includes("install")) executable("bin/chromium");
    return command === name;
  };

  test("Playwright's is installed, and it says so", () => {
    const npx = installer(installsWith("npx"));
    expect(ensureBrowser(machine(), npx).path).toBe(join(folder, "bin/chromium"));
    expect(npx.ran).toEqual(["npx playwright install chromium"]);
    expect(npx.said[0]).toMatch(/^No browser found\. Installing/);
  });

  test("apt-get is asked when Playwright's cannot be downloaded, on Debian as root", () => {
    const apt = installer(installsWith("apt-get"));
    expect(ensureBrowser(machine(), apt).path).toBe(join(folder, "bin/chromium"));
    expect(apt.ran.slice(1)).toEqual(["apt-get update", "apt-get install -y --no-install-recommends chromium"]);
  });

  test("apt-get is asked too when Playwright's says that it was installed and is not there", () => {
    const both = installer((command, args) => installsWith("apt-get")(command, args) || command === "npx");
    expect(ensureBrowser(machine(), both).path).toBe(join(folder, "bin/chromium"));
  });

  test.each([
    ["not root", { isRoot: false }],
    ["not Debian", { isDebian: false }],
  ])("apt-get is left alone when %s", (_, options) => {
    const failing = installer(() => false, options);
    expect(() => ensureBrowser(machine(), failing)).toThrow(BrowserMissing);
    expect(failing.ran).toEqual(["npx playwright install chromium"]);
  });

  test("ORIGINMQ_INSTALL_BROWSER=0 forbids both", () => {
    const forbidden = installer(installsWith("npx"));
    expect(() => ensureBrowser(machine({ ORIGINMQ_INSTALL_BROWSER: "0" }), forbidden)).toThrow(
      /INSTALL_BROWSER=0 forbids/,
    );
    expect(forbidden.ran).toEqual([]);
    expect(existsSync(join(folder, "bin/chromium"))).toBe(false);
  });

  test("and none can be installed, one sentence says what to install", () => {
    const sentence =
      "No browser found and none could be installed: install Chromium or Google Chrome, or set ORIGINMQ_CHROMIUM to the path of one.";
    expect(() =>
      ensureBrowser(
        machine(),
        installer(() => false),
      ),
    ).toThrow(new BrowserMissing(sentence));
  });
});
