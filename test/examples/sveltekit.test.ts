// examples/sveltekit as somebody has it who copied it: rendered on the server and taken up without a warning; photos that are
// picked while the server cannot be reached survive their tab.

import { expect, test } from "vitest";
import { npm } from "../../examples/fresh.mjs";
import type { Serving } from "../serving.js";
import { eventually, inDevelopment, open, texts, visit } from "./project.js";

const example = visit("sveltekit");

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const photo = (name: string) => ({ name, mimeType: "image/png", buffer: PNG });

async function delivers(site: Serving): Promise<void> {
  const rendered = async () => (await (await fetch(site.address)).text()).replace(/<!--.*?-->/g, "");
  expect(await rendered()).toContain("Waiting on this device (…)");
  const context = await example.browser.newContext();
  try {
    const { page, complaints } = await open(context, site);
    const picker = page.getByLabel("Photos");
    await page.getByText("Waiting on this device (0)").waitFor();
    await picker.setInputFiles([photo("sea.png"), { ...photo("notes.png"), buffer: Buffer.from("no picture") }]);
    await page.getByAltText("sea.png").waitFor();
    await eventually(() => texts(page, "dead")).toEqual([expect.stringMatching(/^notes.png not a picture/)]);
    await eventually(() =>
      page.getByAltText("sea.png").evaluate((image) => (image as HTMLImageElement).naturalWidth),
    ).toBe(1);
    expect(await rendered()).toContain('alt="sea.png"');
    expect(complaints.join("\n")).toBe("");
    await context.route("**/photos/**", (route) => route.abort());
    await picker.setInputFiles(photo("hill.png"));
    await eventually(() => texts(page, "waiting")).toEqual([expect.stringContaining("hill.png Failed to fetch")]);
    await page.close();
    await context.unroute("**/photos/**");
    const next = await open(context, site);
    await next.page.getByAltText("hill.png").waitFor({ timeout: 60_000 });
    await eventually(() => texts(next.page, "waiting")).toEqual([]);
    await next.page.getByRole("button", { name: "Forget them" }).click();
    await eventually(() => texts(next.page, "dead")).toEqual([]);
    expect(next.complaints.join("\n")).toBe("");
    expect((await rendered()).match(/alt="/g)).toHaveLength(2);
  } finally {
    await context.close();
  }
}

test("a photo that could not be uploaded waits, survives its tab, and arrives once", () => delivers(example.site));

test("so it does in development", () => inDevelopment(example.folder, delivers));

test("its types are right", () => npm(example.folder, ["run", "check"]).ended);
