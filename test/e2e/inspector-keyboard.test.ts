// <originmq-inspector> by keyboard alone: its views, and every act. Nothing here is clicked, and nothing gets the focus but by keys.

import type { BrowserContext, Page } from "@playwright/test";
import type { InspectorElement } from "../../src/inspector.js";
import { isInFullRun } from "../runner/in-full-run.mjs";
import { expect, inspectorOf, test } from "./demo.js";
import { catchFiles, ENGINES, inEngine, openInspector, rowOf, SOON, tab } from "./inspector-page.js";

const STOPS_MAX = 120;

type Way = "Tab" | "Shift+Tab";
/**
 * A stop before all others and one behind them. Beyond its last stop a page loses the focus to the browser's own controls, and
 * gets it back from there; but what drives Firefox gives its keys to the page then, too, and in a page that has not the
 * focus Enter presses no button, were it the only one.
 */
const ENDS = { first: "The page begins", last: "The page ends" };

/** What has the focus, by how it is named. */
const focused = (page: Page) =>
  page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    const { labels } = element as HTMLInputElement;
    return (element?.getAttribute("aria-label") ?? labels?.[0]?.textContent ?? element?.textContent ?? "").trim();
  });

function keysOf(page: Page) {
  const { keyboard } = page;
  const press = async (...keys: string[]) => {
    for (const key of keys) await keyboard.press(key);
  };
  const panel = inspectorOf(page);
  const keys = {
    press,
    /** Goes from stop to stop until one has this name, and at an end of the page the other way. */
    async to(name: string | RegExp, key: Way = "Tab") {
      const isThere = (of: string) => (typeof name === "string" ? of === name : name.test(of));
      let way = key;
      for (let i = 0; i < STOPS_MAX; i++) {
        await press(way);
        const stop = await focused(page);
        if (isThere(stop)) return;
        if (stop === ENDS.first) way = "Tab";
        if (stop === ENDS.last) way = "Shift+Tab";
      }
      throw new Error(`no stop is called ${name}; the last was ${await focused(page)}`);
    },
    back: (name: string | RegExp) => keys.to(name, "Shift+Tab"),
    /** In place of what is written there. */
    async write(text: string) {
      await press("ControlOrMeta+a");
      await keyboard.insertText(text);
    },
    /** What asks has its answer, and is gone before the next key. */
    async answer() {
      await press("Enter");
      await expect(page.getByRole("dialog")).toHaveCount(0, SOON);
    },
    async doNow() {
      await keys.to("Do it now");
      await press("Enter");
    },
    /** Waits until this is said. */
    said: (text: string | RegExp) => expect(panel.locator(".said")).toContainText(text, SOON),
  };
  return keys;
}

async function openWithEnds(place: BrowserContext): Promise<Page> {
  const page = await openInspector(place);
  await page.evaluate(({ first, last }) => {
    for (const [name, where] of [
      [first, "afterbegin"],
      [last, "beforeend"],
    ] as const) {
      const stop = document.createElement("button");
      stop.textContent = name;
      stop.style.position = "fixed";
      document.body.insertAdjacentElement(where, stop);
    }
  }, ENDS);
  return page;
}

async function filledByKeys(place: BrowserContext): Promise<Page> {
  const page = await openWithEnds(place);
  const { to, press } = keysOf(page);
  await to("Fill in an example");
  await press("Enter");
  await expect(rowOf(page, "mail")).toContainText("9", { timeout: 40_000 });
  return page;
}

for (const engine of ENGINES) {
  test(`the keyboard alone goes everywhere, in ${engine}`, async ({ context, baseURL, complaints }) => {
    await inEngine(engine, { context, baseURL, complaints }, async (place) => {
      const page = await filledByKeys(place);
      const panel = inspectorOf(page);
      const { press, to } = keysOf(page);
      const { keyboard } = page;
      await to(/^Queues\d/);
      await press("ArrowRight");
      await expect(tab(page, /^Topics/)).toBeFocused();
      await expect(panel.getByRole("tabpanel", { name: /^Topics/ })).toBeVisible();
      await press("End");
      await expect(tab(page, "Host")).toHaveAttribute("aria-selected", "true");
      await press("Home");
      const mail = panel.getByRole("button", { name: "mail", exact: true });
      await to("mail");
      await press("Enter");
      await expect(panel.getByRole("heading", { name: "mail" })).toBeFocused();

      await to("Now");
      await press("ArrowRight", "Tab");
      await expect(panel.getByRole("combobox", { name: "Which messages" })).toBeFocused();
      await keyboard.type("dead");
      await press("Tab", "Tab", "Tab");
      const grid = panel.getByRole("grid");
      await expect(grid).toBeFocused();
      await expect(grid.getByRole("row", { name: /reader-0/ })).toBeVisible(SOON);
      await press("ArrowDown", "Enter");
      await expect(panel.getByText("Given up: max-deliveries")).toBeVisible();
      await expect(panel.getByRole("article").getByText(/mailbox of reader-1@example.org/)).toBeVisible();
      await press("Escape");
      await expect(grid).toBeFocused();

      const purge = panel.getByRole("button", { name: "Purge…" });
      await to("Purge…", "Shift+Tab");
      await press("Enter");
      await expect(page.getByRole("dialog")).toBeVisible();
      await press("Escape");
      await expect(page.getByRole("dialog")).toHaveCount(0);
      await expect(purge).toBeFocused();
      await press("Escape");
      await expect(mail).toBeFocused();
    });
  });
}

