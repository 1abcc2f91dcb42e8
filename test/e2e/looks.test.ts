// How the page looks and feels: both themes, small and wide screens, the keyboard, assistive technology.
// With ORIGINMQ_UPDATE_SCREENSHOTS=1 the pictures of the README are taken anew.

import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { axeFindings } from "../axe.js";
import { expect, inspectorOf, openTab, tabOf, test } from "./demo.js";

const IMAGES = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const isUpdating = process.env.ORIGINMQ_UPDATE_SCREENSHOTS === "1";

const sidewaysOverflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test("while two tabs share work the page looks right in light and dark, wide and narrow", async ({
  context,
}, testInfo) => {
  test.setTimeout(isUpdating ? 180_000 : 60_000);
  const shot = (name: string) => (isUpdating ? `${IMAGES}${name}` : testInfo.outputPath(name));
  const first = await openTab(context);
  const second = await openTab(context);
  await first.page.setViewportSize({ width: 1280, height: 1078 });
  await second.slide("Handlers at once", 8);
  await second.slide("Chance to fail", 20);
  await first.as("Both");
  await second.as("Consume");
  await first.page.waitForTimeout(isUpdating ? 30_000 : 3_000);
  await first.press("Try 10,000 lines");
  await first.page.getByLabel("Priority", { exact: true }).selectOption("7");
  await first.page.waitForTimeout(isUpdating ? 25_000 : 3_000);
  await first.page.mouse.move(0, 0);

  for (const scheme of ["light", "dark"] as const) {
    await first.page.emulateMedia({ colorScheme: scheme });
    await first.page.setViewportSize({ width: 1280, height: 1078 });
    await first.page.waitForTimeout(1_000);
    await first.page.screenshot({ path: shot(`demo-${scheme}.png`) });
    expect(await sidewaysOverflow(first.page)).toBe(0);
    for (const width of [1600, 768, 360]) {
      await first.page.setViewportSize({ width, height: 800 });
      await first.page.waitForTimeout(300);
      const narrow = testInfo.outputPath(`demo-${scheme}-${width}.png`);
      if (isUpdating || width === 360) await first.page.screenshot({ path: narrow, fullPage: true });
      expect(await sidewaysOverflow(first.page), `at ${width} px`).toBe(0);
    }
  }
});

test("the chosen theme is kept, and the other tabs follow", async ({ context }) => {
  const first = await openTab(context);
  const second = await openTab(context);
  const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background(first.page);
  await first.press("Dark theme");
  const dark = await background(first.page);
  expect(dark).not.toBe(light);
  await expect.poll(() => background(second.page)).toBe(dark);
  await second.page.reload();
  expect(await background(second.page)).toBe(dark);
  await expect(second.page.getByRole("button", { name: "Light theme" })).toBeVisible();
});

test("the keyboard reaches every control and switches what the tab does", async ({ context }) => {
  const { page } = await openTab(context);
  const wanted = await page.evaluate(() => {
    const controls = [...document.querySelectorAll<HTMLElement>("button, select, input:not([type=radio])")];
    return controls.filter((control) => !control.matches(":disabled") && control.checkVisibility()).map(({ id }) => id);
  });
  expect(wanted.length).toBeGreaterThan(15);
  const reached = new Set<string>();
  for (let i = 0; i < wanted.length + 50; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement?.id ?? ""));
  }
  expect(wanted.filter((id) => !reached.has(id))).toEqual([]);

  await page.getByRole("radio", { name: "Watch" }).focus();
  const outline = () =>
    page.evaluate(() => getComputedStyle(document.activeElement?.closest("label") as Element).outlineStyle);
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "Produce" })).toBeChecked();
  expect(await outline()).toBe("solid");
  await expect(page.getByTestId("tile-ready")).not.toHaveText("0");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "Consume" })).toBeChecked();
  await expect(page.getByTestId("handled-here")).not.toHaveText("0");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "Both" })).toBeChecked();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing to object to in the ${colorScheme} theme`, async ({ context }) => {
    const { page, ...tab } = await openTab(context);
    await page.emulateMedia({ colorScheme });
    await page.getByLabel("Fail every message").check();
    await tab.as("Consume");
    await tab.press("Send one");
    await tab.shows({ dead: 1 });
    await tab.press("Send 1,000");
    const inspector = inspectorOf(page);
    await inspector.getByRole("combobox", { name: "Which messages" }).selectOption("dead");
    await expect(inspector.getByRole("row", { name: /told to fail every message/ })).not.toHaveCount(0);
    expect(await axeFindings(page)).toEqual([]);
  });
}

test("another tab opens with a name of its own, at the press of a button", async ({ context }) => {
  const first = await openTab(context);
  const [page] = await Promise.all([context.waitForEvent("page"), first.press("Open another tab")]);
  const second = await tabOf(page);
  expect(second.name).not.toBe(first.name);
  await expect(first.page.getByTestId("tab-count")).toHaveText("2");
  await second.page.close();
  await expect(first.page.getByTestId("tab-count")).toHaveText("1");
});
