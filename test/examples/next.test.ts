// examples/next as somebody has it who copied it: rendered on the server and taken up without a warning; what is ordered while
// the server cannot be reached survives its tab.

import { expect, test } from "vitest";
import type { Serving } from "../serving.js";
import { eventually, inDevelopment, open, texts, visit } from "./project.js";

const example = visit("next");

async function delivers(site: Serving): Promise<void> {
  const rendered = async () => (await (await fetch(site.address)).text()).replace(/<!--.*?-->/g, "");
  expect(await rendered()).toContain("Waiting on this device (…)");
  const context = await example.browser.newContext();
  try {
    const { page, complaints } = await open(context, site);
    const order = async (what: string) => {
      await page.getByLabel("Order").fill(what);
      await page.getByRole("button", { name: "Send" }).click();
    };
    await page.getByText("Waiting on this device (0)").waitFor();
    await order("tea");
    await eventually(() => texts(page, "stored")).toEqual(["tea"]);
    expect(await rendered()).toContain("<li>tea</li>");
    expect(complaints.join("\n")).toBe("");
    await context.route("**/api/**", (route) => route.abort());
    await order("coffee");
    await eventually(() => texts(page, "waiting")).toEqual([expect.stringContaining("coffee Failed to fetch")]);
    await page.close();
    await context.unroute("**/api/**");
    const next = await open(context, site);
    await eventually(() => texts(next.page, "stored")).toEqual(["tea", "coffee"]);
    await eventually(() => texts(next.page, "waiting")).toEqual([]);
    expect(next.complaints.join("\n")).toBe("");
  } finally {
    await context.close();
  }
}

test("an order that could not be delivered waits, survives its tab, and arrives once", () => delivers(example.site));

test("so it does in development", () => inDevelopment(example.folder, delivers));
