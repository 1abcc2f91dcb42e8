// Requests that must arrive, in Chromium: outages, dead browsers, dead servers, many drainers.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { expect, expectEachOnce, openPage, orderByGroup, test, untilSent } from "./lab.js";
import { serviceWorkersOf, TAG, tagsOf } from "./service-workers.js";

const HOUR_MS = 3_600_000;
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

test("two hours without a server leave nothing dead, and all arrives in order once it is back", async ({
  context,
  site,
}) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open({ backoff: { baseMs: 1_000, maxMs: 300_000 } }));
  await site.stop();
  const statuses = await page.evaluate(async () => {
    const answers: number[] = [];
    for (let n = 0; n < 12; n++) answers.push(await outboxLab.post(`/api/group-${n % 3}?n=${n}`));
    return answers;
  });
  expect(statuses).toEqual(Array(12).fill(202));
  for (let minutes = 0; minutes < 120; minutes += 2) {
    await page.evaluate(() => moveClock(120_000));
    await page.waitForTimeout(30);
  }
  expect(await page.evaluate(() => outboxLab.dead())).toEqual([]);
  expect(await page.evaluate(() => outboxLab.waiting())).toBe(12);
  await site.start();
  // The next repetitions are due within a minute, by a clock that need not be waited for.
  for (let i = 0; i < 40 && (await page.evaluate(() => outboxLab.waiting())) > 0; i++) {
    await page.evaluate(() => moveClock(20_000));
    await page.waitForTimeout(100);
  }
  await untilSent(page);
  expect(orderByGroup(site.notes.arrivals)).toEqual({
    "group-0": [0, 3, 6, 9],
    "group-1": [1, 4, 7, 10],
    "group-2": [2, 5, 8, 11],
  });
  expectEachOnce(site.notes.arrivals);
  expect(await page.evaluate(() => outboxLab.dead())).toEqual([]);
});

test("two hours of 503 leave nothing dead either", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open({ backoff: { baseMs: 1_000, maxMs: 300_000 } }));
  site.notes.behave("500");
  await page.evaluate(async () => {
    for (let n = 0; n < 4; n++) await outboxLab.post(`/api/group-${n}?n=${n}`);
  });
  for (let minutes = 0; minutes < 120; minutes += 2) {
    await page.evaluate(() => moveClock(120_000));
    await page.waitForTimeout(40);
  }
  expect(await page.evaluate(() => outboxLab.dead())).toEqual([]);
  const tried = site.notes.arrivals.length;
  expect(tried, "attempts in two hours by four requests").toBeLessThan(400);
  site.notes.behave("none");
  for (let i = 0; i < 60 && (await page.evaluate(() => outboxLab.waiting())) > 0; i++) {
    await page.evaluate(() => moveClock(60_000));
    await page.waitForTimeout(100);
  }
  await untilSent(page);
  expectEachOnce(site.notes.arrivals);
});

