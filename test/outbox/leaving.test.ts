// The last moment of a page: what `outbox.fetch` is given with `queue-first` is stored, and goes out from another page.

import { type Browser, type BrowserContext, chromium, firefox, type Page } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { findFirefox } from "../engines/find-engines.mjs";
import { expect, openPage, test, untilSent } from "./lab.js";
import type { Site } from "./site.js";

const firefoxPath = findFirefox();
const ENGINES: Record<string, (() => Promise<Browser>) | undefined> = {
  Chromium: () => chromium.launch(browserLaunchOptions()),
  Firefox: firefoxPath ? () => firefox.launch({ channel: "moz-firefox", executablePath: firefoxPath }) : undefined,
};

const WAYS: Record<string, (page: Page, site: Site) => Promise<unknown>> = {
  left: (page, site) => page.goto(`${site.origin}/page.js`),
  reloaded: (page) => page.reload(),
  closed: async (page) => {
    const closed = page.waitForEvent("close");
    await page.close({ runBeforeUnload: true });
    await closed;
  },
};

/** Opens a page that sends in its last events, and lets it go. */
async function leave(context: BrowserContext, site: Site, way: string): Promise<void> {
  const page = await openPage(context, site);
  await page.evaluate(async (way) => {
    await outboxLab.open({ mode: "queue-first", replay: false });
    const { outbox } = outboxLab;
    // One that still waits for its answer, and has one of its group behind it.
    globalThis.fetch = () => new Promise(() => {});
    outbox.fetch("/api/busy", { method: "POST", mode: "network-first", groupId: "busy" }).catch(() => {});
    const say = ({ type }: Event) => {
      const to = (kind: string) => `/api/${way}-${type}?kind=${kind}`;
      outbox.fetch(to("text"), { method: "POST", body: "bye" }).catch(() => {});
      outbox.fetch(to("form"), { method: "POST", body: new URLSearchParams({ last: "word" }) }).catch(() => {});
      outbox.fetch(to("bytes"), { method: "PUT", body: new Uint8Array(1_000) }).catch(() => {});
      outbox.fetch(to("none"), { method: "DELETE" }).catch(() => {});
      outbox.fetch(to("busy"), { method: "POST", body: "bye", groupId: "busy" }).catch(() => {});
    };
    addEventListener("pagehide", say);
    document.addEventListener("visibilitychange", say);
  }, way);
  await WAYS[way]?.(page, site);
  if (!page.isClosed()) await page.close();
}

/** Firefox may end the process of a tab that is closed before what the page posted in its last events has left it. */
const isHeard = (engine: string, way: string): boolean => engine !== "Firefox" || way !== "closed";

for (const [engine, launch] of Object.entries(ENGINES)) {
  test(`${engine}: what a page gives the outbox in its last events is stored and sent`, async ({ site }) => {
    test.skip(launch === undefined, `${engine} is not installed`);
    const browser = await launch?.();
    if (browser === undefined) return;
    try {
      const context = await browser.newContext();
      const other = await openPage(context, site);
      await other.evaluate(() => outboxLab.open({ rateLimit: null }));
      const expected: string[] = [];
      for (const way of Object.keys(WAYS)) {
        await leave(context, site, way);
        if (!isHeard(engine, way)) continue;
        for (const type of ["visibilitychange", "pagehide"])
          for (const kind of ["text", "form", "bytes", "none", "busy"])
            expected.push(`/api/${way}-${type}?kind=${kind}`);
      }
      const arrived = () => site.notes.arrivals.map(({ path }) => path);
      const missing = () => expected.filter((path) => !arrived().includes(path));
      await expect.poll(missing, { timeout: 20_000 }).toEqual([]);
      await untilSent(other);
      const form = site.notes.arrivals.find(({ path }) => path === "/api/left-pagehide?kind=form");
      expect(form?.headers["content-type"]).toMatch("application/x-www-form-urlencoded");
      expect(form?.bytes).toBe("last=word".length);
    } finally {
      await browser.close();
    }
  });
}
