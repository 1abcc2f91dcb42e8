// The outbox element as people use it, with a server that fails: by keyboard alone, in words, in any look.

import type { Page, TestInfo } from "@playwright/test";
import { axeFindings } from "../axe.js";
import { LOOKS, STILL } from "../engines/looks.js";
import { isInFullRun } from "../runner/in-full-run.mjs";
import { describeIn, expect, test } from "./lab.js";
import type { Site } from "./site.js";

const SLOW = { timeout: 20_000 };
const MEDIA = {
  light: {},
  dark: { colorScheme: "dark" },
  forced: { forcedColors: "active" },
  "forced-dark": { forcedColors: "active", colorScheme: "dark", reducedMotion: "reduce" },
};
const list = (page: Page, name: string) => page.getByRole("list", { name, exact: true });
const rows = (page: Page, name: string) => list(page, name).getByRole("listitem");
const summary = (page: Page) => page.locator("originmq-outbox [part=summary]");
const notice = (page: Page) => page.locator("originmq-outbox [part=base] > [part=notice]");
const told = (page: Page) => page.locator("originmq-outbox [part=base] > [role=status]");
/** What has the focus, by its name or its text. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
  });
/** What the server has. */
const kept = async (page: Page): Promise<string[]> => {
  const { notes } = await (await page.request.get(new URL("/api/notes", page.url()).href)).json();
  return notes.map(({ text }: { text: string }) => text);
};
const write = async (page: Page, ...texts: string[]) => {
  for (const text of texts) await page.evaluate((text) => inboxLab.write(text), text);
};
const show = (page: Page, options = {}) => page.evaluate((options) => inboxLab.show(options), options);
/** Presses Tab until a button of that name has the focus. */
const tabTo = async (page: Page, name: string, key = "Tab") => {
  for (let i = 0; i < 30 && (await focused(page)) !== name; i++) await page.keyboard.press(key);
  expect(await focused(page)).toBe(name);
};

/** Two that were refused, one that was sent, two that wait. */
async function fillInbox(page: Page, site: Site): Promise<void> {
  site.notes.behave("422");
  await show(page);
  await write(page, "two herons, one of them young", "شاهد مالك الحزين");
  await expect(rows(page, "Not sent (2)")).toHaveCount(2, SLOW);
  site.notes.behave("none");
  await write(page, "a kingfisher");
  await expect(rows(page, "Sent")).toHaveCount(1, SLOW);
  site.notes.behave("500");
  await write(page, "an otter", "its tracks");
  await expect(rows(page, "Waiting (2)")).toContainText(Array(2).fill("The server has a problem (500)."), SLOW);
}

const lookingAt = (page: Page, engine: string, info: TestInfo) => ({
  async shoot(name: string) {
    await page.screenshot({ path: info.outputPath(`${engine}-${name}.png`), fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide, name).toBe(0);
  },
  check: async (name: string) =>
    expect(await axeFindings(page, { inOneFrame: engine === "Firefox" }), name).toEqual([]),
});

async function lookAround(page: Page, name: string, engine: string, info: TestInfo): Promise<void> {
  const { shoot, check } = lookingAt(page, engine, info);
  for (const width of [1024, 390]) {
    await page.setViewportSize({ width, height: 800 });
    await shoot(`${name}-${width}`);
  }
  await check(name);
  if (isInFullRun && name !== "light") return;
  await page.getByRole("button", { name: /^Edit: two herons/ }).click();
  await shoot(`${name}-editor-390`);
  await check(`${name}, editor`);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Discard: two herons/ }).click();
  await shoot(`${name}-question-390`);
  await check(`${name}, question`);
  await page.keyboard.press("Escape");
}

