// Groups, a topic, a schedule, and the queueing-theory panel of the demo: each does what its text says, in both themes.

import type { Locator, Page, TestInfo } from "@playwright/test";
import { axeFindings } from "../axe.js";
import { expect, openTab, test } from "./demo.js";

async function openSection(page: Page, id: string): Promise<Locator> {
  const section = page.locator(`#${id}`);
  const summary = section.locator("summary");
  await summary.focus();
  await page.keyboard.press("Enter");
  await expect(section).toHaveAttribute("open", "");
  await summary.scrollIntoViewIfNeeded();
  return section;
}

/** Takes a picture in both themes, wide and narrow, and lets axe look. */
async function looksRight(page: Page, section: Locator, testInfo: TestInfo): Promise<void> {
  const name = await section.getAttribute("id");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 900 });
      await section.screenshot({ path: testInfo.outputPath(`${name}-${colorScheme}-${width}.png`) });
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, `at ${width} px`).toBe(0);
    }
    expect(await axeFindings(page, { within: `#${name}` })).toEqual([]);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

test("a group whose head dies stands still until it is redriven, and the others go on", async ({
  context,
}, testInfo) => {
  const { page } = await openTab(context);
  const section = await openSection(page, "patterns");
  const lane = (customer: string) => page.getByTestId(`group-${customer}`);
  await section.getByRole("button", { name: "Send four to each" }).press("Enter");
  await expect(lane("Ada")).toContainText("in work");
  await expect(lane("Ada")).toContainText("waits behind");
  await section.getByRole("button", { name: "Make Ada's next one fail" }).press("Enter");
  await expect(lane("Ada")).toContainText("stands still");
  await looksRight(page, section, testInfo);
  for (const customer of ["Bob", "Cleo", "Dan"]) await expect(lane(customer)).toContainText("nothing to do");
  await expect(lane("Ada")).toContainText("stands still");
  await section.getByRole("button", { name: "Redrive what died" }).press("Enter");
  await expect(lane("Ada")).toContainText("nothing to do", { timeout: 15_000 });
});

test("a topic's messages go to the subscriptions whose filter they pass", async ({ context }, testInfo) => {
  const { page } = await openTab(context);
  const section = await openSection(page, "patterns");
  const publish = section.getByRole("button", { name: "Publish an order" });
  const said = page.getByTestId("topic-said");
  await expect(page.getByTestId("topic-express")).toHaveText("0");
  await publish.press("Enter");
  await expect(said).toHaveText("Order 1 went to 2 subscriptions.");
  await section.getByLabel("Region").selectOption("us");
  await publish.press("Enter");
  await expect(said).toHaveText("Order 2 went to 1 subscription.");
  await section.getByLabel("Express").press("Space");
  await publish.press("Enter");
  await expect(said).toHaveText("Order 3 went to 2 subscriptions.");
  for (const [name, got] of Object.entries({ everything: "3", europe: "1", express: "1" })) {
    await expect(page.getByTestId(`topic-${name}`), name).toHaveText(got);
  }
  await looksRight(page, section, testInfo);
});

test("a schedule ticks for all tabs together, until it is removed", async ({ context }, testInfo) => {
  const { page } = await openTab(context);
  const other = (await openTab(context)).page;
  const section = await openSection(page, "patterns");
  await openSection(other, "patterns");
  await expect(page.getByTestId("schedule-next")).toHaveText("none");
  await section.getByRole("button", { name: "Set the schedule" }).press("Enter");
  await expect(other.getByTestId("schedule-next")).toHaveText(/^in /);
  const got = async (tab: Page) => Number(await tab.getByTestId("schedule-got").textContent());
  await expect.poll(async () => (await got(page)) + (await got(other)), { timeout: 20_000 }).toBeGreaterThan(1);
  await looksRight(page, section, testInfo);
  await section.getByRole("button", { name: "Remove it" }).press("Enter");
  for (const tab of [page, other]) await expect(tab.getByTestId("schedule-next")).toHaveText("none");
});

test("predicted and measured waits are shown side by side once there is something to measure", async ({
  context,
}, testInfo) => {
  const { page } = await openTab(context);
  const section = await openSection(page, "theory");
  const [predicted, measured] = [page.getByTestId("theory-predicted"), page.getByTestId("theory-measured")];
  await expect(measured).toHaveText("–");
  await section.getByRole("button", { name: "Start the experiment" }).press("Enter");
  await expect(measured).toHaveText(/^[\d.]+ (ms|s)$/, { timeout: 20_000 });
  await expect(predicted).toHaveText(/^[\d.]+ (ms|s)$/, { timeout: 20_000 });
  await expect(page.getByTestId("theory-lambda")).toHaveText(/^\d/);
  await expect(page.getByTestId("theory-verdict")).toHaveText(/^After \d+ messages/);
  await looksRight(page, section, testInfo);
  await section.getByRole("button", { name: "Stop the experiment" }).press("Enter");
  await expect(page.locator("#theory-c")).toHaveText("0");
});
