// What a newcomer meets in the first minutes: words that are true, controls that answer, messages that can be read.

import { expect, inspectorOf, openTab, type Tab, test } from "./demo.js";

const value = async ({ page }: Tab, id: string) =>
  Number.parseFloat((await page.locator(`#${id}`).textContent()) ?? "");

test("a full queue is told of as long as it is full", async ({ context }) => {
  const tab = await openTab(context);
  const { page } = tab;
  await page.getByLabel("Room for").selectOption({ label: "1,000 messages" });
  await tab.press("Send 1,000");
  await tab.shows({ ready: 1_000 });
  await tab.press("Send one");
  await expect(page.getByRole("alert")).toContainText("The queue has no room left");
  await tab.press("Delete what waits");
  await tab.press("Really delete it?");
  await tab.shows({ ready: 0 });
  await expect(page.getByRole("alert")).toHaveText("");
});

test("the first press on a button that deletes says that it wants a second one, and looks like it", async ({
  context,
}) => {
  const tab = await openTab(context);
  const purge = tab.page.locator("#purge");
  const background = () => purge.evaluate((button) => getComputedStyle(button).backgroundColor);
  await purge.hover();
  const hovered = await background();
  await purge.click();
  await expect(purge).toHaveText("Really delete it? Press again");
  expect(await background()).not.toBe(hovered);
});

test("what the page proposes first, one tab can keep up with", async ({ context }) => {
  const tab = await openTab(context);
  const perSecond = ((await value(tab, "concurrency-value")) * 1_000) / (await value(tab, "duration-value"));
  expect(await value(tab, "rate-value")).toBeLessThan(0.6 * perSecond);
});

test("the hint to open a second tab is gone once there is one", async ({ context }) => {
  const first = await openTab(context);
  const hint = first.page.locator("#share-hint");
  await expect(hint).toContainText("Open another tab");
  const second = await openTab(context);
  await expect(hint).toHaveText("Let two of the tabs consume: they share the queue.");
  await first.as("Consume");
  await second.as("Both");
  await expect(hint).toBeHidden();
});

test("who lets every message fail reads no chance of 0 % beside it", async ({ context }) => {
  const { page } = await openTab(context);
  const chance = page.getByRole("slider", { name: "Chance to fail" });
  await page.getByLabel("Fail every message").check();
  await expect(page.locator("#failing-value")).toHaveText("every message");
  await expect(chance).toBeDisabled();
  await page.getByLabel("Fail every message").uncheck();
  await expect(page.locator("#failing-value")).toHaveText("0 %");
  await expect(chance).toBeEnabled();
});

test("messages can be read in the page's inspector on a laptop and on a phone", async ({ context }, testInfo) => {
  const tab = await openTab(context);
  const { page } = tab;
  const inspector = inspectorOf(page);
  await page.getByLabel("Fail every message").check();
  await tab.as("Consume");
  await tab.press("Send one");
  await tab.shows({ dead: 1 });
  await tab.as("Watch");
  await tab.press("Send 1,000");
  const rows = inspector.getByRole("grid").getByRole("row", { name: /"order":/ });
  await expect(rows).not.toHaveCount(0, { timeout: 20_000 });

  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const body = await rows
        .first()
        .getByRole("gridcell")
        .nth(1)
        .evaluate((cell) => cell.clientWidth);
      expect(body, `at ${width} px`).toBeGreaterThan(width === 1280 ? 250 : 90);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      await inspector.scrollIntoViewIfNeeded();
      // What comes into sight is painted a frame later, and the picture is to have it.
      await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
      await page.screenshot({ path: testInfo.outputPath(`inspector-${scheme}-${width}.png`) });
    }
  }

  // A search waits where more was found than anybody reads, and goes on when it is asked to.
  await inspector.getByRole("searchbox", { name: "Search messages" }).fill("order");
  await expect(inspector.getByText(/^1,000 found in 1,000 of 1,001/)).toBeVisible({ timeout: 20_000 });
  await expect(inspector.getByRole("progressbar", { name: "Searched" })).toBeVisible();
  await page.screenshot({ path: testInfo.outputPath("search.png") });
  await inspector.getByRole("button", { name: "Search on" }).press("Enter");
  await expect(inspector.getByText("1,001 found in 1,001 of 1,001.")).toBeVisible({ timeout: 20_000 });
  await expect(inspector.getByRole("button", { name: "Search on" })).toBeHidden();
  await inspector.getByRole("searchbox", { name: "Search messages" }).fill("item");
  await expect(inspector.getByRole("button", { name: "Search on" })).toBeVisible({ timeout: 20_000 });
  await inspector.getByRole("button", { name: "Stop" }).click();
  await expect(inspector.getByText("1,000 found in 1,000 of 1,001: stopped.")).toBeVisible();
});
