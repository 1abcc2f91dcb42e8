// Bridges in real tabs, and in a service worker, to a real JetStream server.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { jetstream } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { build } from "esbuild";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { freePort } from "../ports.js";
import { addStream, jsonOf, MINUTE_NS, readStream } from "./jetstream.js";
import { type NatsServer, startNatsServer } from "./nats-server.js";
import type { BridgeLab } from "./page/page.js";
import { numbers } from "./scene.js";

declare const lab: BridgeLab;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const WINDOW = { max_age: 60 * MINUTE_NS, duplicate_window: 10 * MINUTE_NS };
let browser: Browser;
let origin: string;
let stopServing: () => void;
let nats: NatsServer;
let context: BrowserContext;

async function bundle(): Promise<ReadonlyMap<string, string>> {
  const entryPoints = {
    page: "test/bridge/page/page.ts",
    // One file: a service worker has no import().
    "service-worker": "test/bridge/page/service-worker.ts",
    "shared-worker": "src/shared-worker.ts",
    "dedicated-worker": "src/dedicated-worker.ts",
  };
  const { outputFiles } = await build({
    ...{ absWorkingDir: ROOT, entryPoints, bundle: true, write: false, format: "esm", target: "es2022", outdir: "/" },
    external: ["ws"],
  });
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}

beforeAll(async () => {
  const files = await bundle();
  const server = createServer(({ url = "/" }, response) => {
    const text = files.get(url);
    if (text !== undefined) return response.setHeader("content-type", "text/javascript").end(text);
    const page =
      "<!doctype html><title>bridges</title><link rel=icon href=data:,><script type=module src=/page.js></script>";
    response.setHeader("content-type", "text/html").end(page);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  stopServing = () => void server.close();
  browser = await chromium.launch(browserLaunchOptions());
});
afterAll(async () => {
  await browser?.close();
  stopServing?.();
});

beforeEach(async () => {
  nats = await startNatsServer({ binary: inject("brokers").natsServer });
  const nc = await nats.connection();
  await addStream(nc, { ...WINDOW, name: "ORDERS" });
  await addStream(nc, { ...WINDOW, name: "NEWS" });
  context = await browser.newContext();
});
afterEach(async () => {
  await context.close();
  await nats.close();
});

async function openTab(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => "lab" in globalThis);
  return page;
}
const names = (tab: string, from: number, to: number) => numbers(from, to).map((n) => `${tab}-${n}`);
const send = (tab: Page, bodies: readonly string[]) => tab.evaluate((given) => lab.send(given), bodies);
const ordersOf = async () => (await readStream(await nats.connection(), "ORDERS")).map(jsonOf) as string[];
const ofTab = (bodies: readonly string[], tab: string) => bodies.filter((body) => body.startsWith(`${tab}-`));

async function publishNews(from: number, to: number) {
  const client = jetstream(await nats.connection());
  const mh = headers();
  mh.set("content-type", "application/json");
  for (const n of numbers(from, to)) await client.publish("news.all", String(n), { headers: mh });
}

test("two tabs with the same bridges, up and down: each message crosses once, in order, also when one of them goes", async () => {
  const tabs = [await openTab(), await openTab()] as const;
  for (const tab of tabs) await tab.evaluate((servers) => lab.open(servers), nats.webSocketUrl);
  await Promise.all([send(tabs[0], names("a", 0, 200)), send(tabs[1], names("b", 0, 200)), publishNews(0, 200)]);
  await expect.poll(async () => (await ordersOf()).length).toBe(400);
  const newsIn = (tab: Page) => tab.evaluate(() => lab.bodies("news"));
  await expect.poll(async () => (await newsIn(tabs[1])).length, { timeout: 20_000 }).toBe(200);
  // The first of them did all of it; the other goes on when it is gone.
  const forwarded = await Promise.all(tabs.map((tab) => tab.evaluate(() => lab.forwarded())));
  expect(forwarded.map(({ up }) => up).sort()).toEqual([0, 400]);
  expect(forwarded.map(({ down }) => down).sort()).toEqual([0, 200]);
  await tabs[0].close();
  await Promise.all([send(tabs[1], names("b", 200, 300)), publishNews(200, 300)]);
  await expect.poll(async () => (await ordersOf()).length, { timeout: 30_000 }).toBe(500);
  await expect.poll(async () => (await newsIn(tabs[1])).length, { timeout: 30_000 }).toBe(300);
  const orders = await ordersOf();
  expect(ofTab(orders, "a")).toEqual(names("a", 0, 200));
  expect(ofTab(orders, "b")).toEqual(names("b", 0, 300));
  expect(await newsIn(tabs[1])).toEqual(numbers(0, 300));
});

test("a service worker forwards what there is, and ends in time where it cannot", async () => {
  const tab = await openTab();
  await send(tab, names("a", 0, 50));
  const nobody = `ws://127.0.0.1:${await freePort()}`;
  const forward = (servers: string, forMs: number) =>
    tab.evaluate(([at, ms]) => lab.forwardInServiceWorker(at as string, ms as number), [servers, forMs]);
  expect(await forward(nobody, 500)).toMatchObject({ state: "closed", forwarded: 0 });
  expect(await tab.evaluate(() => lab.waiting("orders"))).toBe(50);
  expect(await forward(nats.webSocketUrl, 20_000)).toMatchObject({ state: "closed", forwarded: 50 });
  expect(await tab.evaluate(() => lab.waiting("orders"))).toBe(0);
  expect(await ordersOf()).toEqual(names("a", 0, 50));
});
