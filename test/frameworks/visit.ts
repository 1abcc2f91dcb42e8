// What is to be seen of an application in a real browser, whichever framework it is of, and however it was built.

import type { Browser, Page } from "playwright";
import { expect } from "vitest";
import type { Application } from "./applications.js";
import type {} from "./harness/flood.js";

const eventually = (look: () => unknown) => expect.poll(look, { timeout: 30_000 });

const EMPTY = "opening: 0 waiting, 0 in work, 0 of them here, 0 failed";
const line = (page: Page) => page.locator("main p").first().innerText();
export const statsOf = (page: Page, name: string) => page.evaluate((queue) => window.statsOf(queue), name);

/** The page as the server sends it: every snapshot in it is the empty one. */
export async function rendersEmpty({ address }: Application): Promise<void> {
  const html = await (await fetch(address)).text();
  const text = html
    .replace(/<!--.*?-->/gs, "")
    .replace(/<[^>]*>/g, "")
    .replace(/\s+/g, " ");
  expect(text).toContain(EMPTY);
  expect(text).not.toContain("undefined");
}

/** Opens the page, and tells what the console complained of until it was closed. */
export async function visit(
  browser: Browser,
  { address }: Pick<Application, "address">,
  use: (page: Page) => Promise<void>,
) {
  const context = await browser.newContext();
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // What the server of the outbox refuses is on the console of any page.
    if (/ status of (503|422) /.test(message.text())) return;
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  try {
    await page.goto(address);
    await use(page);
  } catch (error) {
    // What the console says tells more than what did not appear.
    expect(complaints.join("\n")).toBe("");
    throw error;
  } finally {
    await context.close();
  }
  expect(complaints.join("\n")).toBe("");
}

/** One message goes its way, seen in the component. */
export async function consumesWhatItSends(page: Page, button = "Order tea"): Promise<void> {
  await eventually(() => line(page)).toBe("open: 0 waiting, 0 in work, 0 of them here, 0 failed");
  await page.getByRole("button", { name: button }).click();
  await eventually(() => line(page)).toBe("open: 0 waiting, 1 in work, 1 of them here, 0 failed");
  expect(await page.locator("main li").allInnerTexts()).toEqual(["tea (leased)"]);
  await eventually(() => line(page)).toBe("open: 0 waiting, 0 in work, 0 of them here, 0 failed");
  await eventually(() => page.locator("main li").count()).toBe(0);
}

/** And there is one consumer, however often its component was mounted. */
export async function sendsAndConsumes(page: Page): Promise<void> {
  await consumesWhatItSends(page);
  expect(await statsOf(page, "orders")).toMatchObject({ totals: { acked: 1, deliveries: 1 }, load: { handlers: 1 } });
}

/** Also once what was before is over. */
export const hasOneConsumer = (page: Page): Promise<void> =>
  eventually(async () => (await statsOf(page, "orders")).load.handlers).toBe(1);

/** A component is shown at most one of all changes a frame, and the last of them. */
export async function showsFrames(page: Page): Promise<void> {
  const { frames, commits, elapsedMs, shown } = await page.evaluate(() => window.flood());
  expect(shown).toBe("10000");
  expect(commits).toBeGreaterThan(1);
  // The frame before the first that was counted may show a change, too; where a frame takes longer than 100 ms, a timer does.
  expect(commits).toBeLessThanOrEqual(frames + 1 + elapsedMs / 100);
}

/** A list follows the options that its component changes. Once there is something to list: after the frames. */
export async function listsMore(page: Page): Promise<void> {
  const list = page.getByRole("button", { name: "listed" });
  await eventually(() => list.innerText()).toBe("1 listed");
  await list.click();
  await eventually(() => list.innerText()).toBe("3 listed");
}

/** Requests wait for their server in sight: they are forgotten, delivered, refused and sent again from the component. */
export async function keepsRequests(page: Page, { saves }: Application): Promise<void> {
  const shown = page.getByRole("listitem").filter({ hasText: /waits|refused/ });
  const stored = () => [...saves.stored.values()];
  const save = (text: string) => page.evaluate((body) => window.save(body), text);
  saves.status = 503;
  expect([await save("tea"), await save("coffee")]).toEqual([202, 202]);
  await eventually(() => shown.count()).toBe(2);
  await shown.last().getByRole("button", { name: "Forget it" }).click();
  await eventually(() => shown.count()).toBe(1);
  expect(stored()).toEqual([]);
  saves.status = 201;
  await eventually(stored).toEqual(["tea"]);
  await eventually(() => shown.count()).toBe(0);
  saves.status = 503;
  await save("sour");
  await eventually(() => shown.count()).toBe(1);
  saves.status = 422;
  await shown.filter({ hasText: "1 refused" }).waitFor();
  saves.status = 201;
  await shown.getByRole("button", { name: "Send again" }).click();
  await eventually(stored).toEqual(["tea", "sour"]);
  await eventually(() => shown.count()).toBe(0);
}

/** When the application ends, so does its consumer; its outbox works on. */
export async function leavesNothing(page: Page, application?: Application): Promise<void> {
  const saves = application?.saves;
  if (saves) saves.status = 503;
  if (saves) expect(await page.evaluate(() => window.save("late"))).toBe(202);
  await page.evaluate(() => window.unmount());
  await eventually(async () => (await statsOf(page, "orders")).load.handlers).toBe(0);
  if (saves) saves.status = 201;
  if (saves) await eventually(() => [...saves.stored.values()]).toContain("late");
}
