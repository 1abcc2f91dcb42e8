// Where there is no Background Sync: Firefox and WebKitGTK, as far as they are installed, through the fallbacks.

import { firefox, type Page } from "@playwright/test";
import { findFirefox, findWebKit } from "../engines/find-engines.mjs";
import { openWebKit } from "../engines/webkitgtk.mjs";
import { expect, expectEachOnce, orderByGroup, test } from "./lab.js";
import { leadToLogin, type Site } from "./site.js";

interface Tab {
  visit(): Promise<void>;
  /** Runs the body of an async function. */
  run<T>(body: string): Promise<T>;
}

/** Sends while the server is down, reloads, and starts the server: the next page delivers. No service worker. */
async function deliverAfterReload(tab: Tab, site: Site): Promise<void> {
  await tab.visit();
  expect(await tab.run("return 'sync' in (globalThis.ServiceWorkerRegistration?.prototype ?? {});")).toBe(false);
  await tab.run("await outboxLab.open();");
  site.notes.behave("reset");
  const statuses = await tab.run<number[]>(`
    const statuses = [];
    for (let n = 0; n < 9; n++) statuses.push(await outboxLab.post("/api/group-" + (n % 3) + "?n=" + n, "text " + n));
    return statuses;`);
  expect(statuses).toEqual(Array(9).fill(202));
  await tab.visit();
  await tab.run("await outboxLab.open();");
  site.notes.behave("none");
  await expect.poll(() => tab.run<number>("return outboxLab.waiting();"), { timeout: 20_000 }).toBe(0);
  const { arrivals } = site.notes;
  expect(orderByGroup(arrivals)).toEqual({ "group-0": [0, 3, 6], "group-1": [1, 4, 7], "group-2": [2, 5, 8] });
  expectEachOnce(arrivals);
}

const firefoxPath = findFirefox();

async function inFirefox(run: (page: Page) => Promise<void>): Promise<void> {
  const browser = await firefox.launch({ channel: "moz-firefox", executablePath: firefoxPath as string });
  try {
    await run(await (await browser.newContext()).newPage());
  } finally {
    await browser.close();
  }
}

const tabOf = (page: Page, site: Site): Tab => ({
  async visit() {
    await page.goto(site.origin);
    await page.waitForFunction(() => globalThis.outboxLab !== undefined);
  },
  run: (body) => page.evaluate(`(async () => { ${body} })()`),
});

test.describe("Firefox", () => {
  test.skip(firefoxPath === undefined, "Firefox is not installed");

  test("delivers from the next page what was stored while the server was away", async ({ site }) => {
    await inFirefox((page) => deliverAfterReload(tabOf(page, site), site));
  });

  test("believes no browser that says for ever that it is offline, and no login page", async ({ site }) => {
    await inFirefox(async (page) => {
      await page.addInitScript(() => Object.defineProperty(navigator, "onLine", { get: () => false }));
      const logIn = leadToLogin(site);
      const tab = tabOf(page, site);
      await tab.visit();
      await tab.run("await outboxLab.open();");
      expect(await tab.run<number>(`return outboxLab.post("/api/saves");`)).toBe(202);
      logIn();
      await expect.poll(() => tab.run<number>("return outboxLab.waiting();"), { timeout: 20_000 }).toBe(0);
      expect(site.notes.arrivals).toMatchObject([{ path: "/api/saves", inEffect: true }]);
    });
  });

  test("keeps keepalive within what it takes, and aborts what is cleared", async ({ site }) => {
    await inFirefox(async (page) => {
      const tab = tabOf(page, site);
      await tab.visit();
      const hour = "{ baseMs: 3_600_000, maxMs: 3_600_000 }";
      await tab.run(`await outboxLab.open({ mode: "queue-first", backoff: ${hour}, unreachableMaxMs: 3_600_000 });`);
      await tab.run(`
        const body = "x".repeat(40_000);
        const post = (n) => outboxLab.outbox.fetch(new Request("/api/n/" + n, { method: "POST", body, keepalive: true }));
        await Promise.all(Array.from({ length: 16 }, (_, n) => post(n)));`);
      await expect.poll(() => tab.run<number>("return outboxLab.waiting();"), { timeout: 20_000 }).toBe(0);
      expect(site.notes.arrivals).toHaveLength(16);
      site.notes.behave("hang");
      await tab.run(`await outboxLab.post("/api/hung");`);
      await expect.poll(() => site.notes.arrivals.length).toBe(17);
      expect(await tab.run("return outboxLab.outbox.clear();")).toEqual({ cleared: 1 });
      site.notes.behave("none");
      await tab.run(`await outboxLab.post("/api/hung");`);
      await expect.poll(() => site.notes.arrivals.at(-1)?.outcome).toBe(201);
      expect(site.notes.arrivals).toHaveLength(18);
    });
  });

  test("a service worker delivers what it stored once another request of a page has come through", async ({ site }) => {
    await inFirefox(async (page) => {
      const tab = tabOf(page, site);
      await tab.visit();
      await tab.run(`await outboxLab.registerServiceWorker("service-worker");`);
      site.notes.behave("reset");
      const post = (n: number) =>
        tab.run<number>(`return (await fetch("/api/group-${n % 2}?n=${n}", { method: "POST", body: "text" })).status;`);
      expect([await post(0), await post(2)]).toEqual([202, 202]);
      site.notes.behave("none");
      await expect.poll(() => post(1), { timeout: 20_000 }).not.toBe(0);
      await expect.poll(() => orderByGroup(site.notes.arrivals)["group-0"], { timeout: 20_000 }).toEqual([0, 2]);
    });
  });
});

test.describe("WebKitGTK", () => {
  test.skip(findWebKit() === undefined, "WebKitGTK is not installed");

  test("delivers from the next page what was stored while the server was away", async ({ site }) => {
    const webkit = await openWebKit();
    try {
      const visit = async () => {
        await webkit.visit(site.origin);
        await expect.poll(() => webkit.run("return globalThis.outboxLab !== undefined;")).toBe(true);
      };
      await deliverAfterReload({ visit, run: webkit.run }, site);
    } finally {
      await webkit.close();
    }
  });
});
