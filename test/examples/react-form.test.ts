// examples/react-form as somebody has it who copied it: what is saved while the server cannot be reached survives its tab.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFresh } from "../../examples/fresh.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { startProject } from "./project.js";

let folder: string;
let browser: Browser;
let site: Awaited<ReturnType<typeof startProject>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "examples-"));
  site = await startProject(await createFresh("react-form", folder));
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
const texts = (page: Page, list: string) => page.locator(`#${list} li`).allInnerTexts();

test("a note that could not be sent waits, survives its tab, and arrives once", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(site.address);
  await save(page, "tea");
  await expect.poll(() => texts(page, "stored")).toEqual(["tea"]);
  await context.route("**/api/**", (route) => route.abort());
  await save(page, "coffee");
  await expect.poll(() => texts(page, "waiting")).toMatchObject([expect.stringContaining("coffee")]);
  await page.close();
  await context.unroute("**/api/**");
  const next = await context.newPage();
  await next.goto(site.address);
  await expect.poll(() => texts(next, "stored"), { timeout: 30_000 }).toEqual(["tea", "coffee"]);
  await expect.poll(() => texts(next, "waiting")).toEqual([]);
  expect(await (await fetch(new URL("api/notes", site.address))).json()).toEqual([{ text: "tea" }, { text: "coffee" }]);
  await context.close();
});