test("50 requests made offline survive kill -9 and a start offline, and arrive byte for byte, in order, once each", async ({
  site,
}) => {
  const profile = await mkdtemp(join(tmpdir(), "outbox-"));
  const launch = () => chromium.launchPersistentContext(profile, browserLaunchOptions());
  let context: BrowserContext | undefined = await launch();
  try {
    const installed = await openPage(context, site);
    await installed.evaluate(() => outboxLab.registerServiceWorker("service-worker"));
    // The browser writes down that there is a service worker when it likes: killed before, it comes back without one.
    await context.close();
    context = await launch();
    const page = await openPage(context, site);
    await page.evaluate(() => outboxLab.open());
    // The server is gone, too: what a browser is told to say of its network does not bind its service workers.
    await site.stop();
    await context.setOffline(true);
    const digests = await page.evaluate(() => outboxLab.postEveryType(50));
    const cdp = await context.browser()!.newBrowserCDPSession();
    const { processInfo } = await cdp.send("SystemInfo.getProcessInfo");
    const gone = new Promise<void>((resolve) => context?.once("close", () => resolve()));
    process.kill(processInfo.find(({ type }) => type === "browser")!.id, "SIGKILL");
    await gone;

    context = await launch();
    await context.setOffline(true);
    const again = await openPage(context, site);
    await again.evaluate(() => outboxLab.open());
    expect(await again.evaluate(() => outboxLab.waiting())).toBe(50);
    expect(site.notes.arrivals).toEqual([]);
    await site.start();
    await context.setOffline(false);
    await untilSent(again, 30_000);

    const { arrivals } = site.notes;
    expect(arrivals.length).toBeGreaterThanOrEqual(50);
    expectEachOnce(arrivals);
    expect(Object.fromEntries(arrivals.map(({ path, sha256 }) => [path, sha256]))).toEqual(digests);
    expect(orderByGroup(arrivals)).toEqual(
      Object.fromEntries(upTo(5).map((group) => [`group-${group}`, upTo(10).map((i) => i * 5 + group)])),
    );
  } finally {
    await context?.close().catch(() => {});
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});

test("Background Sync delivers with no tab of the site open", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.registerServiceWorker("service-worker"));
  site.notes.behave("reset");
  await page.evaluate(async () => {
    for (let n = 0; n < 10; n++) {
      // The page has no outbox: the service worker answers, and stores.
      const { status } = await fetch(`/api/group-0?n=${n}`, { method: "POST", body: `text ${n}` });
      if (status !== 202) throw new Error(`answered with ${status}`);
    }
  });
  await expect.poll(() => tagsOf(page)).toEqual([TAG]);
  const elsewhere = await context.newPage();
  const serviceWorkers = await serviceWorkersOf(elsewhere, site.origin);
  await page.close();
  await serviceWorkers.stopAll();
  site.notes.arrivals.length = 0;
  site.notes.behave("none");
  await elsewhere.waitForTimeout(500);
  expect(site.notes.arrivals).toEqual([]);
  await serviceWorkers.sync();
  await expect.poll(() => site.notes.arrivals.length, { timeout: 30_000 }).toBe(10);
  expect(orderByGroup(site.notes.arrivals)).toEqual({ "group-0": upTo(10) });
  expectEachOnce(site.notes.arrivals);
});

test("a sync event with its last chance registers again, so that what still waits is tried later", async ({
  context,
  site,
}) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open({ replay: false }));
  await page.evaluate(() => outboxLab.registerServiceWorker("service-worker"));
  site.notes.behave("429", 3_600);
  expect(await page.evaluate(() => outboxLab.post("/api/group-0?n=0"))).toBe(202);
  await (await serviceWorkersOf(page, site.origin)).sync({ lastChance: true });
  await expect.poll(() => tagsOf(page)).toEqual([TAG]);
  expect(await page.evaluate(() => outboxLab.waiting())).toBe(1);
});

test("two tabs and a service worker drain at once, and nothing is sent twice or out of order", async ({
  context,
  site,
}) => {
  const first = await openPage(context, site);
  const second = await openPage(context, site);
  await first.evaluate(() => outboxLab.open());
  await second.evaluate(() => outboxLab.open());
  await first.evaluate(() => outboxLab.registerServiceWorker("service-worker"));
  await context.setOffline(true);
  await first.evaluate(async () => {
    for (let n = 0; n < 60; n++) await outboxLab.post(`/api/group-${n % 6}?n=${n}`);
  });
  await context.setOffline(false);
  await (await serviceWorkersOf(first, site.origin)).sync();
  await untilSent(first, 30_000);
  await untilSent(second);
  expect(site.notes.arrivals).toHaveLength(60);
  expectEachOnce(site.notes.arrivals);
  for (const order of Object.values(orderByGroup(site.notes.arrivals))) {
    expect(order).toEqual([...order].sort((a, b) => a - b));
  }
});

test("a request whose answer is lost is repeated under its key, and takes effect once", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open());
  site.notes.behave("cut");
  await page.evaluate(async () => {
    for (let n = 0; n < 5; n++) await outboxLab.post(`/api/group-${n}?n=${n}`);
  });
  await expect.poll(() => site.notes.arrivals.length).toBeGreaterThan(6);
  site.notes.behave("none");
  await untilSent(page);
  expectEachOnce(site.notes.arrivals);
  expect(new Set(site.notes.arrivals.map(({ key }) => key)).size).toBe(5);
});

test("a server killed in mid-answer is asked again, and nothing is lost", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open());
  site.notes.behave("hang");
  const answered = page.evaluate(async () => [
    await outboxLab.post("/api/group-0?n=0"),
    await outboxLab.post("/api/group-0?n=1"),
  ]);
  await expect.poll(() => site.notes.arrivals.length).toBe(1);
  await site.stop();
  expect(await answered).toEqual([202, 202]);
  site.notes.behave("none");
  await site.start();
  await untilSent(page);
  expect(orderByGroup(site.notes.arrivals)).toEqual({ "group-0": [0, 1] });
});

