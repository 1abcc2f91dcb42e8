// Every context of the origin that can be a client or a host: service workers, dedicated workers, iframes.

import { chromium, type Page } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { bodiesOf, expect, longestPauseMs, test, untilIdle } from "./lab.js";
import type { Handled } from "./page/lab.js";
import { INSECURE_HOST } from "./site.js";

const handledByServiceWorker = (page: Page) => page.evaluate(() => lab.askServiceWorker<Handled[]>({ op: "handled" }));

/** A page's SharedWorker dies a moment after it. */
const untilNobodyHosts = (page: Page) =>
  expect
    .poll(() =>
      page.evaluate(async () => (await navigator.locks.query()).held?.some(({ name }) => name?.endsWith(":host"))),
    )
    .toBe(false);

test("a service worker hosts itself when no tab does, and drains the queue", async ({ tabs }) => {
  const page = await tabs.open({ name: "page" });
  await page.evaluate(async () => {
    await lab.registerServiceWorker();
    await lab.open();
    await lab.send(50);
  });
  await page.close();
  const idle = await tabs.open({ name: "idle" });
  await untilNobodyHosts(idle);
  await idle.evaluate(() => void lab.askServiceWorker({ op: "drain", budgetMs: 10_000 }));
  await expect.poll(async () => (await handledByServiceWorker(idle)).length).toBe(50);
  const handled = await handledByServiceWorker(idle);
  expect(new Set(handled.map(({ host }) => host))).toEqual(new Set(["service-worker"]));
  expect(handled.map(({ body }) => body)).toEqual(bodiesOf(tabs.history, "sent"));
  await idle.evaluate(() => lab.open());
  expect(await idle.evaluate(() => lab.queue.stats())).toMatchObject({ ready: 0, leased: 0 });
});

test("a sync event lets the service worker drain the queue", async ({ context, site, tabs }) => {
  const page = await tabs.open({ name: "page" });
  await page.evaluate(async () => {
    await lab.registerServiceWorker();
    await lab.open();
    await lab.send(20);
    await lab.connection.close();
  });
  const cdp = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const found = registrations.find(({ isDeleted }) => !isDeleted);
      if (found) resolve(found.registrationId);
    });
  });
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.dispatchSyncEvent", {
    origin: site.origin,
    registrationId: await registered,
    tag: "drain",
    lastChance: false,
  });
  await expect.poll(async () => (await handledByServiceWorker(page)).length).toBe(20);
});

test("a service worker links to the SharedWorker of a tab", async ({ tabs }) => {
  const page = await tabs.open({ name: "page" });
  await page.evaluate(async () => {
    await lab.registerServiceWorker();
    await lab.open();
    await lab.send(20);
  });
  const bodies = ["from the service worker"];
  expect(await page.evaluate((bodies) => lab.askServiceWorker({ op: "send", bodies }), bodies)).toBe("shared-worker");
  const result = await page.evaluate(() => lab.askServiceWorker({ op: "drain", budgetMs: 10_000 }));
  expect(result).toEqual({ handled: 21, remaining: 0 });
  expect(new Set((await handledByServiceWorker(page)).map(({ host }) => host))).toEqual(new Set(["shared-worker"]));
});

test("a tab that opens while the service worker hosts takes the host role, and nothing is handled twice", async ({
  tabs,
}) => {
  const page = await tabs.open({ name: "page" });
  await page.evaluate(async () => {
    await lab.registerServiceWorker();
    await lab.open();
    await lab.send(60);
  });
  await page.close();
  const opened = await tabs.open({ name: "opened" });
  await untilNobodyHosts(opened);
  await opened.evaluate(() => void lab.askServiceWorker({ op: "drain", budgetMs: 10_000, handlerMs: 40 }));
  await expect.poll(async () => (await handledByServiceWorker(opened)).length).toBeGreaterThan(5);
  expect(await opened.evaluate(() => lab.open())).toBe("shared-worker");
  await expect.poll(async () => (await handledByServiceWorker(opened)).length, { timeout: 15_000 }).toBe(60);
  await untilIdle(opened);
  const handled = await handledByServiceWorker(opened);
  expect(handled.map(({ body }) => body)).toEqual(bodiesOf(tabs.history, "sent"));
  expect(handled.every(({ attempt }) => attempt === 1)).toBe(true);
  expect(handled[0]?.host).toBe("service-worker");
  expect(handled.at(-1)?.host).toBe("shared-worker");
});

