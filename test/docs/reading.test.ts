// The site as it is read: searched without a network, by keyboard, in both colour schemes, on a desk and on a phone.

import { createRequire } from "node:module";
import { expect, type Page, test } from "@playwright/test";
import { pagesOfSite } from "./site.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What depends on the colours alone. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

/** What axe finds by these rules, or by all, each with where. What is right is not listed: on long pages that takes minutes. */
const findingsOn = async (page: Page, rules?: readonly string[]): Promise<string[]> => {
  const { violations } = await page.evaluate(
    (runOnly) =>
      (
        globalThis as unknown as {
          axe: { run(options: object): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }> };
        }
      ).axe.run({ resultTypes: ["violations"], ...(runOnly && { runOnly }) }),
    rules,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
};

/** A page hears nothing before its script has run. */
async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.waitForFunction(() => "__vue_app__" in (document.querySelector("#app") ?? {}));
}

test("nothing is asked of another host", async ({ page, baseURL }) => {
  const asked: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(String(baseURL)) && !/^(data|blob):/.test(request.url())) asked.push(request.url());
  });
  for (const path of ["/", "/guide.html", "/playground.html", "/api/originmq.html"]) {
    await visit(page, path);
    await page.waitForLoadState("networkidle");
  }
  expect(asked).toEqual([]);
});

test("search finds an option by its name and leads to it, by keyboard alone", async ({ page }) => {
  await visit(page, "/");
  await page.keyboard.press("Control+k");
  const field = page.getByRole("searchbox");
  await expect(field).toBeFocused();
  await field.fill("handlerTimeoutMs");
  await expect(page.getByRole("option").first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/\/$/);
  await expect(page.locator("main")).toContainText("handlerTimeoutMs");
});

test("search reaches guide, error codes and the reference", async ({ page }) => {
  for (const [words, where] of [
    ["quota-exceeded", "troubleshooting"],
    ["coming from workbox", "coming-from"],
    ["subscribeStats", "api/originmq"],
  ] as const) {
    await visit(page, "/");
    await page.keyboard.press("Control+k");
    await page.getByRole("searchbox").fill(words);
    await expect(page.locator(`.VPLocalSearchBox a[href*="${where}"]`).first()).toBeVisible();
  }
});

test("a page without a network goes on being searched", async ({ page, context }) => {
  await visit(page, "/guide.html");
  await page.keyboard.press("Control+k");
  await page.getByRole("searchbox").fill("dead letter");
  await expect(page.getByRole("option").first()).toBeVisible();
  await context.setOffline(true);
  await page.getByRole("searchbox").fill("backoff");
  await expect(page.getByRole("option").first()).toBeVisible();
});

for (const path of pagesOfSite()) {
  test(`axe finds nothing on ${path}, light and dark, wide and narrow`, async ({ page }) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await visit(page, `/${path}`);
    await page.addScriptTag({ path: AXE });
    const found: string[] = [];
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      for (const scheme of ["light", "dark"] as const) {
        await page.evaluate((dark) => document.documentElement.classList.toggle("dark", dark), scheme === "dark");
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        if (wide) found.push(`${width} px: the page is wider than its window`);
        const rules = scheme === "dark" ? OF_COLOURS : undefined;
        found.push(...(await findingsOn(page, rules)).map((finding) => `${width} px, ${scheme}: ${finding}`));
      }
    }
    expect(found).toEqual([]);
  });
}
