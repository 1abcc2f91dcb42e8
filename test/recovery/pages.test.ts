// The lives of a page: closed, reloaded, put into the back/forward cache, frozen.

import { chromium, type Page } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { bodiesOf, expect, expectAllHandledOnce, tabsOf, test, untilIdle } from "../faults/lab.js";
import { freeze, withPlainBrowser } from "../faults/plain-browser.js";

/** A tab that holds eight of ten messages, and a second one that has handled the other two. */
async function holdMessages(holder: Page, other: Page) {
  await holder.evaluate(() => lab.open());
  await other.evaluate(() => lab.open());
  await holder.evaluate(async () => {
    await lab.send(10);
    lab.startConsuming({ prefetch: 8, stuckOn: "-" });
  });
  await other.evaluate(() => lab.startConsuming());
  await expect.poll(() => other.evaluate(() => lab.queue.stats())).toMatchObject({ ready: 0, leased: 8 });
}

for (const [what, leave] of [
  ["closing", (page: Page) => page.close()],
  ["reloading", (page: Page) => page.reload()],
] as const) {
  test(`${what} a tab gives its deliveries to another at once`, async ({ tabs }) => {
    const other = await tabs.open({ name: "other" });
    const holder = await tabs.open({ name: "holder" });
    await holdMessages(holder, other);
    const at = performance.now();
    await leave(holder);
    await expect.poll(() => bodiesOf(tabs.history, "acked").length, { intervals: [20] }).toBe(10);
    const first = tabs.history.find((event) => event.type === "delivered" && event.at > at);
    const ms = Math.round((first?.at ?? Number.NaN) - at);
    console.log(`    the first is back ${ms} ms after ${what}`);
    expect(ms).toBeLessThan(1_000);
    await expectAllHandledOnce(tabs.history);
  });
}

test("a page in the back/forward cache holds nothing, and consumes again once it is shown", async ({ site }) => {
  const browser = await chromium.launch({
    ...browserLaunchOptions(),
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
  try {
    const tabs = await tabsOf(await browser.newContext(), site);
    const other = await tabs.open({ name: "other" });
    const page = await tabs.open({ name: "page" });
    await holdMessages(page, other);
    await page.evaluate(() => {
      const shown: boolean[] = [];
      Object.assign(globalThis, { shown });
      addEventListener("pageshow", ({ persisted }) => shown.push(persisted));
    });
    await page.goto(`${site.origin}/elsewhere`);
    await expect.poll(() => bodiesOf(tabs.history, "acked").length).toBe(10);
    await other.evaluate(() => lab.stopConsuming());

    await page.goBack({ waitUntil: "commit" });
    await expect.poll(() => page.evaluate(() => (globalThis as { shown?: boolean[] }).shown)).toEqual([true]);
    // Its first handler never ends; the lease of that was lost, so its place is free.
    await page.evaluate(() => lab.stopConsuming());
    await page.evaluate(() => lab.startConsuming());
    await other.evaluate(() => lab.send(5));
    await untilIdle(other);
    const last = tabs.history.filter(({ type }) => type === "acked").slice(10);
    expect(last.map(({ tab, body }) => `${tab}: ${body}`)).toEqual(
      [1, 2, 3, 4, 5].map((n) => `page: other-${String(n).padStart(6, "0")}`),
    );
  } finally {
    await browser.close();
  }
});

test("a consumer that was open goes on by itself when its page comes back from the cache", async ({ site }) => {
  const browser = await chromium.launch({
    ...browserLaunchOptions(),
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
  try {
    const tabs = await tabsOf(await browser.newContext(), site);
    const page = await tabs.open({ name: "page" });
    const other = await tabs.open({ name: "other" });
    await page.evaluate(async () => {
      await lab.open();
      await lab.send(3);
      lab.startConsuming();
    });
    await other.evaluate(() => lab.open());
    await untilIdle(other);
    await page.evaluate(() => {
      Object.assign(globalThis, { isShown: false });
      addEventListener("pageshow", ({ persisted }) => Object.assign(globalThis, { isShown: persisted }));
    });
    await page.goto(`${site.origin}/elsewhere`);
    await other.evaluate(() => lab.send(5));
    expect(await other.evaluate(() => lab.queue.stats())).toMatchObject({ ready: 5, leased: 0 });
    await page.goBack({ waitUntil: "commit" });
    await expect.poll(() => page.evaluate(() => (globalThis as { isShown?: boolean }).isShown)).toBe(true);
    await untilIdle(other);
    await expectAllHandledOnce(tabs.history);
  } finally {
    await browser.close();
  }
});

test("a frozen tab gives its deliveries back, and takes up again when it is woken", async ({ site }) => {
  await withPlainBrowser(async (context) => {
    const tabs = await tabsOf(context, site);
    const frozen = await tabs.open({ name: "frozen" });
    const other = await tabs.open({ name: "other" });
    await holdMessages(frozen, other);
    await other.bringToFront();
    const at = performance.now();
    const wake = await freeze(frozen);
    await expect.poll(() => bodiesOf(tabs.history, "acked").length, { intervals: [20] }).toBe(10);
    console.log(`    all handled ${Math.round(performance.now() - at)} ms after the freeze`);
    await other.evaluate(() => lab.stopConsuming());
    await other.evaluate(() => lab.send(3));
    expect(await other.evaluate(() => lab.queue.stats())).toMatchObject({ ready: 3, leased: 0 });
    await wake();
    await expect.poll(() => other.evaluate(() => lab.queue.stats())).toMatchObject({ ready: 0, leased: 3 });
  });
});
