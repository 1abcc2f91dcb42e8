// <originmq-inspector> on the demo's page of its own, as people use it: by role and name, by keyboard, in every look. Its
// pictures are test results.

import { readFile } from "node:fs/promises";
import { type BrowserContext, firefox, type Locator, type Page } from "@playwright/test";
import type { Bundle, InspectorElement } from "../../src/inspector.js";
import { axeFindings } from "../axe.js";
import { findFirefox } from "../engines/find-engines.mjs";
import { isInFullRun } from "../runner/in-full-run.mjs";
import { doNow, expect, inspectorOf, openTab, test, watch } from "./demo.js";

const firefoxPath = findFirefox();
const SOON = { timeout: 20_000 };

const rowOf = (page: Page, queue: string) => inspectorOf(page).getByRole("row", { name: new RegExp(`^${queue} `) });

async function openInspector(context: BrowserContext, size = { width: 1280, height: 860 }): Promise<Page> {
  const page = await context.newPage();
  await page.setViewportSize(size);
  await page.goto("/inspector.html");
  await expect(inspectorOf(page).getByText(/term \d+/)).toBeVisible(SOON);
  return page;
}

async function withExample(context: BrowserContext, size?: { width: number; height: number }): Promise<Page> {
  const page = await openInspector(context, size);
  await page.getByRole("button", { name: "Fill in an example" }).click();
  await expect(page.getByRole("button", { name: "The example runs" })).toBeVisible(SOON);
  await expect(rowOf(page, "mail")).toContainText("9", SOON);
  return page;
}

const choose = (page: Page, queue: string) =>
  inspectorOf(page).getByRole("button", { name: queue, exact: true }).click();
const tab = (page: Page, name: string | RegExp) => inspectorOf(page).getByRole("tab", { name });
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

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

for (const engine of isInFullRun ? (["chromium"] as const) : (["chromium", "firefox"] as const)) {
  test(`the keyboard alone does it, in ${engine}`, async ({ context, baseURL, complaints }) => {
    test.skip(engine === "firefox" && firefoxPath === undefined, "Firefox is not installed");
    const browser =
      engine === "firefox"
        ? await firefox.launch({ channel: "moz-firefox", executablePath: firefoxPath as string })
        : undefined;
    const place = (await browser?.newContext({ baseURL: baseURL as string })) ?? context;
    if (browser) complaints.push(...watch(place));
    const page = await openInspector(place);
    const panel = inspectorOf(page);
    const { keyboard } = page;
    await page.getByRole("button", { name: "Fill in an example" }).focus();
    await keyboard.press("Enter");
    await expect(rowOf(page, "mail")).toContainText("9", { timeout: 40_000 });

    await tab(page, /^Queues/).focus();
    await keyboard.press("ArrowRight");
    await expect(tab(page, /^Topics/)).toBeFocused();
    await expect(panel.getByRole("tabpanel", { name: /^Topics/ })).toBeVisible();
    await keyboard.press("End");
    await expect(tab(page, "Host")).toHaveAttribute("aria-selected", "true");
    await keyboard.press("Home");
    const mail = panel.getByRole("button", { name: "mail", exact: true });
    for (let i = 0; i < 20 && !(await mail.evaluate((one) => one.matches(":focus"))); i++) await keyboard.press("Tab");
    await expect(mail).toBeFocused();
    await keyboard.press("Enter");
    await expect(panel.getByRole("heading", { name: "mail" })).toBeFocused();

    await tab(page, "Now").focus();
    await keyboard.press("ArrowRight");
    await keyboard.press("Tab");
    await expect(panel.getByRole("combobox", { name: "Which messages" })).toBeFocused();
    await keyboard.type("dead");
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    const grid = panel.getByRole("grid");
    await expect(grid).toBeFocused();
    await expect(grid.getByRole("row", { name: /reader-0/ })).toBeVisible(SOON);
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await expect(panel.getByText("Given up: max-deliveries")).toBeVisible();
    await expect(panel.getByRole("article").getByText(/mailbox of reader-1@example.org/)).toBeVisible();
    await keyboard.press("Escape");
    await expect(grid).toBeFocused();

    const purge = panel.getByRole("button", { name: "Purge…" });
    await purge.focus();
    await keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toBeVisible();
    await keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(purge).toBeFocused();
    await keyboard.press("Escape");
    await expect(mail).toBeFocused();
    await browser?.close();
  });
}

