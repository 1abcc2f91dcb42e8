// The Workbox surface: one suite over the original and over this package, in real service workers; then what the
// original lacks, an app of the usual shape, and the import of what waits in the original's database.

import type { Page } from "@playwright/test";
import { expect, openPage, orderByGroup, test } from "./lab.js";

const call = <T>(page: Page, name: string, ...args: unknown[]) =>
  page.evaluate(([name, args]) => outboxLab.call<T>(name, ...args), [name, args] as const);

for (const worker of ["workbox-original-worker", "workbox-worker"] as const) {
  test(`the suite passes over ${worker}`, async ({ context, site }) => {
    const page = await openPage(context, site);
    await page.evaluate((name) => outboxLab.registerServiceWorker(name), worker);
    const failures: Record<string, string> = {};
    const titles = await call<string[]>(page, "titles");
    expect(titles.length).toBeGreaterThan(15);
    for (const title of titles) {
      const failure = await call<string | null>(page, "run", title);
      if (failure !== null) failures[title] = failure;
    }
    expect(failures).toEqual({});
  });
}

const stopWorkers = async (page: Page) => {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.stopAllWorkers");
  await cdp.detach();
};

test("an app of the usual Workbox shape works with its import changed", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.registerServiceWorker("workbox-worker"));
  site.notes.behave("reset");
  const failed = await page.evaluate(async () => {
    const outcomes: string[] = [];
    for (let n = 0; n < 5; n++) {
      const outcome = await fetch(`/api/group-0?n=${n}`, { method: "POST", body: `text ${n}` }).then(
        ({ status }) => String(status),
        () => "failed",
      );
      outcomes.push(outcome);
    }
    return outcomes;
  });
  expect(failed).toEqual(Array(5).fill("failed"));
  site.notes.arrivals.length = 0;
  site.notes.behave("none");
  const cdp = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) =>
      resolve(registrations[0]?.registrationId ?? ""),
    );
  });
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.dispatchSyncEvent", {
    origin: site.origin,
    registrationId: await registered,
    tag: "workbox-background-sync:writes",
    lastChance: false,
  });
  await expect.poll(() => site.notes.arrivals.length, { timeout: 15_000 }).toBe(5);
  expect(site.notes.arrivals.map(({ path }) => path)).toEqual([0, 1, 2, 3, 4].map((n) => `/api/group-0?n=${n}`));
});

test("an entry that was taken comes back when the worker dies before it is sent", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.registerServiceWorker("workbox-worker"));
  for (const path of ["/api/a", "/api/b"]) await call(page, "push", path);
  expect(await call(page, "shift")).toBe("/api/a");
  expect(await call(page, "paths", "careful")).toEqual(["/api/b"]);
  await stopWorkers(page);
  await expect.poll(() => call(page, "paths", "careful"), { timeout: 15_000 }).toEqual(["/api/a", "/api/b"]);
});

test("two replays at once send everything once, in order", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.registerServiceWorker("workbox-worker"));
  const paths = Array.from({ length: 30 }, (_, n) => `/api/group-0?n=${n}`);
  for (const path of paths) await call(page, "push", path);
  await Promise.all([call(page, "replay"), call(page, "replay")]);
  expect(site.notes.arrivals.map(({ path }) => path)).toEqual(paths);
});

test("what waits in Workbox's database is taken over once, in order, and can be sent", async ({ context, site }) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.registerServiceWorker("workbox-original-worker"));
  const paths = [0, 1, 2, 3].map((n) => `/api/group-0?n=${n}`);
  await call(page, "fill", "careful", paths);
  await call(page, "fill", "others", ["/api/other"]);
  expect(await call(page, "size", "careful")).toBe(4);
  const next = await context.newPage();
  await next.goto(site.origin);
  await next.evaluate(() => outboxLab.registerServiceWorker("workbox-worker"));
  await expect
    .poll(() => next.evaluate(() => navigator.serviceWorker.controller?.scriptURL), { timeout: 10_000 })
    .toContain("workbox-worker.js");
  const [first, second] = await Promise.all([call(next, "import"), call(next, "import")]);
  expect([first, second]).toEqual([
    { imported: 5, left: 0 },
    { imported: 0, left: 0 },
  ]);
  expect(await call(next, "paths", "careful")).toEqual(paths);
  expect(await call(next, "paths", "others")).toEqual(["/api/other"]);
  await call(next, "replay");
  expect(orderByGroup(site.notes.arrivals.map((arrival) => ({ ...arrival, inEffect: true })))).toEqual({
    "group-0": [0, 1, 2, 3],
  });
  expect(await call(next, "import")).toEqual({ imported: 0, left: 0 });
});
