// Past this page: the demo's bridge to a real nats-server, and the queue that is kept on this device until its server has it.

import type { Page } from "@playwright/test";
import { axeFindings } from "../axe.js";
import { ensureBroker } from "../bridge/find-brokers.mjs";
import { startNatsServer } from "../bridge/nats-server.js";
import { expect, openTab, tabOf, test } from "./demo.js";

const section = (page: Page) => page.locator("#bridges");
const figure = (page: Page, name: string) => section(page).getByTestId(name);
async function openSection(page: Page) {
  await section(page).locator("summary").focus();
  await page.keyboard.press("Enter");
}

test("a bridge to NATS: found once it runs, and each message forwarded once by two tabs", async ({
  browser,
  baseURL,
}) => {
  // Their consoles tell of each attempt to reach what is not there.
  const context = await browser.newContext({ baseURL: baseURL as string });
  const [first, second] = [await openTab(context), await openTab(context)];
  for (const { page } of [first, second]) await openSection(page);
  await expect(figure(first.page, "nats-ready")).toContainText("nats-server -c demo/server/nats.conf");
  await expect(first.page.getByLabel("Forward to NATS")).toBeDisabled();

  const { port } = new URL(process.env.ORIGINMQ_DEMO_NATS as string);
  const nats = await startNatsServer({ binary: ensureBroker("nats-server"), webSocketPort: Number(port) });
  try {
    for (const { page, press } of [first, second]) {
      await press("Look again");
      // It can be switched once the server has answered.
      await expect(page.getByLabel("Forward to NATS")).toBeEnabled();
      await page.getByLabel("Forward to NATS").focus();
      await page.keyboard.press("Space");
      await expect(figure(page, "nats-state")).toHaveText("flowing");
    }
    for (const { press } of [first, second]) await press("Send 1,000 to NATS");
    await expect(figure(first.page, "nats-there")).toHaveText("2,000");
    await expect(figure(first.page, "nats-waiting")).toHaveText("0");
    const forwarded = async () => {
      const shown = [first, second].map(({ page }) => figure(page, "nats-forwarded").textContent());
      return (await Promise.all(shown)).reduce((sum, text) => sum + Number(text?.replace(",", "")), 0);
    };
    await expect.poll(forwarded).toBe(2_000);
  } finally {
    await context.close();
    await nats.close();
  }
});

test("unsent work is kept on this device, over a reload, and goes to the server when that can be reached", async ({
  browser,
  baseURL,
}) => {
  const context = await browser.newContext({ baseURL: baseURL as string });
  const { page, press } = await openTab(context);
  const isKept = () => page.getByLabel("Keep unsent work on this device");
  await openSection(page);
  await isKept().check();
  await press("Send one to the server");
  await expect(figure(page, "server-there")).toHaveText(/^[1-9]/);
  const before = Number(await figure(page, "server-there").textContent());
  await press("Unplug this page");
  await press("Send one to the server");
  await expect(figure(page, "server-waiting")).toHaveText("1");
  await expect(figure(page, "server-state")).toHaveText("stalled", { timeout: 20_000 });
  await page.reload();
  await tabOf(page);
  await isKept().check();
  await expect(figure(page, "server-there")).toHaveText(String(before + 1));
  await expect(figure(page, "server-waiting")).toHaveText("0");
  await context.close();
});

test("the section is usable in light and dark, wide and narrow", async ({ context }) => {
  const { page } = await openTab(context);
  await openSection(page);
  await expect(figure(page, "nats-state")).toHaveText("off");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await axeFindings(page, { within: "#bridges" })).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `at ${width} px`).toBeLessThanOrEqual(0);
    }
  }
});
