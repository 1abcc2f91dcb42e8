// Queues that are local first, in tabs of a real browser with a real IndexedDB, while their server is away: what was sent
// outlives its tab and its browser, and is there once when the server is back.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { connect, type LocalFirstQueue } from "../../src/index.js";
import { serve } from "../../src/server.js";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { startFaultyLine } from "../edge/proxy.js";
import { hasServer, startServerProcess } from "../edge/server-process.js";
import { crash, expect, test } from "../faults/lab.js";

declare global {
  var orders: LocalFirstQueue<string>;
  var forwarded: string[];
}

/** Sends so many, in three groups, all at once; resolves when they are durable, with their ids. */
const send = (page: Page, name: string, from: number, to: number) =>
  page.evaluate(
    async ({ name, from, to }) => {
      const numbers = Array.from({ length: to - from }, (_, i) => from + i);
      const sent = numbers.map((i) => orders.send(`${name}-${i}`, { groupId: `${name}-${i % 3}` }));
      return (await Promise.all(sent)).map(({ id, where }) => ({ id, where }));
    },
    { name, from, to },
  );

test("what two tabs send while the server is away outlives a tab and the browser, and is there once, in order", async ({
  site,
}) => {
  test.skip(!hasServer, "needs SQLite of Node, or Deno");
  const server = await startServerProcess({ allowOrigins: [site.origin] });
  const profile = mkdtempSync(join(tmpdir(), "local-first-"));
  const launch = () => chromium.launchPersistentContext(profile, browserLaunchOptions());
  const url = `${server.url}/mq/shop`;
  let context = await launch();
  const openTab = async () => {
    const page = await context.newPage();
    await page.goto(`${site.origin}/today/`);
    await page.waitForFunction(() => globalThis.lab !== undefined);
    await page.evaluate(async (url) => {
      globalThis.orders = await lab.openQueue<string>("orders", { url, local: true });
      globalThis.forwarded = [];
      orders.addEventListener("forwarded", ({ detail }) => forwarded.push(...detail.ids));
    }, url);
    return page;
  };

  const [till, kitchen] = [await openTab(), await openTab()];
  const first = await send(till, "till", 0, 20);
  // Whichever of them forwards, both hear of it.
  const ids = first.map(({ id }) => id).sort();
  for (const tab of [till, kitchen])
    await expect.poll(() => tab.evaluate(() => [...forwarded].sort()), { timeout: 20_000 }).toEqual(ids);

  await server.kill();
  const sent = await Promise.all([send(till, "till", 20, 60), send(kitchen, "kitchen", 0, 40)]);
  expect(new Set(sent.flat().map(({ where }) => where))).toEqual(new Set(["local"]));
  await crash(till);
  await send(kitchen, "kitchen", 40, 50);
  const waiting = await kitchen.evaluate(() => orders.stats());
  expect(waiting.ready + waiting.leased + waiting.blocked).toBe(90);
  await context.close();

  await server.restart();
  context = await launch();
  const later = await openTab();
  await later.evaluate(() => orders.whenIdle());
  const connection = await connect({ url });
  const there = await connection.openQueue<string>("orders");
  const bodies = (await there.peek({ max: 1_000 })).map(({ body }) => body);
  const expected = [["till", 60] as const, ["kitchen", 50] as const];
  for (const [name, count] of expected) {
    for (const group of [0, 1, 2]) {
      const own = bodies.map((body) => body.split("-")).filter(([by, i]) => by === name && Number(i) % 3 === group);
      const numbers = Array.from({ length: count }, (_, i) => i).filter((i) => i % 3 === group);
      expect(own.map(([, i]) => Number(i))).toEqual(numbers);
    }
  }
  expect(bodies.length).toBe(110);
  expect(await later.evaluate(() => orders.stats())).toMatchObject({ ready: 0, dead: 0, remote: { blocked: 104 } });

  // And what is taken comes from there, in whichever tab.
  await later.evaluate(() => {
    const handled: string[] = [];
    Object.assign(globalThis, { handled });
    orders.consume(({ body }) => void handled.push(body), { concurrency: 10 });
  });
  await there.whenIdle();
  const handled = await later.evaluate(() => (globalThis as unknown as { handled: string[] }).handled);
  expect([...handled].sort()).toEqual([...bodies].sort());
  await connection.close();
  await context.close();
  await server.close();
  rmSync(profile, { recursive: true, force: true });
});

test("a service worker forwards what a tab has left behind, with what it sends itself, when no tab is there to do so", async ({
  site,
  page,
}) => {
  const server = await serve({ memory: true, port: 0, allowOrigins: [site.origin] });
  const line = await startFaultyLine(server.url);
  const url = `${line.url}/mq/shop`;
  const there = await (await server.connect({ database: "shop" })).openQueue<string>("work");
  await page.goto(`${site.origin}/today/`);
  await page.waitForFunction(() => globalThis.lab !== undefined);
  await page.evaluate(() => lab.registerServiceWorker());
  line.stall();
  await page.evaluate(async (url) => {
    const queue = await lab.openQueue<string>("work", { url, local: true });
    await queue.send("from the tab");
    await queue.close();
  }, url);
  expect((await there.stats()).ready).toBe(0);
  line.mend();
  const forwarded = await page.evaluate(
    (url) => lab.askServiceWorker({ op: "forward", bodies: ["from the service worker"], url }),
    url,
  );
  expect(forwarded).toBe(2);
  expect((await there.peek()).map(({ body }) => body)).toEqual(["from the tab", "from the service worker"]);
  await line.close();
  await server.close();
});
