// Storage that is full, or gone.

import { bodiesOf, expect, expectAllHandledOnce, killSharedWorkers, ofType, test, untilIdle } from "./lab.js";

test("on a full disk sends fail and say so, the queue is drained, and sends work again once there is room", async ({
  context,
  site,
  tabs,
}) => {
  const page = await tabs.open({ name: "page" });
  // Before the database is opened: Chromium trusts the room that it has once seen for up to 30 s.
  const cdp = await context.newCDPSession(page);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: 6_000_000 });
  const codes = await page.evaluate(async () => {
    await lab.open();
    const failed: string[] = [];
    for (let i = 0; i < 50 && failed.length < 50; i++) failed.push(...(await lab.send(10, { bytes: 50_000 })));
    return failed;
  });
  expect(codes.length).toBeGreaterThan(0);
  expect(new Set(codes)).toEqual(new Set(["quota-exceeded"]));
  await page.evaluate(() => lab.startConsuming({ concurrency: 8, prefetch: 32 }));
  await untilIdle(page);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin: site.origin });
  // The browser may take its time to see the room.
  await expect.poll(() => page.evaluate(() => lab.send(20, { bytes: 50_000 })), { timeout: 40_000 }).toEqual([]);
  await untilIdle(page);
  await expectAllHandledOnce(tabs.history);
  const refused = new Set(bodiesOf(tabs.history, "refused"));
  expect(
    bodiesOf(tabs.history, "delivered").filter((body) => refused.has(body)),
    "refused, and delivered",
  ).toEqual([]);
  console.log(`    ${ofType(tabs.history, "sent").length} accepted, ${refused.size} refused`);
});

test("a database deleted under the host is reported as wiped, and the queue can be used again", async ({ tabs }) => {
  const page = await tabs.open({ name: "page" });
  await page.evaluate(async () => {
    await lab.open();
    await lab.send(10);
    const names = (await indexedDB.databases()).map(({ name }) => name ?? "");
    for (const name of names) {
      await new Promise((resolve) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = resolve;
        request.onerror = resolve;
      });
    }
  });
  expect(await page.evaluate(() => lab.send(1))).toEqual([]);
  await expect.poll(() => page.evaluate(() => lab.events)).toContainEqual({ type: "datalost", reason: "wiped" });
  await page.evaluate(() => lab.startConsuming());
  await untilIdle(page);
  expect(bodiesOf(tabs.history, "acked")).toEqual(["page-000011"]);
});

for (const how of ["the site clears its storage", "database and caches are deleted"]) {
  test(`when ${how}, every tab that is connected hears that all is lost`, async ({ tabs }) => {
    const pages = [await tabs.open({ name: "one" }), await tabs.open({ name: "two" })] as const;
    const [one] = pages;
    for (const page of pages) await page.evaluate(() => lab.open());
    await one.evaluate(() => lab.send(50));
    await one.evaluate(async (isCleared) => {
      if (isCleared) return void (await fetch("/clear"));
      for (const name of await caches.keys()) await caches.delete(name);
      for (const { name = "" } of await indexedDB.databases()) {
        await new Promise((resolve) =>
          Object.assign(indexedDB.deleteDatabase(name), { onsuccess: resolve, onerror: resolve }),
        );
      }
    }, how === "the site clears its storage");
    expect(await one.evaluate(() => lab.send(1))).toEqual([]);
    for (const page of pages) {
      await expect.poll(() => page.evaluate(() => lab.events)).toContainEqual({ type: "datalost", reason: "wiped" });
      expect(await page.evaluate(() => lab.events.filter(({ type }) => type === "datalost"))).toHaveLength(1);
    }
    expect(await one.evaluate(() => lab.queue.stats())).toMatchObject({ ready: 1 });
  });
}

test("a database deleted while nobody hosted is reported as wiped to who opens it next", async ({ tabs }) => {
  const page = await tabs.open({ name: "page" });
  await page.evaluate(async () => {
    await lab.open();
    await lab.send(10);
  });
  // What no host has lived long enough to note is not missed.
  const isNoted = () => page.evaluate(async () => (await (await caches.open("originmq")).keys()).length);
  await expect.poll(isNoted, { timeout: 10_000 }).toBe(1);
  await page.close();
  const next = await tabs.open({ name: "next" });
  await next.evaluate(async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name ?? "");
    await Promise.all(
      names.map((name) => new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve))),
    );
    await lab.open();
  });
  await expect.poll(() => next.evaluate(() => lab.events)).toContainEqual({ type: "datalost", reason: "wiped" });
  expect(await next.evaluate(() => lab.send(1))).toEqual([]);
});

test("a host that dies on a full disk is followed by one that drains the queue, whatever is still sent", async ({
  browser,
  context,
  site,
  tabs,
}) => {
  const { history } = tabs;
  const page = await tabs.open({ name: "page" });
  const cdp = await context.newCDPSession(page);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: 6_000_000 });
  await page.evaluate(async () => {
    await lab.open({ leaseMs: 2_000, maxDeliveries: 100 });
    await lab.send(200);
  });
  await expect
    .poll(() => page.evaluate(async () => (await lab.send(10, { bytes: 50_000 })).length), { intervals: [50] })
    .toBe(10);
  await killSharedWorkers(browser);
  await page.evaluate(() => {
    lab.startProducing({ everyMs: 20, burst: 2 });
    lab.startConsuming({ concurrency: 8, prefetch: 32 });
  });
  await expect.poll(() => bodiesOf(history, "acked").length, { timeout: 20_000 }).toBeGreaterThan(200);
  await page.evaluate(() => lab.stopProducing());
  await untilIdle(page, 30_000);
  const acked = new Set(bodiesOf(history, "acked"));
  expect(
    bodiesOf(history, "sent").filter((body) => !acked.has(body)),
    "lost",
  ).toEqual([]);
  // The browser takes its time to free what was deleted: a settlement may be refused, and its message comes again.
  const codes = new Set(ofType(history, "unsettled").map(({ code }) => code));
  expect([...codes].filter((code) => code !== "quota-exceeded" && code !== "lease-lost")).toEqual([]);
  console.log(`    ${acked.size} handled, ${ofType(history, "unsettled").length} settlements refused`);
});
