// What is measured, each figure in a browser of its own. Interleaved by `bench/cold/run.mjs`.

import { setTimeout as sleep } from "node:timers/promises";

/** Of a page that opens a queue while it loads: whatever that costs the page is over by then. */
const AT_REST_MS = 2_500;
const SLOW_DOWN = 4;

/**
 * @typedef {import("./site.mjs").ColdSite} ColdSite
 * @typedef {import("./site.mjs").PageName} PageName
 * @typedef {Record<string, number>} Values milliseconds: `first` of the first tab, `second` of the second one, `busy`: processor
 * time of the main thread
 *
 * @typedef {object} ColdCase
 * @property {string} id
 * @property {string} label
 * @property {boolean} [isOwn] of OriginMQ: an earlier build takes part, too
 * @property {"firefox"} [needs]
 * @property {(site: ColdSite, left: Left) => Promise<Values>} measure
 *
 * @typedef {{ readonly many: string, readonly none: string }} Left profiles that earlier browsers have left
 */

/**
 * @param {PageName} page
 * @param {string} label
 * @param {"relaxed" | "strict"} durability
 * @param {import("./site.mjs").BrowserName} [browser]
 * @returns {ColdCase}
 */
const cold = (page, label, durability, browser = "chromium") => ({
  id: `${browser === "chromium" ? "" : `${browser}-`}${page}-${durability}`,
  label,
  isOwn: page === "originmq",
  ...(browser === "firefox" && { needs: browser }),
  measure: (site) =>
    site.inNewBrowser(browser, async ({ openPage }) => {
      const first = await (await openPage(page)).evaluate((given) => measureFirst(given), durability);
      // Where there are processes of the browser, the worker included, and no code that was compiled for this tab.
      const second = await (await openPage(page)).evaluate((given) => measureFirst(given), durability);
      return { first, second };
    }),
});

/** @param {keyof Left} which @param {string} label @returns {ColdCase} */
const waiting = (which, label) => ({
  id: `waiting-${which}`,
  label,
  isOwn: true,
  measure: (site, left) =>
    site.inNewBrowser(
      "chromium",
      async ({ openPage }) => ({
        first: await (await openPage("originmq")).evaluate(() => measureFirst("relaxed")),
      }),
      left[which],
    ),
});

/** @param {"originmq" | "plain"} page @param {string} label @returns {ColdCase} */
const interactive = (page, label) => ({
  id: `interactive-${page}`,
  label,
  isOwn: page === "originmq",
  measure: (site) =>
    site.inNewBrowser("chromium", async ({ context }) => {
      const tab = await context.newPage();
      const session = await context.newCDPSession(tab);
      await session.send("Performance.enable");
      await session.send("Emulation.setCPUThrottlingRate", { rate: SLOW_DOWN });
      await tab.goto(`${site.address}${page}.html?at-once`, { waitUntil: "commit" });
      await sleep(AT_REST_MS);
      const { metrics } = await session.send("Performance.getMetrics");
      // Of the processor: by the clock it would count what else the machine does.
      const seconds = metrics.find(({ name }) => name === "ThreadTime")?.value ?? Number.NaN;
      return { busy: 1_000 * seconds };
    }),
});

/** @type {readonly ColdCase[]} */
export const CASES = [
  cold("idb", "limit: a page opens a database and adds a record, relaxed", "relaxed"),
  cold("worker", "limit: an empty SharedWorker answers", "relaxed"),
  cold("dexie", "Dexie, open and add, relaxed", "relaxed"),
  cold("originmq", "OriginMQ, openQueue and send, relaxed", "relaxed"),
  cold("dexie", "Dexie, open and add, strict", "strict"),
  cold("originmq", "OriginMQ, openQueue and send, strict", "strict"),
  cold("dexie", "Dexie on SQLite, open and add", "relaxed", "sqlite"),
  cold("originmq", "OriginMQ on SQLite, openQueue and send", "relaxed", "sqlite"),
  waiting("none", "OriginMQ, a database in which nothing waits"),
  waiting("many", "OriginMQ, 100,000 messages wait"),
  interactive("plain", "a page without a queue, 4 × slowed down: main thread"),
  interactive("originmq", "a page that opens a queue, 4 × slowed down: main thread"),
  cold("dexie", "Dexie in Firefox, open and add", "relaxed", "firefox"),
  cold("originmq", "OriginMQ in Firefox, openQueue and send", "relaxed", "firefox"),
];
