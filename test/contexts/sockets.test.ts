// Queues on a server, from the contexts of a browser: pages that go offline, are put to sleep, closed or refused, workers
// and service workers; in Chromium, and in Firefox where it is installed.

import { type BrowserContext, chromium, firefox, type Page } from "@playwright/test";
import { type ServeOptions, serve } from "../../src/server.js";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { type FaultyLine, startFaultyLine } from "../edge/proxy.js";
import { findFirefox } from "../engines/find-engines.mjs";
import { test as base, expect } from "../faults/lab.js";
import type { Handled } from "../faults/page/lab.js";
import { freeze, withPlainBrowser } from "../faults/plain-browser.js";

const executablePath = findFirefox();
const ENGINES = {
  // A page is kept only if the browser is told so.
  Chromium: () => chromium.launch({ ...browserLaunchOptions(), ignoreDefaultArgs: ["--disable-back-forward-cache"] }),
  ...(executablePath && { Firefox: () => firefox.launch({ channel: "moz-firefox", executablePath }) }),
};

interface World {
  readonly line: FaultyLine;
  readonly url: string;
  /** The queue "work", as the server's own process sees it. */
  readonly here: Awaited<ReturnType<typeof openHere>>["queue"];
  open(): Promise<Page>;
}

async function openHere(options: ServeOptions) {
  const server = await serve({ memory: true, port: 0, ...options });
  const connection = await server.connect({ database: "shop" });
  return { server, queue: await connection.openQueue<string>("work") };
}

const test = base.extend<{ inWorld: (context: BrowserContext, use: (world: World) => Promise<void>) => Promise<void> }>(
  {
    inWorld: async ({ site }, use) => {
      await use(async (context, run) => {
        const { server, queue } = await openHere({ allowOrigins: [site.origin] });
        const line = await startFaultyLine(server.url);
        try {
          await run({
            line,
            url: `${line.url}/mq/shop`,
            here: queue,
            async open() {
              const page = await context.newPage();
              await page.goto(`${site.origin}/today/?name=page`);
              await page.waitForFunction(() => globalThis.lab !== undefined);
              return page;
            },
          });
        } finally {
          await line.close();
          await server.close();
        }
      });
    },
  },
);

interface Till {
  readonly sent: Promise<unknown>[];
  readonly handled: string[];
  send(body: string): void;
}
declare global {
  var till: Till;
}

/** The page has a queue on the server; `stuck`: its first handler does not end. */
const openTill = (page: Page, url: string, { consumes = true, stuck = false } = {}) =>
  page.evaluate(
    async ({ url, consumes, stuck }) => {
      const connection = await lab.connect({ url, token: () => "till" });
      const queue = await connection.openQueue<string>("work");
      const sent: Promise<unknown>[] = [];
      const handled: string[] = [];
      globalThis.till = { sent, handled, send: (body) => void sent.push(queue.send(body)) };
      if (!consumes) return;
      queue.consume(async ({ body }) => {
        if (stuck && handled.length === 0) return new Promise(() => handled.push(body));
        handled.push(body);
      });
    },
    { url, consumes, stuck },
  );