test("keys do in Firefox what they do in Chromium, after an offer to undo is gone, too", async ({
  context,
  baseURL,
  complaints,
}) => {
  await inEngine("firefox", { context, baseURL, complaints }, async (place) => {
    const page = await openWithEnds(place);
    const panel = inspectorOf(page);
    const { press, to, back, write, answer, doNow, said } = keysOf(page);
    await to("work");
    await press("Enter");
    await expect(panel.getByRole("heading", { name: "work" })).toBeFocused();
    await to("Send…");
    await press("Enter");
    await write('{ "n": 1 }');
    await to("Send");
    await answer();
    await said(/^Sent as/);
    await to("Purge…");
    await press("Enter");
    await to("Delete");
    await answer();
    await doNow();
    await said("1 message deleted.");
    await back("Pause");
    await press("Enter");
    await said("work hands out nothing.");
    await to("Undo");
    await press("Enter");
    await said("It is as it was.");
    // Where it was before it went to the offer.
    await expect(tab(page, "Now")).toBeFocused();
  });
});

for (const engine of ENGINES) {
  test(`every act is done, and taken back, by the keyboard alone, in ${engine}`, async ({
    context,
    baseURL,
    complaints,
  }) => {
    test.skip(isInFullRun, "a third of a minute, which `npm test -- e2e` takes");
    test.setTimeout(120_000);
    await inEngine(engine, { context, baseURL, complaints }, async (context) => {
      const page = await filledByKeys(context);
      const panel = inspectorOf(page);
      const dialog = page.getByRole("dialog");
      const { press, to, back, write, answer, doNow, said } = keysOf(page);
      const undo = async (words: string) => {
        await press("ControlOrMeta+z");
        await said(words);
      };
      // What `send` checks bodies with, in an application.
      await page.evaluate(() => {
        const inspector = document.querySelector("originmq-inspector") as InspectorElement;
        const validate = (value: unknown) =>
          /@example\.org$/.test(String((value as { to?: unknown })?.to))
            ? { value }
            : { issues: [{ message: "to: no address of ours" }] };
        inspector.schemas = { mail: { "~standard": { version: 1, vendor: "test", validate } } };
      });
      const saved = await catchFiles(page);
      await to("mail");
      await press("Enter");

      // Pause and resume.
      await to("Pause");
      await press("Enter");
      await said("mail hands out nothing.");
      await undo("It is as it was.");
      const button = (name: string) => panel.getByRole("button", { name, exact: true });
      // What a button does is what it says.
      await expect(button("Pause")).toBeFocused(SOON);
      await press("Enter");
      await expect(button("Resume")).toBeFocused(SOON);
      await expect(rowOf(page, "mail")).toContainText("paused", SOON);
      await press("Enter");
      await said("mail goes on.");
      await expect(button("Pause")).toBeFocused(SOON);

      // A test message.
      const send = async () => {
        await press("Enter");
        await expect(dialog).toBeVisible();
        await write('{ "to": "keys@example.org" }');
        await to("Headers, one a line");
        await write("campaign: spring");
        await to("Send");
        await answer();
        await said(/^Sent as/);
      };
      await to("Send…");
      await send();
      await undo("It is as it was.");
      await send();

      // Settings.
      await back("Pause");
      await to("Settings…");
      await press("Enter");
      await to("Attempts");
      await write("7");
      await answer();
      await said("1 setting of mail changed.");
      await undo("It is as it was.");

      // An export.
      await to("Export");
      await press("Enter");
      await said("10 messages exported.");
      expect((await saved()).name).toBe("mail.jsonl");

      // A dead letter that is edited, checked, and redriven.
      await to("Now");
      await press("ArrowRight", "Tab");
      await page.keyboard.type("dead");
      await expect(panel.getByText("9, in the order they were sent.")).toBeVisible(SOON);
      await to("Messages of mail");
      const open = async (act: string) => {
        await expect(panel.getByRole("grid")).toBeFocused(SOON);
        await press("Enter");
        await expect(panel.getByRole("article")).toBeVisible();
        await to(act);
        await press("Enter");
      };
      await open("Edit and redrive…");
      await write('{ "to": "nobody" }');
      await to("Redrive");
      await press("Enter");
      await expect(dialog.getByRole("alert")).toHaveText("to: no address of ours");
      await back("Body, as JSON");
      await write('{ "to": "mended@example.org" }');
      await to("Redrive");
      await answer();
      /** So many are left, and the first of them is on top: until it is read anew, the list has one that is gone. */
      const letters = async (count: number) => {
        const rows = panel.getByRole("grid").getByRole("row", { name: /does not take it/ });
        await expect(rows).toHaveCount(count, SOON);
        await expect(rows.first()).toContainText(`reader-${9 - count}@`, SOON);
      };
      await said("with what you wrote, in 5 seconds.");
      await undo("Nothing was done.");
      await open("Edit and redrive…");
      await write('{ "to": "mended@example.org" }');
      await to("Redrive");
      await answer();
      await doNow();
      await said(/is back in mail, with what you wrote/);
      await letters(8);

      // One that is redriven as it is, one that is moved, one that is deleted.
      await back("Messages of mail");
      await open("Redrive");
      await doNow();
      await said(/is back in mail\./);
      await letters(7);
      await back("Messages of mail");
      await open("Move…");
      await write("photos");
      await answer();
      await doNow();
      await said(/is in photos now/);
      await letters(6);
      await back("Messages of mail");
      await open("Delete…");
      await to("Delete");
      await answer();
      await undo("Nothing was done.");
      await open("Delete…");
      await to("Delete");
      await answer();
      await doNow();
      await said(/is deleted\./);
      await letters(5);

      // One that waits is found, edited, and moved.
      await back("Which messages");
      await page.keyboard.type("ready");
      await to("Search messages");
      await write("mended");
      await expect(panel.getByText("1 found in 3 of 3.")).toBeVisible(SOON);
      await to("Messages of mail");
      await open("Edit…");
      await write('{ "to": "other@example.org" }');
      await to("Save");
      await answer();
      await said(/has what you wrote/);
      await undo("It is as it was.");
      await open("Move…");
      await write("photos");
      await answer();
      await expect(rowOf(page, "photos")).toContainText("3", SOON);
      await undo("It is as it was.");
      await expect(rowOf(page, "photos")).toContainText("2", SOON);

      // All dead letters of one reason, and all ready messages of one priority.
      await back("Purge…");
      await back("Redrive…");
      await press("Enter");
      await write("max-deliveries");
      await answer();
      await doNow();
      await said("5 dead letters went back to mail.");
      await back("Purge…");
      await press("Enter");
      await page.keyboard.type("ready");
      await to("Only of priority");
      await write("4");
      await answer();
      await undo("Nothing was done.");
      await press("Enter");
      await page.keyboard.type("ready");
      await to("Only of priority");
      await write("4");
      await answer();
      await doNow();
      await said("8 messages deleted.");

      // A bundle is saved and opened, and time travelled in it.
      await back(/^Queues\d/);
      await press("End");
      await to("Save a support bundle");
      await press("Enter");
      await said(/^The bundle has/);
      const file = await saved();
      const chooser = page.waitForEvent("filechooser");
      await to("Open a bundle…");
      await press("Enter");
      await (await chooser).setFiles(file);
      await expect(panel.getByText(/^bundle of/)).toBeVisible(SOON);
      await expect(tab(page, /^Queues/)).toBeFocused();
      await press("End", "ArrowLeft");
      await expect(panel.getByRole("heading", { name: /^Commit/ })).toBeVisible(SOON);
      const commit = () => panel.getByRole("heading", { name: /^Commit/ }).innerText();
      const last = await commit();
      await to("Earlier");
      await press("Enter");
      await expect.poll(commit, SOON).not.toBe(last);
      await to("Commit");
      await press("Home");
      await expect(panel.getByRole("heading", { name: /, 1 of / })).toBeVisible();
      await back("Journal");
      await press("End");
      await to("Leave the bundle");
      await press("Enter");
      await expect(panel.getByText(/^SharedWorker, term|^dedicated worker, term/)).toBeVisible(SOON);
    });
  });
}
