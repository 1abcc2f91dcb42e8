// The queue on a server that devices share: two browser profiles, and the example's worker in a process of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "@playwright/test";
import { axeFindings } from "../axe.js";
import { expect, type Handled, handledBy, type Tab, tabOf, test, watch } from "./demo.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** One server for all of them: one test after the other. */
test.describe.configure({ mode: "serial" });

interface Device extends Tab {
  readonly context: BrowserContext;
  readonly complaints: string[];
}

const sharedUrl = (baseURL: string | undefined) => `${baseURL}/?shared`;

async function openDevice(browser: Browser, url: string, device: string): Promise<Device> {
  const localStorage = [{ name: "originmq-demo:device", value: device }];
  const storageState = { cookies: [], origins: [{ origin: new URL(url).origin, localStorage }] };
  const context = await browser.newContext({ storageState });
  const complaints = watch(context);
  const page = await context.newPage();
  await page.goto(url);
  return { ...(await tabOf(page)), context, complaints };
}

interface Worker {
  readonly process: ChildProcess;
  /** Numbers of the orders that it has said it handled. */
  readonly orders: number[];
  stop(): Promise<void>;
}

async function startWorker(site: string | undefined, name: string): Promise<Worker> {
  const args = ["examples/run.mjs", "node-worker", "--site", String(site), "--name", name, "--handle-ms", "2"];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const orders: number[] = [];
  const lines = createInterface({ input: child.stdout });
  const ready = once(lines, "line");
  lines.on("line", (line) => {
    if (line.startsWith("{")) orders.push((JSON.parse(line) as { order: number }).order);
  });
  await ready;
  return {
    process: child,
    orders,
    async stop() {
      // Once all is read that it wrote.
      const ended = once(child, "close");
      child.kill("SIGTERM");
      expect(await ended).toEqual([0, null]);
    },
  };
}

const connected = (page: Page) => page.getByTestId("connected").getByRole("listitem");
const line = (page: Page) => page.getByTestId("line");
const log = (page: Page) => page.getByTestId("shared-log");
const ordersOf = (handled: readonly Handled[]) => handled.map(({ body }) => (body as { order: number }).order);
const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** Nothing is left of the test before. */
async function emptied(device: Device): Promise<void> {
  await device.press("Delete what waits");
  await device.press("Really delete it?");
  await device.shows({ ready: 0, leased: 0 });
}

/** Two profiles of a browser, and an empty queue. */
async function openTillAndPhone(
  browser: Browser,
  baseURL: string | undefined,
): Promise<Record<"till" | "phone", Device>> {
  const till = await openDevice(browser, sharedUrl(baseURL), "Till 1");
  const phone = await openDevice(browser, sharedUrl(baseURL), "Phone 2");
  await emptied(till);
  return { till, phone };
}

test("two browser profiles and a Node worker share the work: each message goes to one of them", async ({
  browser,
  baseURL,
}) => {
  const { till, phone } = await openTillAndPhone(browser, baseURL);
  const worker = await startWorker(baseURL, "Node worker");
  await expect(connected(till.page)).toHaveText([/of Phone 2/, /of Till 1\s*this page/, /^Node worker/]);
  const done = Number((await till.tile("done").textContent())?.replaceAll(",", ""));
  for (const tab of [till, phone]) {
    await tab.slide("Time per message", 1);
    await tab.as("Consume");
  }
  await till.press("Send 1,000");
  await till.shows({ ready: 0, leased: 0, done: done + 1_000 });
  const handled = [handledBy(await till.log()), handledBy(await phone.log())].map(ordersOf);
  for (const orders of [...handled, worker.orders]) expect(orders.length).toBeGreaterThan(0);
  await worker.stop();
  expect(ascending([...handled.flat(), ...worker.orders])).toEqual(upTo(1_000));
  await expect(log(till.page)).toContainText("Node worker has gone");
  for (const { context, complaints } of [till, phone]) {
    await context.close();
    expect(complaints).toEqual([]);
  }
});

