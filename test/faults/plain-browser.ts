// A Chromium in which pages can be frozen, as the browser does with those that nobody has looked at for a while: it is started
// without Playwright, whose defaults forbid that.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, expect, type Page } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";

async function startPlainBrowser(profile: string): Promise<{ process: ChildProcess; address: string }> {
  const { executablePath = chromium.executablePath(), args } = browserLaunchOptions();
  const options = [
    ...args,
    "--headless",
    "--no-sandbox",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
    "about:blank",
  ];
  const started = spawn(executablePath, options, { stdio: "ignore" });
  const file = join(profile, "DevToolsActivePort");
  let lines: string[] = [];
  await expect
    .poll(async () => {
      lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
      return lines.length;
    })
    .toBeGreaterThan(1);
  return { process: started, address: `ws://127.0.0.1:${lines[0]}${lines[1]}` };
}

/** A browser that has only just started may leave the first connection waiting for ever. */
async function connectTo(address: string): Promise<Browser> {
  const connect = (timeout: number) => chromium.connectOverCDP(address, { noDefaults: true, timeout });
  return connect(5_000).catch(() => connect(20_000));
}

/** The browser is there for as long as `use` runs. */
export async function withPlainBrowser(use: (context: BrowserContext) => Promise<void>): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), "originmq-frozen-"));
  const { process: started, address } = await startPlainBrowser(profile);
  try {
    const browser = await connectTo(address);
    const context = browser.contexts()[0];
    if (context === undefined) throw new Error("the browser has no context");
    await use(context);
    await browser.close();
  } finally {
    const ended = new Promise((resolve) => started.once("exit", resolve));
    started.kill("SIGKILL");
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Freezes a page that another one hides. Resolves with what wakes it. */
export async function freeze(page: Page): Promise<() => Promise<void>> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
  return async () => void (await cdp.send("Page.setWebLifecycleState", { state: "active" }));
}