for (const [engine, launch] of Object.entries(ENGINES)) {
  test.describe(engine, () => {
    let browser: Awaited<ReturnType<typeof launch>>;
    test.beforeAll(async () => {
      browser = await launch();
    });
    test.afterAll(() => browser.close());

    test("what is sent while there is no network waits, asks for no socket meanwhile, and arrives once", async ({
      inWorld,
    }) => {
      const context = await browser.newContext();
      await inWorld(context, async ({ line, url, here, open }) => {
        const page = await open();
        await openTill(page, url, { consumes: false });
        await page.evaluate(() => till.send("before"));
        await expect.poll(async () => (await here.stats()).ready).toBe(1);
        await context.setOffline(true);
        line.cut();
        await page.evaluate(() => till.send("meanwhile"));
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect(line.count).toBe(1);
        expect((await here.stats()).ready).toBe(1);
        await context.setOffline(false);
        await page.evaluate(() => Promise.all(till.sent));
        expect((await here.peek()).map(({ body }) => body)).toEqual(["before", "meanwhile"]);
        expect(line.count).toBe(2);
      });
      await context.close();
    });

    test("a page that is closed gives back what it holds, at once", async ({ inWorld }) => {
      const context = await browser.newContext();
      await inWorld(context, async ({ url, here, open }) => {
        const page = await open();
        await openTill(page, url, { stuck: true });
        await here.send("held");
        await expect.poll(() => page.evaluate(() => till.handled)).toEqual(["held"]);
        await page.close();
        const [back] = await here.receive({ waitMs: 10_000 });
        expect(back).toMatchObject({ body: "held", redelivered: true });
      });
      await context.close();
    });

    test("a page that is left holds nothing and no socket, and consumes again once it is shown", async ({
      inWorld,
      site,
    }) => {
      const context = await browser.newContext();
      await inWorld(context, async ({ line, url, here, open }) => {
        const page = await open();
        await openTill(page, url, { stuck: true });
        await here.send("held");
        await expect.poll(() => page.evaluate(() => till.handled)).toEqual(["held"]);
        await page.evaluate(() => {
          Object.assign(globalThis, { isShown: false });
          addEventListener("pageshow", ({ persisted }) => Object.assign(globalThis, { isShown: persisted }));
        });
        await page.goto(`${site.origin}/elsewhere`);
        const [back] = await here.receive({ waitMs: 10_000 });
        expect(back?.body).toBe("held");
        await back?.ack();
        await expect.poll(() => line.open).toBe(0);
        await here.send("later");
        // Firefox keeps no page that had a socket: it comes back new.
        if (engine === "Firefox") return;
        await page.goBack({ waitUntil: "commit" });
        await expect.poll(() => page.evaluate(() => (globalThis as { isShown?: boolean }).isShown)).toBe(true);
        await expect.poll(() => page.evaluate(() => till.handled)).toEqual(["held", "later"]);
      });
      await context.close();
    });

    test("a service worker and a dedicated worker send and consume over sockets of their own", async ({ inWorld }) => {
      const context = await browser.newContext();
      await inWorld(context, async ({ line, url, here, open }) => {
        const page = await open();
        await page.evaluate(() => lab.registerServiceWorker());
        const host = await page.evaluate(
          (url) => lab.askServiceWorker({ op: "send", bodies: ["from the service worker"], url }),
          url,
        );
        expect(host).toBe("server");
        const answer = await page.evaluate((url) => {
          const worker = new Worker("./client-worker.js", { type: "module" });
          worker.postMessage({ url });
          return new Promise((resolve) => worker.addEventListener("message", ({ data }) => resolve(data)));
        }, url);
        expect(answer).toEqual({ host: "server", bodies: ["from the service worker", "from the worker"] });
        await here.send("from the server");
        const handled = await page.evaluate(async (url) => {
          await lab.askServiceWorker({ op: "drain", budgetMs: 5_000, url });
          return lab.askServiceWorker<Handled[]>({ op: "handled" });
        }, url);
        expect(handled).toMatchObject([{ body: "from the server", host: "server" }]);
        await expect.poll(() => line.open).toBe(0);
      });
      await context.close();
    });
  });
}

test("a page that Chromium freezes holds nothing and no socket, and goes on once it is woken", async ({ inWorld }) => {
  await withPlainBrowser(async (context) => {
    await inWorld(context, async ({ line, url, here, open }) => {
      const page = await open();
      await openTill(page, url, { stuck: true });
      await here.send("held");
      await expect.poll(() => page.evaluate(() => till.handled)).toEqual(["held"]);
      const front = await context.newPage();
      await front.bringToFront();
      const wake = await freeze(page);
      const [back] = await here.receive({ waitMs: 10_000 });
      expect(back).toMatchObject({ body: "held", redelivered: true });
      await back?.ack();
      await expect.poll(() => line.open).toBe(0);
      await here.send("later");
      expect(await here.stats()).toMatchObject({ ready: 1, leased: 0 });
      await wake();
      await expect.poll(() => page.evaluate(() => till.handled)).toEqual(["held", "later"]);
      await page.evaluate(() => till.send("from the page"));
      await expect.poll(() => page.evaluate(() => till.handled)).toEqual(["held", "later", "from the page"]);
      await expect.poll(() => here.stats()).toMatchObject({ ready: 0, leased: 0, totals: { accepted: 3 } });
    });
  });
});
