// examples/pwa as somebody has it who copied it: it opens without a network, and what is saved then arrives once.

import { expect, test } from "vitest";
import { save, visit } from "./project.js";

const example = visit("pwa");

const notes = async () => (await fetch(new URL("api/notes", example.site.address))).json();

test("a note that is saved without a network, in a page that was opened without one, arrives once", async () => {
  const context = await example.browser.newContext();
  const page = await context.newPage();
  await page.goto(example.site.address);
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
