// examples/pwa as somebody has it who copied it: it opens without a network, and what is saved then arrives once.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFresh } from "../../examples/fresh.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { type Project, startProject } from "./project.js";

let folder: string;
let browser: Browser;
let site: Project;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "examples-"));
  site = await startProject(await createFresh("pwa", folder));
  browser = await chromium.launch(browserLaunchOptions());
}, 240_000);
afterAll(async () => {
  await browser?.close();
  site?.end();
  rmSync(folder, { recursive: true, force: true });
});

const save = async (page: Page, text: string) => {
  await page.getByLabel("Note").fill(text);
  await page.getByRole("button", { name: "Save" }).click();
};
const notes = async () => (await fetch(new URL("api/notes", site.address))).json();

test("a note that is saved without a network, in a page that was opened without one, arrives once", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(site.address);
  await page.locator("[data-ready]").waitFor();
  // From here on the service worker is there, and has kept what a start needs.
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await save(page, "tea");
  await expect.poll(notes).toEqual([{ text: "tea" }]);
  await context.setOffline(true);
  await page.reload();
  await page.locator("[data-ready]").waitFor();
  await save(page, "coffee");
  await page.getByText("Saved on this device").waitFor();
  await expect.poll(() => page.locator("#waiting li").count()).toBe(1);
  await context.setOffline(false);
  await expect.poll(notes, { timeout: 60_000 }).toEqual([{ text: "tea" }, { text: "coffee" }]);
  await expect.poll(() => page.locator("#waiting li").count(), { timeout: 30_000 }).toBe(0);
  await context.close();
});
