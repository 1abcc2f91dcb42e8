// Tests with a site of their own whose server can be told to fail.

import { type BrowserContext, test as base, expect, type Page } from "@playwright/test";
import type { Arrival } from "../../demo/server/notes-server.mjs";
import { openSite, type Site } from "./site.js";

export { expect };

export const test = base.extend<{ site: Site }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures it needs from this pattern.
  site: async ({}, use) => {
    const site = await openSite();
    await use(site);
    await site.close();
  },
});

export async function openPage(context: BrowserContext, site: Site): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site.origin);
  await page.waitForFunction(() => globalThis.outboxLab !== undefined);
  return page;
}

export const untilSent = (page: Page, timeoutMs = 20_000) =>
  expect.poll(() => page.evaluate(() => outboxLab.waiting()), { timeout: timeoutMs }).toBe(0);

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
