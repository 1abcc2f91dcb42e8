// Outboxes whose requests are encrypted, in browsers: with a key that the origin makes, which a service worker finds by itself.

import { describeIn, expect, expectEachOnce, openPage, orderByGroup, test, untilSent } from "./lab.js";
import { serviceWorkersOf, TAG, tagsOf } from "./service-workers.js";

describeIn(["Firefox"], () => {
  test("an encrypted outbox delivers from the next page what was stored while the server was away", async ({
    openTab,
    site,
  }) => {
    const tab = await openTab();
    await tab.evaluate(() => outboxLab.open({ encryption: { generate: true } }));
    site.notes.behave("reset");
    const digests = await tab.evaluate(() => outboxLab.postEveryType(14));
    expect(await tab.evaluate(() => outboxLab.openedWithoutKey())).toBe("encrypted");
    await tab.visit();
    await tab.evaluate(() => outboxLab.open({ encryption: { generate: true } }));
    site.notes.behave("none");
    await untilSent(tab);
    const { arrivals } = site.notes;
    expectEachOnce(arrivals);
    expect(Object.fromEntries(arrivals.map(({ path, sha256 }) => [path, sha256]))).toEqual(digests);
  });
});

test("Background Sync delivers what a page stored encrypted with no tab open, and the same worker goes on after a log-out", async ({
  context,
  site,
}) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.registerServiceWorker("service-worker", "?encrypted"));
  await page.evaluate(() => outboxLab.open({ encryption: { generate: true }, replay: false }));
  site.notes.behave("reset");
  const post = (n: number) => page.evaluate((n) => outboxLab.post(`/api/group-0?n=${n}`), n);
  expect([await post(0), await post(1)]).toEqual([202, 202]);
  const withoutKey = () => page.evaluate(() => outboxLab.openedWithoutKey());
  expect(await withoutKey()).toBe("encrypted");
  await expect.poll(() => tagsOf(page), { timeout: 10_000 }).toEqual([TAG]);
  const serviceWorkers = await serviceWorkersOf(page, site.origin);
  // What it stores by itself once the key is another: of what was before nothing is left.
  const store = (n: number) =>
    page.evaluate(async (n) => (await fetch(`/api/group-0?n=${n}`, { method: "POST", body: "text" })).status, n);
  expect(await store(2)).toBe(202);
  await page.evaluate(() => outboxLab.shred());
  await expect.poll(() => store(3).catch(() => 0), { timeout: 20_000 }).toBe(202);
  expect(await withoutKey()).toBe("encrypted");
  expect(await post(4)).toBe(202);

  const elsewhere = await context.newPage();
  const sync = await serviceWorkersOf(elsewhere, site.origin);
  await page.close();
  await serviceWorkers.stopAll().catch(() => sync.stopAll());
  site.notes.arrivals.length = 0;
  site.notes.behave("none");
  await sync.sync();
  await expect.poll(() => orderByGroup(site.notes.arrivals), { timeout: 30_000 }).toEqual({ "group-0": [3, 4] });
  expectEachOnce(site.notes.arrivals);
});

test("a service worker without the key sends nothing of it, and loses nothing: the page does", async ({
  context,
  site,
}) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.registerServiceWorker("service-worker"));
  await page.evaluate(() => outboxLab.open({ encryption: { generate: true }, replay: false }));
  site.notes.behave("reset");
  expect(await page.evaluate(() => outboxLab.post("/api/group-0?n=0"))).toBe(202);
  expect(await page.evaluate(() => outboxLab.openedWithoutKey())).toBe("encrypted");
  site.notes.behave("none");
  site.notes.arrivals.length = 0;
  await (await serviceWorkersOf(page, site.origin)).sync();
  // Over, whatever it did.
  await expect.poll(() => page.evaluate(() => outboxLab.call("synced")), { timeout: 20_000 }).toBeGreaterThan(0);
  const refused = await page.evaluate(() =>
    fetch("/api/offline?n=1", { method: "POST", body: "text" }).then(({ status }) => status),
  );
  // Where the network works a service worker that cannot store passes requests on.
  expect(refused).toBe(201);
  expect(site.notes.arrivals.map(({ path }) => path)).toEqual(["/api/offline?n=1"]);
  expect(await page.evaluate(() => outboxLab.waiting())).toBe(1);
  await page.evaluate(() => outboxLab.outbox.replay());
  await untilSent(page);
  expectEachOnce(site.notes.arrivals);
});