test("Retry-After is waited for, by every request to that origin", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open());
  site.notes.behave("429", 2);
  await page.evaluate(() => Promise.all([outboxLab.post("/api/group-0?n=0"), outboxLab.post("/api/group-1?n=1")]));
  const [asked] = site.notes.arrivals;
  site.notes.behave("none");
  await page.evaluate(() => outboxLab.post("/api/group-2?n=2"));
  await untilSent(page);
  const later = site.notes.arrivals.filter(({ outcome }) => outcome === 201);
  expect(later).toHaveLength(3);
  for (const { at } of later) expect(at - (asked?.at ?? 0)).toBeGreaterThanOrEqual(1_990);
});

test("a token is fresh on every attempt, and is not in storage between them", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.registerServiceWorker("service-worker"));
  await page.evaluate(() => outboxLab.open({ replay: false }));
  site.notes.behave("500");
  const status = await page.evaluate(async () => {
    const headers = { authorization: "Bearer of the page" };
    return (await fetch("/api/group-0?n=0", { method: "POST", body: "text", headers })).status;
  });
  expect(status).toBe(202);
  await (await serviceWorkersOf(page, site.origin)).sync();
  await expect.poll(() => site.notes.arrivals.length).toBeGreaterThan(2);
  site.notes.behave("none");
  await untilSent(page);
  const tokens = site.notes.arrivals.map(({ headers }) => headers.authorization);
  expect(tokens.length).toBeGreaterThan(2);
  expect(tokens.filter((token) => !/^Bearer fresh-\d+$/.test(token as string))).toEqual([]);
  expect(new Set(tokens).size).toBe(tokens.length);
});

test("every tab hears what was stored, delivered and given up", async ({ context, site }) => {
  const first = await openPage(context, site);
  const second = await openPage(context, site);
  await first.evaluate(() => outboxLab.open({ mode: "queue-first" }));
  await second.evaluate(() => outboxLab.open({ replay: false }));
  await first.evaluate(() => outboxLab.post("/api/a", "text", { metadata: "one" }));
  await expect
    .poll(() => second.evaluate(() => outboxLab.events))
    .toEqual([
      { type: "queued", metadata: "one" },
      { type: "delivered", metadata: "one" },
    ]);
  site.notes.behave("422");
  await first.evaluate(() => outboxLab.post("/api/a", "text", { metadata: "two" }));
  for (const page of [first, second]) {
    await expect
      .poll(() => page.evaluate(() => outboxLab.events.slice(2)))
      .toEqual([
        { type: "queued", metadata: "two" },
        { type: "dead", metadata: "two" },
      ]);
  }
  expect(await second.evaluate(() => outboxLab.dead())).toMatchObject([{ status: 422, metadata: "two" }]);
});

test("a page's outbox and its service worker's do not store one request twice", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.registerServiceWorker("service-worker"));
  await page.evaluate(() => outboxLab.open());
  await context.setOffline(true);
  expect(await page.evaluate(() => outboxLab.post("/api/group-0?n=0", "text", { metadata: "mine" }))).toBe(202);
  expect(await page.evaluate(async () => (await outboxLab.outbox.waiting()).map(({ metadata }) => metadata))).toEqual([
    "mine",
  ]);
  await context.setOffline(false);
  await untilSent(page);
  expect(site.notes.arrivals).toHaveLength(1);
});

test("expires what nobody could deliver within its time, and says so", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open({ maxRetentionMs: 7 * 24 * 3_600_000 }));
  site.notes.behave("500");
  await page.evaluate(() => outboxLab.post("/api/a", "text", { metadata: "late" }));
  for (let day = 0; day < 6; day++) await page.evaluate((ms) => moveClock(ms), 24 * HOUR_MS);
  await page.waitForTimeout(300);
  expect(await page.evaluate(() => outboxLab.dead())).toEqual([]);
  for (let i = 0; i < 30 && (await page.evaluate(() => outboxLab.dead())).length === 0; i++) {
    await page.evaluate((ms) => moveClock(ms), HOUR_MS);
    await page.waitForTimeout(100);
  }
  expect(await page.evaluate(() => outboxLab.dead())).toMatchObject([{ reason: "expired", metadata: "late" }]);
  await expect.poll(() => page.evaluate(() => outboxLab.events.at(-1))).toEqual({ type: "dead", metadata: "late" });
});
