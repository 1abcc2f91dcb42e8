// examples/react-form as somebody has it who copied it: what is saved while the server cannot be reached survives its tab.

import { expect, test } from "vitest";
import { save, texts, visit } from "./project.js";

const example = visit("react-form");

test("a note that could not be sent waits, survives its tab, and arrives once", async () => {
  const context = await example.browser.newContext();
  const page = await context.newPage();
  await page.goto(example.site.address);
  await save(page, "tea");
  await expect.poll(() => texts(page, "stored")).toEqual(["tea"]);
  await context.route("**/api/**", (route) => route.abort());
  await save(page, "coffee");
  await expect.poll(() => texts(page, "waiting")).toMatchObject([expect.stringContaining("coffee")]);
  await page.close();
  await context.unroute("**/api/**");
  const next = await context.newPage();
  await next.goto(example.site.address);
  await expect.poll(() => texts(next, "stored"), { timeout: 30_000 }).toEqual(["tea", "coffee"]);
  await expect.poll(() => texts(next, "waiting")).toEqual([]);
  expect(await (await fetch(new URL("api/notes", example.site.address))).json()).toEqual([
    { text: "tea" },
    { text: "coffee" },
  ]);
  await context.close();
});