test("without SharedWorker one tab's worker hosts, and another takes over when that tab closes", async ({ tabs }) => {
  const pages: Page[] = [];
  for (const name of ["a", "b", "c"]) {
    const page = await tabs.open({ name });
    pages.push(page);
    expect(await page.evaluate(() => lab.open({ dedicated: true }))).toBe("dedicated-worker");
    await page.evaluate(() => {
      lab.startProducing();
      lab.startConsuming({ concurrency: 2, prefetch: 8 });
    });
  }
  // The first tab hosts, then one of the others.
  for (let left = 2; left > 0; left--) {
    const [closing] = pages.splice(0, 1) as [Page];
    await closing.evaluate(() => lab.stopProducing());
    const closedAt = performance.now();
    await closing.close();
    await expect
      .poll(
        () =>
          bodiesOf(
            tabs.history.filter(({ at }) => at > closedAt + 200),
            "acked",
          ).length,
        { timeout: 15_000 },
      )
      .toBeGreaterThan(20);
    console.log(`    longest pause of sends after the tab was closed: ${longestPauseMs(tabs.history, closedAt)} ms`);
  }
  const [last] = pages as [Page];
  await last.evaluate(() => lab.stopProducing());
  await untilIdle(last);
  const acked = bodiesOf(tabs.history, "acked");
  const delivered = new Set(bodiesOf(tabs.history, "delivered"));
  expect(
    bodiesOf(tabs.history, "sent").filter((body) => !delivered.has(body)),
    "lost",
  ).toEqual([]);
  expect(
    acked.filter((body, i) => acked.indexOf(body) !== i),
    "acknowledged twice",
  ).toEqual([]);
});

test("iframes and dedicated workers of the origin use the same queue", async ({ site, tabs }) => {
  const page = await tabs.open({ name: "page" });
  await page.evaluate(async () => {
    await lab.open();
    const frame = document.createElement("iframe");
    frame.src = `${location.pathname}?name=frame`;
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
    document.body.append(frame);
    await loaded;
  });
  const frame = page.frame({ url: `${site.origin}/today/?name=frame` });
  await frame?.waitForFunction(() => globalThis.lab !== undefined);
  expect(await frame?.evaluate(() => lab.open())).toBe("shared-worker");
  await page.evaluate(() => lab.send(5));
  await frame?.evaluate(() => lab.startConsuming());
  await untilIdle(page);
  await frame?.evaluate(() => lab.stopConsuming());
  expect(tabs.history.filter(({ type }) => type === "acked").map(({ tab }) => tab)).toEqual(Array(5).fill("frame"));
  await page.evaluate(() => lab.send(3));
  const answer = await page.evaluate(async () => {
    const worker = new Worker("/today/client-worker.js", { type: "module" });
    const answered = new Promise((resolve) => worker.addEventListener("message", ({ data }) => resolve(data)));
    worker.postMessage(null);
    return answered;
  });
  expect(answer).toEqual({
    host: "shared-worker",
    bodies: [...bodiesOf(tabs.history, "sent").slice(5), "from the worker"],
  });
  const acked = bodiesOf(tabs.history, "acked");
  expect(acked).toEqual(bodiesOf(tabs.history, "sent").slice(0, 5));
});

test("a missing platform feature is named, and no queue is opened", async ({ context, tabs, site }) => {
  const failure = (page: Page) =>
    page.evaluate(() =>
      lab.open().then(
        () => undefined,
        ({ name, code, message, detail }) => ({ name, code, message, detail }),
      ),
    );
  for (const [what, missing] of [
    ["navigator.locks", "Web Locks"],
    ["indexedDB", "IndexedDB"],
    ["BroadcastChannel", "BroadcastChannel"],
  ] as const) {
    const page = await context.newPage();
    await page.addInitScript((what) => {
      const target = what === "navigator.locks" ? Navigator.prototype : globalThis;
      Object.defineProperty(target, what.replace("navigator.", ""), { value: undefined });
    }, what);
    await page.goto(`${site.origin}/today/`);
    await page.waitForFunction(() => globalThis.lab !== undefined);
    expect(await failure(page)).toMatchObject({
      name: "QueueError",
      code: "unsupported",
      message: expect.stringContaining(missing),
      detail: { missing: [missing] },
    });
  }
  expect(bodiesOf(tabs.history, "sending")).toEqual([]);
  const options = browserLaunchOptions();
  const browser = await chromium.launch({
    ...options,
    args: [...options.args, `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`${site.insecureOrigin}/today/`);
    await page.waitForFunction(() => globalThis.lab !== undefined);
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    expect(await failure(page)).toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("Web Locks"),
    });
  } finally {
    await browser.close();
  }
});
