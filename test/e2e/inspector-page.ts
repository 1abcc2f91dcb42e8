// The demo's page of the inspector, for the tests that use it.

import { type BrowserContext, firefox, type Page } from "@playwright/test";
import { findFirefox } from "../engines/find-engines.mjs";
import { type Preferences, STILL } from "../engines/looks.js";
import { isInFullRun } from "../runner/in-full-run.mjs";
import { expect, inspectorOf, test, watch } from "./demo.js";

export const SOON = { timeout: 20_000 };

const firefoxPath = findFirefox();
export type Engine = "chromium" | "firefox";
export const ENGINES: readonly Engine[] = isInFullRun ? ["chromium"] : ["chromium", "firefox"];

/**
 * Runs it in a context of this engine, whose pages are watched, too. Firefox' driver emulates no media: what a page is to see of its
 * reader's wishes is told by preferences; unless they say otherwise, that nothing shall move.
 */
export async function inEngine(
  engine: Engine,
  { context, baseURL, complaints }: { context: BrowserContext; baseURL: string | undefined; complaints: string[] },
  run: (place: BrowserContext) => Promise<void>,
  firefoxUserPrefs: Preferences = STILL,
): Promise<void> {
  if (engine === "chromium") return run(context);
  test.skip(firefoxPath === undefined, "Firefox is not installed");
  const browser = await firefox.launch({
    channel: "moz-firefox",
    executablePath: firefoxPath as string,
    firefoxUserPrefs: { ...firefoxUserPrefs },
  });
  const place = await browser.newContext({ baseURL: baseURL as string });
  complaints.push(...watch(place));
  await run(place);
  await browser.close();
}

export const rowOf = (page: Page, queue: string) =>
  inspectorOf(page).getByRole("row", { name: new RegExp(`^${queue} `) });

export async function openInspector(context: BrowserContext, size = { width: 1280, height: 860 }): Promise<Page> {
  const page = await context.newPage();
  await page.setViewportSize(size);
  await page.goto("/inspector.html");
  await expect(inspectorOf(page).getByText(/term \d+/)).toBeVisible(SOON);
  return page;
}

export async function withExample(context: BrowserContext, size?: { width: number; height: number }): Promise<Page> {
  const page = await openInspector(context, size);
  await page.getByRole("button", { name: "Fill in an example" }).click();
  await expect(page.getByRole("button", { name: "The example runs" })).toBeVisible(SOON);
  await expect(rowOf(page, "mail")).toContainText("9", SOON);
  return page;
}

export const choose = (page: Page, queue: string) =>
  inspectorOf(page).getByRole("button", { name: queue, exact: true }).click();

export const tab = (page: Page, name: string | RegExp) => inspectorOf(page).getByRole("tab", { name });

declare global {
  /** The last one that the page gave to its reader. */
  var givenFile: Promise<{ readonly name: string; readonly text: string }> | undefined;
}

/** From now on the page keeps the files that it gives, in place of a download, of which not every driver tells; returns what reads the last. */
export async function catchFiles(page: Page) {
  await page.evaluate(() => {
    HTMLAnchorElement.prototype.click = function () {
      const { download: name, href } = this;
      globalThis.givenFile = fetch(href).then(async (file) => ({ name, text: await file.text() }));
    };
  });
  return async () => {
    await page.waitForFunction(() => globalThis.givenFile !== undefined);
    const { name, text } = await page.evaluate(async () => (await globalThis.givenFile) ?? { name: "", text: "" });
    return { name, mimeType: "application/json", buffer: Buffer.from(text) };
  };
}
