// Tests with a site of their own whose server can be told to fail, in one engine or in each that is installed.

import { type Browser, type BrowserContext, test as base, expect, firefox, type Page } from "@playwright/test";
import type { Arrival } from "../../demo/server/notes-server.mjs";
import { findFirefox, findWebKit } from "../engines/find-engines.mjs";
import type { Preferences } from "../engines/looks.js";
import { openWebKit } from "../engines/webkitgtk.mjs";
import { openSite, type Site } from "./site.js";

export { expect };

export type Engine = "Chromium" | "Firefox" | "WebKitGTK";

/** A page of the site, in whichever engine. One call at a time: WebKit's driver takes no more. */
export interface Tab {
  evaluate<Result, Arg = undefined>(call: (arg: Arg) => Result | Promise<Result>, arg?: Arg): Promise<Result>;
  /** Loads the page, again too. */
  visit(): Promise<unknown>;
}

/** Started by the first test that needs them: to start takes longer than most tests do. */
interface Launched {
  firefox(): Promise<Browser>;
  webkit(): ReturnType<typeof openWebKit>;
}

interface Fixtures {
  readonly site: Site;
  readonly engine: Engine;
  /** Tabs of one test share their storage with each other and with nobody else. */
  readonly openTab: () => Promise<Tab>;
  /** The page with the outbox element: in Chromium or Firefox. */
  readonly inbox: Page;
  /** Of a Firefox of the page's own. */
  readonly preferences: Preferences | undefined;
}

export const test = base.extend<Fixtures, { readonly launched: Launched }>({
  engine: ["Chromium", { option: true }],
  launched: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures it needs from this pattern.
    async ({}, use) => {
      const started: { firefox?: Promise<Browser>; webkit?: ReturnType<typeof openWebKit> } = {};
      await use({
        firefox() {
          started.firefox ??= openFirefox({});
          return started.firefox;
        },
        webkit() {
          started.webkit ??= openWebKit();
          return started.webkit;
        },
      });
      await Promise.all([started.firefox, started.webkit].map(async (browser) => (await browser)?.close()));
    },
    { scope: "worker" },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures it needs from this pattern.
  site: async ({}, use) => {
    const site = await openSite();
    await use(site);
    await site.close();
  },
  preferences: [undefined, { option: true }],
  async inbox({ engine, context, launched, site, preferences }, use) {
    const another = preferences && (await openFirefox(preferences));
    const own = engine === "Firefox" ? await (another ?? (await launched.firefox())).newContext() : context;
    const page = await own.newPage();
    await page.goto(`${site.origin}/inbox`);
    await page.waitForFunction(() => globalThis.inboxLab !== undefined);
    await use(page);
    if (own !== context) await own.close();
    await another?.close();
  },
  async openTab({ engine, context, launched, site }, use) {
    if (engine === "WebKitGTK") return withWebKit(await launched.webkit(), site, use);
    const own = engine === "Firefox" ? await (await launched.firefox()).newContext() : context;
    await use(async () => tabOf(await openPage(own, site), site));
    if (own !== context) await own.close();
  },
});

const openFirefox = (preferences: Preferences): Promise<Browser> =>
  firefox.launch({
    channel: "moz-firefox",
    executablePath: findFirefox() as string,
    firefoxUserPrefs: { ...preferences },
  });

const tabOf = (page: Page, site: Site): Tab => ({
  evaluate: (call, arg) => page.evaluate(call as never, arg),
  visit: () => visit(page, site),
});

/** No profile of its own: each site has another origin. */
async function withWebKit(
  webkit: Awaited<ReturnType<typeof openWebKit>>,
  site: Site,
  use: (open: () => Promise<Tab>) => Promise<void>,
): Promise<void> {
  const opened: Awaited<ReturnType<typeof webkit.openTab>>[] = [];
  await use(async () => {
    const tab = await webkit.openTab();
    opened.push(tab);
    const visit = async () => {
      await tab.visit(site.origin);
      await expect.poll(() => tab.run("return globalThis.outboxLab !== undefined;")).toBe(true);
    };
    await visit();
    return { visit, evaluate: (call, arg) => tab.run(`return (${call})(...args);`, arg) };
  });
  for (const tab of opened) await tab.close();
}

const IS_INSTALLED: Record<Engine, boolean> = {
  Chromium: true,
  Firefox: findFirefox() !== undefined,
  WebKitGTK: findWebKit() !== undefined,
};

/** Declares the same tests for each of these engines, which those that are missing skip. */
export function describeIn(engines: readonly Engine[], declare: (engine: Engine) => void): void {
  for (const engine of engines) {
    test.describe(engine, () => {
      test.skip(!IS_INSTALLED[engine], `${engine} is not installed`);
      test.use({ engine });
      declare(engine);
    });
  }
}

async function visit(page: Page, site: Site): Promise<void> {
  await page.goto(site.origin);
  await page.waitForFunction(() => globalThis.outboxLab !== undefined);
}

export async function openPage(context: BrowserContext, site: Site): Promise<Page> {
  const page = await context.newPage();
  await visit(page, site);
  return page;
}

export const untilSent = (tab: Pick<Tab, "evaluate">, timeoutMs = 20_000) =>
  expect.poll(() => tab.evaluate(() => outboxLab.waiting()), { timeout: timeoutMs }).toBe(0);

/** Of each group, the numbers in the order in which they took effect. */
export function orderByGroup(arrivals: readonly Arrival[]): Record<string, number[]> {
  const order: Record<string, number[]> = {};
  for (const { path, inEffect } of arrivals) {
    const [, group = "", n] = /^\/api\/([^?]*)\?n=(\d+)$/.exec(path) ?? [];
    if (!inEffect || n === undefined) continue;
    order[group] ??= [];
    order[group].push(Number(n));
  }
  return order;
}

/** Each key took effect once; it was repeated only where its answer was lost. */
export function expectEachOnce(arrivals: readonly Arrival[]): void {
  const byKey = new Map<string, Arrival[]>();
  for (const arrival of arrivals) {
    expect(arrival.key, arrival.path).not.toBeNull();
    byKey.set(arrival.key ?? "", [...(byKey.get(arrival.key ?? "") ?? []), arrival]);
  }
  for (const [key, all] of byKey) {
    expect(all.filter(({ inEffect }) => inEffect).length, `times that ${key} took effect`).toBe(1);
    const needless = all.slice(0, -1).filter(({ outcome }) => typeof outcome === "number" && outcome < 400);
    expect(needless, `${key} was repeated though it was answered`).toEqual([]);
  }
}
