// <originmq-inspector> on the demo's page of its own, as people use it: by role and name, in every look. Its pictures are
// test results. By keyboard alone: inspector-keyboard.test.ts.

import type { BrowserContext, Locator, Page, TestInfo } from "@playwright/test";
import { HOST_CHANNEL } from "../../demo/lab/words.js";
import type { Bundle, InspectorElement } from "../../src/inspector.js";
import { axeFindings } from "../axe.js";
import { LOOKS, STILL } from "../engines/looks.js";
import { isInFullRun } from "../runner/in-full-run.mjs";
import { doNow, expect, inspectorOf, openTab, test, watch } from "./demo.js";
import {
  catchFiles,
  choose,
  ENGINES,
  type Engine,
  inEngine,
  openInspector,
  rowOf,
  SOON,
  tab,
  withExample,
} from "./inspector-page.js";

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** By how much of 255 two pictures differ where they differ most. */
const farthestShade = (page: Page, ...pictures: readonly [Buffer, Buffer]) =>
  page.evaluate(
    async (sources) => {
      const [one, other] = await Promise.all(
        sources.map(async (source) => {
          const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${source}`)).blob());
          const { width, height } = bitmap;
          const drawing = new OffscreenCanvas(width, height).getContext("2d") as OffscreenCanvasRenderingContext2D;
          drawing.drawImage(bitmap, 0, 0);
          return drawing.getImageData(0, 0, width, height);
        }),
      );
      if (one?.width !== other?.width || one?.height !== other?.height) return 255;
      return one?.data.reduce((most, shade, i) => Math.max(most, Math.abs(shade - (other?.data[i] ?? 0))), 0);
    },
    pictures.map((picture) => picture.toString("base64")),
  );

test("queues, topics, schedules, clients and the host are there, live", async ({ context }, testInfo) => {
  const page = await withExample(context);
  const panel = inspectorOf(page);
  await expect(rowOf(page, "orders")).toContainText(/\/s/, SOON);
  await choose(page, "orders");
  await expect(panel.getByRole("heading", { name: "orders" })).toBeFocused();
  await expect(panel.getByText("Handlers").locator("xpath=following-sibling::dd")).toHaveText("4");
  await expect(panel.getByText(/in line with theory|longer than theory/)).toBeVisible({ timeout: 30_000 });
  await page.screenshot({ path: testInfo.outputPath("queue.png") });

  await tab(page, /^Topics/).click();
  await expect(
    panel.getByRole("row", { name: /^alerts region is one of “eu”, “uk” and kind begins with “alert”/ }),
  ).toBeVisible();
  await tab(page, /^Schedules/).click();
  await expect(panel.getByRole("row", { name: /^digest mail 0 7 \* \* 1-5 Europe\/Berlin in / })).toBeVisible();
  await tab(page, /^Clients/).click();
  await expect(panel.getByText("4 handlers")).toBeVisible();
  await expect(panel.getByText(/lease ends in/).first()).toBeVisible();
  await page.screenshot({ path: testInfo.outputPath("clients.png") });
  await tab(page, "Host").click();
  await expect(panel.getByRole("row", { name: /hosts now/ })).toBeVisible();

  // What another tab does is seen here.
  const other = await openTab(context);
  await tab(page, /^Queues/).click();
  await other.press("Send 1,000");
  await expect(rowOf(page, "work")).toContainText("1,000", SOON);
});

for (const engine of ENGINES) {
  test(`a host that dies under an open inspector is followed by another, and so is its history, in ${engine}`, async ({
    context,
    baseURL,
    complaints,
  }) => {
    await inEngine(engine, { context, baseURL, complaints }, async (place) => {
      const page = await openInspector(place);
      const panel = inspectorOf(page);
      await choose(page, "work");
      await tab(page, "Messages").click();
      await expect(panel.getByText("None.")).toBeVisible(SOON);
      const takeOvers = panel.getByRole("region", { name: "Take-overs" }).getByRole("row", { name: /^\d/ });
      const host = async () => {
        await tab(page, "Host").click();
        await expect(takeOvers.filter({ hasText: "hosts now" })).toHaveCount(1, SOON);
        return takeOvers.allInnerTexts();
      };
      const before = await host();
      await tab(page, /^Queues/).click();
      for (const _ of [1, 2]) {
        const term = () => panel.getByText(/term \d+/).innerText();
        const then = await term();
        // As the crash lab ends it: without a word to anybody.
        await page.evaluate((name) => new BroadcastChannel(name).postMessage({ type: "close", id: "" }), HOST_CHANNEL);
        await expect.poll(term, SOON).not.toBe(then);
      }
      // What was open before goes on, and what is done now is seen.
      await panel.getByRole("button", { name: "Send…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
      await expect(panel.getByText("1, in the order they were sent.")).toBeVisible(SOON);
      await expect(panel.getByRole("grid").getByRole("row", { name: /\{\}/ })).toBeVisible(SOON);
      await expect(panel.getByRole("alert").getByText(/./)).toHaveCount(0, SOON);
      const after = await host();
      expect(after).toHaveLength(before.length + 2);
      expect(after.filter((row) => row.includes("hosts now"))).toEqual([after[0]]);
    });
  });
}

test("a message is found, looked at whole, and sent again; what was done can be taken back", async ({
  context,
}, testInfo) => {
  const page = await withExample(context);
  const panel = inspectorOf(page);
  await choose(page, "photos");
  await tab(page, "Messages").click();
  await panel
    .getByRole("grid")
    .getByRole("row", { name: /From the field/ })
    .click();
  await expect(panel.getByRole("img", { name: /^Preview of sample.jpg/ })).toBeVisible();
  await expect(panel.getByText(/File, sample.jpg, image\/jpeg, .*kB/)).toBeVisible();
  await page.screenshot({ path: testInfo.outputPath("message.png") });

  await choose(page, "orders");
  await tab(page, "Messages").click();
  await panel.getByRole("searchbox").fill("kyoto");
  await expect(panel.getByText(/\d+ found in/)).toBeVisible(SOON);
  const grid = panel.getByRole("grid");
  await expect(grid.getByRole("row", { name: /Kyoto/ }).first()).toBeVisible();
  await expect(grid.getByRole("row", { name: /Porto/ })).toHaveCount(0);

  await choose(page, "mail");
  await tab(page, "Messages").click();
  await panel.getByRole("combobox", { name: "Which messages" }).selectOption("dead");
  await expect(panel.getByText("9, in the order they were sent.")).toBeVisible(SOON);
  await grid.getByRole("row", { name: /reader-0/ }).click();
  await expect(panel.getByText("Given up: max-deliveries")).toBeVisible();
  await expect(panel.getByRole("article").getByText(/mailbox of reader-0@example.org/)).toBeVisible();
  await panel.getByRole("button", { name: "Edit and redrive…" }).click();
  const edit = page.getByRole("dialog", { name: /^Edit .* and redrive it$/ });
  await edit.getByRole("textbox", { name: "Body, as JSON" }).fill("{");
  await edit.getByRole("button", { name: "Redrive" }).click();
  await expect(edit.getByRole("alert")).toContainText("The body is no JSON");
  await edit.getByRole("textbox", { name: "Body, as JSON" }).fill('{ "to": "mended@example.org" }');
  await edit.getByRole("textbox", { name: "Headers, one a line" }).fill("campaign: spring");
  await edit.getByRole("button", { name: "Redrive" }).click();
  await doNow(page);
  await expect(panel.getByRole("status").filter({ hasText: "is back in mail, with what you wrote" })).toBeVisible();
  await panel.getByRole("combobox", { name: "Which messages" }).selectOption("ready");
  await grid.getByRole("row", { name: /mended@example.org/ }).click();
  await expect(panel.getByRole("article").getByRole("row", { name: "campaign spring" })).toBeVisible();
  await panel.getByRole("button", { name: "All messages" }).click();

  await panel.getByRole("combobox", { name: "Which messages" }).selectOption("dead");
  await grid.getByRole("row", { name: /reader-1/ }).click();
  await panel.getByRole("button", { name: "Redrive", exact: true }).click();
  await doNow(page);
  await expect(panel.getByRole("status").filter({ hasText: "is back in mail" })).toBeVisible();
  await expect(panel.getByText("7, in the order they were sent.")).toBeVisible(SOON);

  await panel.getByRole("button", { name: "Pause", exact: true }).click();
  await expect(rowOf(page, "mail")).toContainText("paused", SOON);
  await panel.getByRole("button", { name: "Undo" }).click();
  await expect(rowOf(page, "mail")).not.toContainText("paused", SOON);

  await panel.getByRole("button", { name: "Purge…" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete messages of mail" });
  await dialog.getByRole("combobox", { name: "Which" }).selectOption("dead");
  await page.screenshot({ path: testInfo.outputPath("purge.png") });
  const remove = dialog.getByRole("button", { name: "Delete" });
  await remove.click();
  await page.keyboard.press("Control+z");
  await expect(panel.getByText("Nothing was done.")).toBeVisible();
  await expect(panel.getByText("7, in the order they were sent.")).toBeVisible();
  await panel.getByRole("button", { name: "Purge…" }).click();
  await dialog.getByRole("combobox", { name: "Which" }).selectOption("dead");
  await remove.click();
  await doNow(page);
  await expect(panel.getByText("7 messages deleted.")).toBeVisible();
  await expect(panel.getByText("None.")).toBeVisible(SOON);

  await panel.getByRole("combobox", { name: "Which messages" }).selectOption("ready");
  await grid.getByRole("row", { name: /mended@example.org/ }).click();
  await panel.getByRole("button", { name: "Edit…" }).click();
  const body = page.getByRole("dialog").getByRole("textbox", { name: "Body, as JSON" });
  await body.fill('{ "to": "other@example.org" }');
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(grid.getByRole("row", { name: /other@example.org/ })).toBeVisible(SOON);
  await page.keyboard.press("Control+z");
  await expect(grid.getByRole("row", { name: /mended@example.org/ })).toBeVisible(SOON);

  await grid.getByRole("row", { name: /mended@example.org/ }).click();
  await panel.getByRole("button", { name: "Move…" }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: "Queue" }).fill("photos");
  await page.getByRole("dialog").getByRole("button", { name: "Move" }).click();
  await expect(rowOf(page, "photos")).toContainText("2", SOON);
  await panel.getByRole("button", { name: "Undo" }).click();
  await expect(grid.getByRole("row", { name: /mended@example.org/ })).toBeVisible(SOON);
  await expect(rowOf(page, "photos")).toContainText("1", SOON);
});

/** Within an engine what is seen is compared as pictures, and between two as text: their letters differ. */
const WAYS: readonly (readonly [from: Engine, to: Engine])[] = isInFullRun
  ? [["chromium", "chromium"]]
  : [
      ["chromium", "chromium"],
      ["chromium", "firefox"],
      ["firefox", "chromium"],
    ];

for (const [from, to] of WAYS) {
  test(`a bundle made in ${from} opens in another's ${to}, read only, and shows the same; its journal is walked through`, async ({
    context,
    browser,
    baseURL,
    complaints,
  }, testInfo) => {
    const reader = await browser.newContext({ baseURL: baseURL as string });
    complaints.push(...watch(reader));
    await inEngine(from, { context, baseURL, complaints }, (place) =>
      inEngine(to, { context: reader, baseURL, complaints }, (another) =>
        carryBundle(place, another, from === to, testInfo),
      ),
    );
    await reader.close();
  });
}

async function carryBundle(
  place: BrowserContext,
  another: BrowserContext,
  isOneEngine: boolean,
  testInfo: TestInfo,
): Promise<void> {
  const page = await withExample(place);
  await choose(page, "mail");
  const factsOf = (from: Page) => inspectorOf(from).locator(".overview .tiles, .overview .meters").allInnerTexts();
  const live = await factsOf(page);
  await tab(page, "Host").click();
  const saved = await catchFiles(page);
  await inspectorOf(page).getByRole("button", { name: "Save a support bundle" }).click();
  const file = await saved();
  const { messages } = JSON.parse(file.buffer.toString()) as Bundle;
  expect(messages.photos).toHaveLength(1);
  expect(JSON.stringify(messages.photos)).not.toContain("From the field");

  const other = await openInspector(another);
  // Days later: what a bundle shows is of when it was made.
  await other.clock.setFixedTime(Date.now() + 3 * 86_400_000);
  const panel = inspectorOf(other);
  const seen = (views: Locator) => (isOneEngine ? views.screenshot({ animations: "disabled" }) : views.innerText());
  /** Each view, as a picture where the engine is the same, as its text where it is another. */
  const open = async (at: Page) => {
    await tab(at, "Host").click();
    await inspectorOf(at).getByLabel("Support bundle").setInputFiles(file);
    await expect(inspectorOf(at).getByText(/^bundle of .*: SharedWorker, term/)).toBeVisible(SOON);
    const view = inspectorOf(at).getByRole("tabpanel", { name: /^(Queues|Topics|Schedules|Clients|Journal|Host)/ });
    const views = [];
    for (const [name, there] of [
      [/^Topics/, "alerts"],
      [/^Schedules/, "digest"],
      [/^Clients/, "Holds"],
      ["Journal", /^Commit/],
      ["Host", "hosts now"],
      [/^Queues/, "mail"],
    ] as const) {
      await tab(at, name).click();
      await expect(view.getByText(there).first()).toBeVisible(SOON);
      views.push(await seen(view));
    }
    await choose(at, "mail");
    await at.mouse.move(0, 0);
    views.push(await seen(view));
    return views;
  };
  const [here, there] = [await open(page), await open(other)];
  expect(there).toHaveLength(7);
  for (const [i, view] of there.entries()) {
    const shown = here[i] as typeof view;
    if (typeof view === "string") expect(view, `view ${i}`).toBe(shown);
    // Edges that lie between pixels may be drawn a shade lighter.
    else expect(await farthestShade(page, view, shown as Buffer), `view ${i}`).toBeLessThanOrEqual(4);
  }
  await expect(panel.getByRole("button", { name: "Purge…" })).toHaveCount(0);
  expect(await factsOf(other)).toEqual(live);
  await tab(other, "Messages").click();
  await panel.getByRole("combobox", { name: "Which messages" }).selectOption("dead");
  await panel
    .getByRole("grid")
    .getByRole("row", { name: /does not take it/ })
    .first()
    .click();
  await expect(
    panel
      .getByRole("article")
      .getByText(/‹text, \d+›/)
      .first(),
  ).toBeVisible();
  await panel.getByRole("button", { name: "Ask the journal" }).click();
  await expect(panel.getByText(/^Given up \(max-deliveries, Error: The mailbox/)).toBeVisible();
  await panel.getByRole("button", { name: "All messages" }).click();

  await tab(other, "Journal").click();
  const place0 = await panel.getByRole("heading", { name: /^Commit/ }).innerText();
  await panel.getByRole("button", { name: "Earlier" }).click();
  await expect(panel.getByRole("heading", { name: /^Commit/ })).not.toHaveText(place0);
  const moves = panel.getByRole("region", { name: "Messages, before and after this commit" });
  const moved = moves.getByRole("cell", { name: /^(Dead|In work)$/ });
  // As many may have come as went: then all figures are as before.
  const changed = panel.getByRole("cell", { name: /→/ });
  for (let i = 0; i < 40 && ((await moved.count()) === 0 || (await changed.count()) === 0); i++)
    await panel.getByRole("button", { name: "Earlier" }).click();
  await expect(moved.first()).toBeVisible();
  await expect(changed.first()).toBeVisible();
  await other.screenshot({ path: testInfo.outputPath("journal.png") });
  await panel.getByRole("slider", { name: "Commit" }).fill("0");
  await expect(panel.getByText("A host took over")).toBeVisible();
  await tab(other, "Host").click();
  await panel.getByRole("button", { name: "Leave the bundle" }).click();
  await expect(panel.getByText(/^SharedWorker, term|^dedicated worker, term/)).toBeVisible(SOON);
}

async function lookAt(page: Page, engine: Engine, look: keyof typeof LOOKS, info: TestInfo): Promise<void> {
  const inOneFrame = engine === "firefox";
  const [media] = LOOKS[look];
  await page.emulateMedia({ reducedMotion: "reduce", forcedColors: "none", ...media });
  const isForced = await page.evaluate(() => matchMedia("(forced-colors: active)").matches);
  const isDark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
  expect([isForced, isForced || isDark]).toEqual([look === "forced", look !== "light"]);
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 860 });
    const shot = (name: string) => page.screenshot({ path: info.outputPath(`${engine}-${look}-${width}-${name}.png`) });
    await shot("queues");
    await choose(page, "orders");
    await shot("orders");
    await tab(page, "Messages").click();
    await shot("messages");
    expect(await overflow(page), `${look} ${width}`).toBe(0);
    if (look === "dark") expect(await axeFindings(page, { inOneFrame })).toEqual([]);
    await inspectorOf(page).getByRole("button", { name: "All queues" }).click();
  }
  if (look !== "light") return;
  for (const name of [/^Topics/, /^Schedules/, /^Clients/, "Journal", "Host", /^Queues/]) {
    await tab(page, name).click();
    expect(await axeFindings(page, { inOneFrame }), String(name)).toEqual([]);
  }
}