describeIn(isInFullRun ? ["Chromium"] : ["Chromium", "Firefox"], (engine) => {
  test("what failed is told in words, and the keyboard alone tries it again, mends it and discards it", async ({
    inbox: page,
    site,
  }) => {
    site.notes.behave("500");
    await show(page);
    await write(page, "heron", "otter", "kingfisher");
    await expect(rows(page, "Waiting (3)")).toContainText(Array(3).fill("The server has a problem (500)."), SLOW);
    await expect(summary(page)).toHaveText("0 of 3 sent");
    site.notes.behave("422");
    await expect(rows(page, "Not sent (3)")).toHaveCount(3, SLOW);
    await expect(rows(page, "Not sent (3)").first()).toContainText("The server does not accept what it says (422).");
    await expect(rows(page, "Not sent (3)").first()).toContainText("this server refuses notes just now");
    const titles = await rows(page, "Not sent (3)").locator("[part=title]").allTextContents();
    const [first = "", second = "", third = ""] = titles;
    site.notes.behave("none");

    // Tried again: the focus goes to the next one that failed.
    await tabTo(page, `Try again: ${first}`);
    await page.keyboard.press("Enter");
    await expect(notice(page)).toHaveText(`“${first}” is tried again.`);
    await expect(rows(page, "Sent")).toContainText([first], SLOW);
    await expect(summary(page)).toHaveText("All sent");
    expect(await focused(page)).toBe(`Try again: ${second}`);

    // Mended: the form has what it was, and the server gets what it is.
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe(`Edit: ${second}`);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: `Edit: ${second}` })).toBeVisible();
    await expect(page.getByLabel("What do you see?")).toBeFocused();
    await expect(page.getByLabel("What do you see?")).toHaveValue(second);
    await page.keyboard.press("Escape");
    expect(await focused(page)).toBe(`Edit: ${second}`);
    await page.keyboard.press("Enter");
    // Closed and opened again in one moment, as quick fingers do.
    await page.evaluate(() => {
      const root = document.querySelector("originmq-outbox")?.shadowRoot;
      root?.querySelector("dialog")?.close();
      (root?.activeElement as HTMLElement | undefined)?.click();
    });
    await page.getByLabel("What do you see?").fill("two otters");
    await page.keyboard.press("Enter");
    await expect(rows(page, "Sent").first()).toContainText("two otters", SLOW);
    expect(await kept(page)).toEqual([first, "two otters"]);

    // Discarded, after a question whose first answer does no harm.
    await expect.poll(() => focused(page)).toContain(third);
    await tabTo(page, `Discard: ${third}`);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("group", { name: /^Discard it for good/ })).toBeVisible();
    expect(await focused(page)).toBe(`Keep: ${third}`);
    await page.keyboard.press("Escape");
    expect(await focused(page)).toBe(`Discard: ${third}`);
    await page.keyboard.press("Enter");
    await tabTo(page, `Discard: ${third}`, "Shift+Tab");
    await page.keyboard.press("Enter");
    await expect(notice(page)).toHaveText(`“${third}” was discarded.`);
    await expect(page.getByRole("list", { name: /^Not sent/ })).toBeHidden();
    // Nothing is left to have the focus but what says so.
    expect(await focused(page)).toBe("All sent");
    expect(await page.evaluate(() => outboxLab.dead())).toEqual([]);
    expect(await kept(page)).toHaveLength(2);
  });

  test("what is being sent cannot be edited: what was written takes effect once it waits, or not at all", async ({
    inbox: page,
    site,
  }) => {
    site.notes.behave("500");
    await show(page, { timeoutMs: 6_000, minUploadBytesPerS: 1_000_000, backoff: { baseMs: 2_500, maxMs: 2_500 } });
    await write(page, "heron");
    const row = page.getByRole("listitem");
    await expect(row).toContainText("Tried again in", SLOW);
    await page.getByRole("button", { name: "Edit: heron" }).click();
    await page.getByLabel("What do you see?").fill("two herons");
    site.notes.behave("hang");
    await expect
      .poll(() => page.evaluate(async () => (await outboxLab.outbox.waiting())[0]?.state), SLOW)
      .toBe("leased");
    await page.getByRole("button", { name: "Save and send" }).click();
    await expect(page.getByRole("alert")).toContainText("is being sent at this moment: nothing was changed");
    await expect(page.locator("[part~=item] [data-act=edit]")).toBeHidden();
    // Nobody answers: it waits again, and is saved. How long it waits is random, so that it may have left again.
    site.notes.behave("reset");
    const dialog = page.getByRole("dialog");
    await expect(async () => {
      if (await dialog.isVisible()) await page.getByRole("button", { name: "Save and send" }).click({ timeout: 1_000 });
      await expect(dialog).toBeHidden({ timeout: 1_000 });
    }).toPass(SLOW);
    await expect(row).toContainText("two herons");
    site.notes.behave("none");
    await expect(rows(page, "Sent")).toContainText(["two herons"], SLOW);
    expect(await kept(page)).toEqual(["two herons"]);
    expect(new Set(site.notes.arrivals.map(({ key }) => key)).size).toBe(1);
  });

  test("changes are told in one sentence at a time, and the network's with the time", async ({ inbox: page, site }) => {
    site.notes.behave("500");
    await show(page, { reconnectSpreadMs: 0 });
    await page.context().setOffline(true);
    await write(page, "one", "two", "three");
    await expect(page.locator("[part=network]")).toHaveText(/^Offline since \d/);
    await expect(rows(page, "Waiting (3)").first()).toContainText("Waits for the network");
    await expect(told(page)).toHaveText("Offline", SLOW);
    site.notes.behave("none");
    await page.context().setOffline(false);
    await expect(page.locator("[part=network]")).toBeHidden();
    await expect(summary(page)).toHaveText("All 3 sent", SLOW);
    await expect(told(page)).toHaveText(/3 sent\.$/, SLOW);
  });

  test("of thousands only some are shown, and as many more as are asked for", async ({ inbox: page }) => {
    await show(page, { replay: false, rateLimit: null });
    await page.evaluate(async () => {
      const all = Array.from({ length: 3_000 }, (_, n) => inboxLab.write(`note ${n + 1}`));
      await Promise.all(all);
    });
    await expect(rows(page, "Waiting (3,000)")).toHaveCount(50, SLOW);
    await page.getByRole("button", { name: "Show 50 more" }).click();
    await expect(rows(page, "Waiting (3,000)")).toHaveCount(100, SLOW);
    await write(page, "one more");
    await expect(rows(page, "Waiting (3,001)")).toHaveCount(100, SLOW);
  });

  test("it looks right and has nothing that axe objects to, in any language, scheme and width", async ({
    inbox: page,
    site,
  }, testInfo) => {
    test.setTimeout(90_000);
    await fillInbox(page, site);
    const { shoot, check } = lookingAt(page, engine, testInfo);
    const media = engine === "Firefox" ? { light: {} } : MEDIA;
    for (const [name, wishes] of Object.entries(media)) {
      await page.emulateMedia({ colorScheme: "light", forcedColors: "none", ...wishes });
      await lookAround(page, name, engine, testInfo);
    }
    // Nothing moves by itself.
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
    for (const [lang, dir, heading] of [
      ["de-AT", "ltr", "Nicht gesendet (2)"],
      ["zh-CN", "ltr", "未发送（2）"],
      ["ar", "rtl", "Not sent (2)"],
    ] as const) {
      await page.evaluate(
        ([lang, dir]) => {
          Object.assign(document.documentElement, { lang, dir });
          const element = document.querySelector("originmq-outbox")!;
          element.texts = undefined;
        },
        [lang, dir] as const,
      );
      await expect(page.getByRole("heading", { name: heading })).toBeVisible();
      await shoot(`${lang}-390`);
      await check(lang);
    }
  });
});

const wishes = { dark: LOOKS.dark, forced: LOOKS.forced } as const;
describeIn(isInFullRun ? [] : ["Firefox"], (engine) => {
  for (const [name, [, preferences]] of Object.entries(wishes)) {
    test.describe(name, () => {
      test.use({ preferences: { ...STILL, ...preferences } });
      test("it looks right there, too", async ({ inbox: page, site }, testInfo) => {
        const isMet = (query: string) => page.evaluate((query) => matchMedia(query).matches, query);
        expect(await isMet(name === "dark" ? "(prefers-color-scheme: dark)" : "(forced-colors: active)")).toBe(true);
        expect(await isMet("(prefers-reduced-motion: reduce)")).toBe(true);
        await fillInbox(page, site);
        await lookAround(page, name, engine, testInfo);
        expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
      });
    });
  }
});