test("a bundle made in one browser opens in another, read only, and shows the same; its journal is walked through", async ({
  context,
  browser,
  baseURL,
  complaints,
}, testInfo) => {
  const page = await withExample(context);
  await choose(page, "mail");
  const factsOf = (from: Page) => inspectorOf(from).locator(".overview .tiles, .overview .meters").allInnerTexts();
  const live = await factsOf(page);
  await tab(page, "Host").click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    inspectorOf(page).getByRole("button", { name: "Save a support bundle" }).click(),
  ]);
  const path = testInfo.outputPath("bundle.json");
  await download.saveAs(path);
  const { messages } = JSON.parse(await readFile(path, "utf8")) as Bundle;
  expect(messages.photos).toHaveLength(1);
  expect(JSON.stringify(messages.photos)).not.toContain("From the field");

  const another =
    firefoxPath && !isInFullRun
      ? await firefox.launch({ channel: "moz-firefox", executablePath: firefoxPath })
      : undefined;
  const place = await (another ?? browser).newContext({ baseURL: baseURL as string });
  complaints.push(...watch(place));
  const other = await openInspector(place);
  // Days later: what a bundle shows is of when it was made.
  await other.clock.setFixedTime(Date.now() + 3 * 86_400_000);
  const panel = inspectorOf(other);
  const seen = (views: Locator) => (another ? views.innerText() : views.screenshot({ animations: "disabled" }));
  /** Each view, as a picture where the engine is the same, as its text where it is another. */
  const open = async (at: Page) => {
    await tab(at, "Host").click();
    await inspectorOf(at).getByLabel("Support bundle").setInputFiles(path);
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
  for (const [i, view] of there.entries())
    expect(view.toString("base64"), `view ${i}`).toBe(here[i]?.toString("base64"));
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
  const changed = panel.getByRole("cell", { name: /→/ });
  for (let i = 0; i < 40 && (await changed.count()) === 0; i++)
    await panel.getByRole("button", { name: "Earlier" }).click();
  await expect(changed.first()).toBeVisible();
  const moves = panel.getByRole("region", { name: "Messages, before and after this commit" });
  await expect(
    moves
      .getByRole("cell", { name: "Dead", exact: true })
      .or(moves.getByRole("cell", { name: "In work" }))
      .first(),
  ).toBeVisible();
  await other.screenshot({ path: testInfo.outputPath("journal.png") });
  await panel.getByRole("slider", { name: "Commit" }).fill("0");
  await expect(panel.getByText("A host took over")).toBeVisible();
  await tab(other, "Host").click();
  await panel.getByRole("button", { name: "Leave the bundle" }).click();
  await expect(panel.getByText(/^SharedWorker, term|^dedicated worker, term/)).toBeVisible(SOON);
  await place.close();
  await another?.close();
});

test("it looks right in light, dark and forced colours, wide and at 390 px, and axe finds nothing", async ({
  context,
}, testInfo) => {
  const page = await withExample(context);
  const panel = inspectorOf(page);
  await expect(panel.getByText(/\d\/s/).first()).toBeVisible(SOON);
  const looks = [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["forced", { colorScheme: "dark", forcedColors: "active" }],
  ] as const;
  for (const [look, media] of looks) {
    await page.emulateMedia({ reducedMotion: "reduce", forcedColors: "none", ...media });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 860 });
      const shot = (name: string) => page.screenshot({ path: testInfo.outputPath(`${look}-${width}-${name}.png`) });
      await shot("queues");
      await choose(page, "orders");
      await shot("orders");
      await tab(page, "Messages").click();
      await shot("messages");
      expect(await overflow(page), `${look} ${width}`).toBe(0);
      if (look === "dark") expect(await axeFindings(page)).toEqual([]);
      await panel.getByRole("button", { name: "All queues" }).click();
    }
  }
  await page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
  for (const name of [/^Topics/, /^Schedules/, /^Clients/, "Journal", "Host", /^Queues/]) {
    await tab(page, name).click();
    expect(await axeFindings(page), String(name)).toEqual([]);
  }
  await choose(page, "mail");
  expect(await axeFindings(page)).toEqual([]);
  await panel.getByRole("button", { name: "Settings…" }).click();
  await expect(page.getByRole("dialog", { name: "Settings of mail" })).toBeVisible();
  expect(await axeFindings(page)).toEqual([]);
});

test("figures stand still for who asks for less motion, and fade for others", async ({ context }) => {
  const page = await withExample(context);
  await choose(page, "orders");
  const fades = () =>
    page.evaluate(async () => {
      let seen = 0;
      const until = performance.now() + 2_500;
      while (performance.now() < until) {
        seen += document.querySelector("originmq-inspector")?.shadowRoot?.getAnimations?.().length ?? 0;
        await new Promise(requestAnimationFrame);
      }
      return seen;
    });
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.waitForTimeout(500);
  expect(await fades()).toBe(0);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  expect(await fades()).toBeGreaterThan(0);
});

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