test("an unplugged page's work goes to the others, and what it sent meanwhile arrives once when it is back", async ({
  browser,
  baseURL,
}) => {
  const { till, phone } = await openTillAndPhone(browser, baseURL);
  await phone.slide("Time per message", 100);
  await phone.as("Consume");
  await till.press("Send one");
  await till.shows({ leased: 1 });
  await expect(connected(till.page).filter({ hasText: "of Phone 2" })).toContainText("1 in hand");
  await phone.press("Unplug this page");
  await expect(line(phone.page)).toHaveText("unplugged");
  await phone.press("Send one");
  await phone.press("Send 1,000");
  await expect(line(phone.page)).toHaveText("unplugged, 1,001 to send");
  // What it had in hand is given up, and comes back.
  await till.shows({ leased: 0, ready: 1 }, 10_000);
  await expect(log(till.page)).toContainText("of Phone 2 has gone, with 1 message in hand");
  await till.slide("Time per message", 0);
  await till.as("Consume");
  await expect.poll(() => till.handledHere()).toBe(1);

  await phone.as("Watch");
  await phone.press("Plug it in again");
  await expect(line(phone.page)).toHaveText("connected");
  await expect(log(phone.page)).toContainText("1,001 messages of this page, sent meanwhile, are stored: once.");
  await expect.poll(() => till.handledHere()).toBe(1_002);
  await till.shows({ ready: 0, leased: 0 });
  const sent = handledBy(await till.log()).filter(({ body }) => (body as { from: string }).from.includes("Phone 2"));
  expect(ascending(ordersOf(sent))).toEqual(upTo(1_001));
  await till.context.close();
  await phone.context.close();
});

test("a page changes its place and keeps its settings, and the queue of each place is another one", async ({
  context,
}) => {
  const page = await context.newPage();
  await page.goto("/");
  const here = await tabOf(page);
  await here.slide("Handlers at once", 9);
  await page.getByLabel("Priority", { exact: true }).selectOption("7");
  await page.getByLabel("Fail every message").check();
  await here.press("Send 1,000");
  await here.as("Produce");
  await page.getByRole("radio", { name: "On a server" }).check();
  await expect(page.getByTestId("host")).toHaveText(/^a server/);
  await expect(page.getByRole("radio", { name: "On a server" })).toBeFocused();
  await expect(page.getByRole("radio", { name: "Produce" })).toBeChecked();
  await expect(page.getByLabel("Fail every message")).toBeChecked();
  await expect(page.getByLabel("Priority", { exact: true })).toHaveValue("7");
  await expect(page.locator("#concurrency-value")).toHaveText("9 handlers");
  await expect(page.getByText("Everything is on the server")).toBeVisible();
  // It goes on as it was told, there.
  await expect(page.getByTestId("sent-here")).not.toHaveText("0");
  await page.getByRole("radio", { name: "Watch" }).check();
  await page.getByRole("radio", { name: "In this browser" }).check();
  await expect(page.getByTestId("host")).toHaveText(/^SharedWorker/);
  await expect(page.getByRole("radio", { name: "Watch" })).toBeChecked();
  await expect(page.getByTestId("tile-ready")).not.toHaveText("0");
});

test("when the server ends and starts again, pages and the worker come back by themselves", async ({
  browser,
  baseURL,
}) => {
  const { till, phone } = await openTillAndPhone(browser, baseURL);
  const worker = await startWorker(baseURL, "Node worker");
  await expect(connected(till.page)).toHaveCount(3);
  await till.press("Restart the server");
  await expect(log(phone.page)).toContainText("The server answers again");
  await expect(log(till.page)).toContainText("The server answers again");
  await expect(connected(phone.page)).toHaveText([/of Phone 2/, /of Till 1/, /^Node worker/]);
  await phone.press("Send one");
  await expect.poll(() => worker.orders).toEqual([1]);
  await worker.stop();
  await till.context.close();
  await phone.context.close();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`shared, the page has room for all of it and axe finds nothing, in the ${colorScheme} theme`, async ({
    browser,
    baseURL,
  }, testInfo) => {
    const { page, context, ...till } = await openDevice(browser, sharedUrl(baseURL), "Till 1");
    await page.emulateMedia({ colorScheme });
    await till.press("Unplug this page");
    await expect(line(page)).toHaveText("unplugged");
    expect(await axeFindings(page)).toEqual([]);
    await till.press("Plug it in again");
    await expect(line(page)).toHaveText("connected");
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: testInfo.outputPath(`shared-${colorScheme}-${width}.png`) });
      const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
      expect(await page.evaluate(overflow), `at ${width} px`).toBe(0);
    }
    await context.close();
  });
}
