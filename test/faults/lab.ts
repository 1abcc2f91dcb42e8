// Tests with a site of their own, tabs on it that report what they do, and the faults.

import { writeFile } from "node:fs/promises";
import { type Browser, type BrowserContext, test as base, expect, type Page } from "@playwright/test";
import type { Report } from "./page/lab.js";
import { type BuildName, openSite, type Site } from "./site.js";

/** What a tab reported, and when it arrived here. */
export type Recorded = Report & { readonly tab: string; readonly at: number };

export interface TabOptions {
  readonly name: string;
  readonly build?: BuildName;
}

export interface Tabs {
  readonly history: Recorded[];
  open(options: TabOptions): Promise<Page>;
}

/** Tabs of one context; their history goes on in this process when they are gone. */
export async function tabsOf(context: BrowserContext, site: Site, history: Recorded[] = []): Promise<Tabs> {
  const numbers = new Set<string>();
  // Its name comes with it: a page that is leaving may have another address by the time its report is here.
  await context.exposeBinding("report", (_, report: Report, number: string, tab: string) => {
    if (numbers.has(number)) return;
    numbers.add(number);
    history.push({ ...report, tab, at: performance.now() });
  });
  return {
    history,
    async open({ name, build = "today" }) {
      const page = await context.newPage();
      await page.goto(`${site.origin}/${build}/?name=${name}`);
      await page.waitForFunction(() => globalThis.lab !== undefined);
      return page;
    },
  };
}

export const test = base.extend<{ tabs: Tabs }, { site: Site }>({
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures it needs from this pattern.
    async ({}, use) => {
      const site = await openSite();
      await use(site);
      await site.close();
    },
    { scope: "worker" },
  ],
  tabs: async ({ context, site }, use, testInfo) => {
    const tabs = await tabsOf(context, site);
    await use(tabs);
    // What fails once in a hundred runs is to say then what happened.
    if (testInfo.status === testInfo.expectedStatus) return;
    const lines = tabs.history.map((event) => `${JSON.stringify(event)}\n`).join("");
    await writeFile(testInfo.outputPath("history.jsonl"), lines);
  },
});

export { expect };

/** Ends the SharedWorkers whose address contains `part`, without a word to anybody. Resolves with how many, and when. */
export async function killSharedWorkers(
  browser: Browser,
  part = "shared-worker.js",
): Promise<{ killed: number; at: number }> {
  const cdp = await browser.newBrowserCDPSession();
  const { targetInfos } = await cdp.send("Target.getTargets");
  const workers = targetInfos.filter(({ type, url }) => type === "shared_worker" && url.includes(part));
  const at = performance.now();
  for (const { targetId } of workers) await cdp.send("Target.closeTarget", { targetId });
  await cdp.detach();
  return { killed: workers.length, at };
}

/** The process of the page dies. */
export async function crash(page: Page): Promise<void> {
  const crashed = page.waitForEvent("crash");
  page.goto("chrome://crash").catch(() => {});
  await crashed;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;

/** Longest time between two answered sends, from `since` on. */
export function longestPauseMs(history: readonly Recorded[], since: number): number {
  const times = [since, ...ofType(history, "sent").flatMap(({ at }) => (at > since ? [at] : []))];
  return Math.round(Math.max(...times.map((at, i) => at - (times[i - 1] ?? at))));
}

export const ofType = <Type extends Report["type"]>(history: readonly Recorded[], type: Type) =>
  history.filter((event): event is Recorded & { type: Type } => event.type === type);

export const bodiesOf = (history: readonly Recorded[], type: Report["type"]): string[] =>
  ofType(history, type).map(({ body }) => body);

/** Sends one after the other until a worker stands at the gate: `most` at most, `pauseMs` after each. */
export async function sendUntilAtGate(page: Page, site: Site, most: number, pauseMs: (sent: number) => number) {
  for (let sent = 0; !site.isAtGate; sent++) {
    expect(sent).toBeLessThan(most);
    await page.evaluate(() => void lab.send(1));
    await page.waitForTimeout(pauseMs(sent));
  }
}

/** Waits until the queue of this page is empty. */
export async function untilIdle(page: Page, timeoutMs = 20_000): Promise<void> {
  await expect
    .poll(
      () =>
        page.evaluate(async () => {
          const { ready, delayed, leased } = await lab.queue.stats();
          return { ready, delayed, leased };
        }),
      { timeout: timeoutMs },
    )
    .toEqual({ ready: 0, delayed: 0, leased: 0 });
}

/**
 * Every message whose send resolved was acknowledged once. The queue may be empty before the tab that emptied it has said
 * so: what is missing is waited for.
 */
export async function expectAllHandledOnce(history: readonly Recorded[]): Promise<void> {
  const missing = () => {
    const acked = new Set(bodiesOf(history, "acked"));
    return bodiesOf(history, "sent").filter((body) => !acked.has(body));
  };
  await expect.poll(missing, "lost").toEqual([]);
  const acked = bodiesOf(history, "acked");
  expect(
    acked.filter((body, i) => acked.indexOf(body) !== i),
    "acknowledged twice",
  ).toEqual([]);
  const known = new Set(bodiesOf(history, "sending"));
  expect(
    acked.filter((body) => !known.has(body)),
    "unexpected",
  ).toEqual([]);
  expect(ofType(history, "unsettled"), "settlements refused").toEqual([]);
}
