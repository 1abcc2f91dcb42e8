// Where there is no Background Sync: Firefox and WebKitGTK, as far as they are installed, through the fallbacks.

import { describeIn, expect, expectEachOnce, orderByGroup, test, untilSent } from "./lab.js";

describeIn(["Firefox", "WebKitGTK"], () => {
  test("delivers from the next page what was stored while the server was away", async ({ openTab, site }) => {
    const tab = await openTab();
    expect(await tab.evaluate(() => "sync" in (globalThis.ServiceWorkerRegistration?.prototype ?? {}))).toBe(false);
    await tab.evaluate(() => outboxLab.open());
    site.notes.behave("reset");
    const statuses = await tab.evaluate(async () => {
      const statuses = [];
      for (let n = 0; n < 9; n++) statuses.push(await outboxLab.post(`/api/group-${n % 3}?n=${n}`, `text ${n}`));
      return statuses;
    });
    expect(statuses).toEqual(Array(9).fill(202));
    await tab.visit();
    await tab.evaluate(() => outboxLab.open());
    site.notes.behave("none");
    await untilSent(tab);
    const { arrivals } = site.notes;
    expect(orderByGroup(arrivals)).toEqual({ "group-0": [0, 3, 6], "group-1": [1, 4, 7], "group-2": [2, 5, 8] });
    expectEachOnce(arrivals);
  });
});

describeIn(["Firefox"], () => {
  test("a service worker delivers what it stored once another request of a page has come through", async ({
    openTab,
    site,
  }) => {
    const tab = await openTab();
    await tab.evaluate(() => outboxLab.registerServiceWorker("service-worker"));
    site.notes.behave("reset");
    const post = (n: number) =>
      tab.evaluate(
        async (n) => (await fetch(`/api/group-${n % 2}?n=${n}`, { method: "POST", body: "text" })).status,
        n,
      );
    expect([await post(0), await post(2)]).toEqual([202, 202]);
    site.notes.behave("none");
    await expect.poll(() => post(1), { timeout: 20_000 }).not.toBe(0);
    await expect.poll(() => orderByGroup(site.notes.arrivals)["group-0"], { timeout: 20_000 }).toEqual([0, 2]);
  });
});