test("it looks right in light, dark and forced colours, wide and at 390 px, and axe finds nothing", async ({
  context,
}, testInfo) => {
  const page = await withExample(context);
  await expect(inspectorOf(page).getByText(/\d\/s/).first()).toBeVisible(SOON);
  for (const look of ["dark", "forced", "light"] as const) await lookAt(page, "chromium", look, testInfo);
});

for (const look of isInFullRun ? [] : (["light", "dark", "forced"] as const)) {
  test(`it looks right in Firefox, too: ${look}`, async ({ context, baseURL, complaints }, testInfo) => {
    const run = async (place: BrowserContext) => lookAt(await withExample(place), "firefox", look, testInfo);
    await inEngine("firefox", { context, baseURL, complaints }, run, { ...STILL, ...LOOKS[look][1] });
  });
}

for (const engine of isInFullRun ? [] : ENGINES) {
  test(`axe finds nothing in what comes and goes either: offers, problems, searches, forms, a bundle, time travel, in ${engine}`, async ({
    context,
    baseURL,
    complaints,
  }, testInfo) => {
    test.setTimeout(150_000);
    await inEngine(engine, { context, baseURL, complaints }, async (place) => {
      const page = await withExample(place);
      const panel = inspectorOf(page);
      const inOneFrame = engine === "firefox";
      const check = async (name: string) => {
        for (const colorScheme of ["light", "dark"] as const) {
          // Firefox' driver emulates no scheme.
          await page.evaluate(
            (theme) => document.querySelector("originmq-inspector")?.setAttribute("theme", theme),
            colorScheme,
          );
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          await page.screenshot({ path: testInfo.outputPath(`${name}-${colorScheme}.png`) });
          expect(
            await axeFindings(page, { within: "originmq-inspector", inOneFrame }),
            `${name}, ${colorScheme}`,
          ).toEqual([]);
          expect(await overflow(page), `${name}, ${colorScheme}`).toBe(0);
        }
      };
      await page.setViewportSize({ width: 390, height: 860 });
      await page.evaluate(async () => {
        const { connection } = document.querySelector("originmq-inspector") as InspectorElement;
        const many = await connection?.openQueue("many");
        await many?.sendBatch(Array.from({ length: 1_200 }, (_, n) => ({ body: { n, text: `number ${n}` } })));
        await Promise.all(Array.from({ length: 30 }, (_, n) => connection?.openQueue(`imports/of-${n}`)));
      });
      const filter = panel.getByRole("searchbox", { name: "Filter queues" });
      await filter.fill("of-2");
      await expect(panel.getByText("11 of 38 queues.")).toBeVisible(SOON);
      await check("filter");
      await filter.press("Escape");
      await expect(panel.getByText("11 of 38 queues.")).toBeHidden(SOON);
      await choose(page, "many");
      await tab(page, "Messages").click();
      await panel.getByRole("searchbox", { name: "Search messages" }).fill("number");
      await expect(panel.getByRole("button", { name: "Search on" })).toBeVisible(SOON);
      await expect(panel.getByRole("button", { name: "Stop" })).toBeVisible();
      await check("search");
      await panel.getByRole("button", { name: "All queues" }).click();

      await choose(page, "mail");
      await panel.getByRole("button", { name: "Pause", exact: true }).click();
      await expect(panel.getByRole("button", { name: "Undo" })).toBeInViewport();
      await check("undo");
      await tab(page, "Messages").click();
      await panel.getByRole("combobox", { name: "Which messages" }).selectOption("dead");
      const row = panel.getByRole("row", { name: /reader-0/ });
      await row.click();
      await check("message");
      await panel.getByRole("button", { name: "Edit and redrive…" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("textbox", { name: "Body, as JSON" }).fill("{");
      await dialog.getByRole("button", { name: "Redrive" }).click();
      await expect(dialog.getByRole("alert")).toContainText("The body is no JSON");
      await check("edit");
      await page.keyboard.press("Escape");
      // Somebody else has taken it away meanwhile: what then fails is told.
      await page.evaluate(async () => {
        const { connection } = document.querySelector("originmq-inspector") as InspectorElement;
        await (await connection?.openQueue("mail"))?.deadLetters.purge();
      });
      await panel.getByRole("button", { name: "Delete…" }).click();
      await dialog.getByRole("button", { name: "Delete" }).click();
      await check("grace");
      if (await panel.getByRole("button", { name: "Do it now" }).isVisible()) await doNow(page);
      await expect(panel.getByText("It could not be deleted: It was gone already.")).toBeVisible(SOON);
      await check("problem");
      await panel.getByRole("button", { name: "Dismiss" }).click();

      await tab(page, "Host").click();
      const saved = await catchFiles(page);
      await panel.getByRole("button", { name: "Save a support bundle" }).click();
      await panel.getByLabel("Support bundle").setInputFiles(await saved());
      await expect(panel.getByText(/^bundle of/)).toBeVisible(SOON);
      await tab(page, "Host").click();
      await check("bundle");
      await tab(page, "Journal").click();
      await expect(panel.getByRole("heading", { name: /^Commit/ })).toBeVisible();
      await check("journal");
    });
  });
}

for (const engine of ENGINES) {
  test(`figures stand still for who asks for less motion, and fade for others, in ${engine}`, async ({
    context,
    baseURL,
    complaints,
  }) => {
    const fades = async (page: Page, reducedMotion: "reduce" | "no-preference") => {
      await page.emulateMedia({ reducedMotion });
      await page.waitForTimeout(500);
      return page.evaluate(async () => {
        let seen = 0;
        const until = performance.now() + 2_500;
        while (performance.now() < until) {
          const root = document.querySelector("originmq-inspector")?.shadowRoot;
          const figures = [...(root?.querySelectorAll<HTMLElement>("dd, td.number") ?? [])];
          seen += figures.filter(({ style }) => style.opacity !== "").length;
          await new Promise(requestAnimationFrame);
        }
        return seen;
      });
    };
    const fixtures = { context, baseURL, complaints };
    for (const [wish, preferences] of [
      ["reduce", STILL],
      ["no-preference", { "ui.prefersReducedMotion": 0 }],
    ] as const) {
      const run = async (place: BrowserContext) => {
        const page = await withExample(place);
        await choose(page, "orders");
        expect((await fades(page, wish)) > 0).toBe(wish === "no-preference");
        await page.close();
      };
      await inEngine(engine, fixtures, run, preferences);
    }
  });
}

test("a closed inspector asks nothing, and as a panel it opens and closes over any page", async ({
  context,
}, testInfo) => {
  const { page } = await openTab(context);
  await page.setViewportSize({ width: 1280, height: 860 });
  const asked = await page.evaluate(() => {
    const inspector = document.querySelector("originmq-inspector") as InspectorElement;
    const { connection } = inspector;
    inspector.removeAttribute("inline");
    if (!connection) throw new Error("the page has no inspector");
    const counts = { inspections: 0 };
    const { inspect } = connection;
    connection.inspect = (...options) => {
      counts.inspections++;
      return inspect(...options);
    };
    Object.assign(globalThis, { counts });
    return counts.inspections;
  });
  expect(asked).toBe(0);
  const inspections = () =>
    page.evaluate(() => (globalThis as unknown as { counts: { inspections: number } }).counts.inspections);
  await page.waitForTimeout(1_500);
  expect(await inspections()).toBe(0);
  await page.getByRole("button", { name: "Open the OriginMQ inspector" }).press("Enter");
  await expect(tab(page, /^Queues/)).toBeFocused();
  await expect(rowOf(page, "work")).toBeVisible(SOON);
  await page.screenshot({ path: testInfo.outputPath("panel.png") });
  await expect.poll(inspections, SOON).toBeGreaterThan(1);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Open the OriginMQ inspector" })).toBeFocused();
  // What was being asked then is answered, and nothing after it.
  const closedAt = await inspections();
  await page.waitForTimeout(2_500);
  expect(await inspections()).toBe(closedAt);

  // Over the queues of another page, with a connection of its own.
  await page.goto("/field-notes.html");
  await page.getByRole("button", { name: "Open the OriginMQ inspector" }).click();
  await expect(rowOf(page, "field-notes")).toBeVisible(SOON);
  await page.screenshot({ path: testInfo.outputPath("panel-field-notes.png") });
});
