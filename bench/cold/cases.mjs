// What is measured, each figure in a browser of its own. Interleaved by `bench/cold/run.mjs`.

import { setTimeout as sleep } from "node:timers/promises";

/** Of a page that opens a queue while it loads: whatever that costs the page is over by then. */
const AT_REST_MS = 2_500;
const SLOW_DOWN = 4;
/** A task that takes longer is felt (W3C Long Tasks). */
const LONG_MS = 50;

/**
 * @typedef {import("./site.mjs").ColdSite} ColdSite
 * @typedef {import("./site.mjs").PageName} PageName
 * @typedef {Record<string, number>} Values milliseconds: `first` of the first tab, `second` of the second one, `busy`: how long
 * tasks kept the main thread, `more` than in a page that opens nothing, `blocked`: how much longer than there it was blocked
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

/** What the browser takes to open that database and write to it, in a page that has nothing but IndexedDB. @param {keyof Left} which @param {string} label @returns {ColdCase} */
const opening = (which, label) => ({
  id: `opening-${which}`,
  label,
  measure: (site, left) =>
    site.inNewBrowser(
      "chromium",
      async ({ openPage }) => {
        const page = await openPage("idb");
        const first = await page.evaluate(async () => {
          const began = performance.now();
          const [{ name = "" } = {}] = await indexedDB.databases();
          const db = await new Promise((/** @type {(db: IDBDatabase) => void} */ resolve) => {
            const request = indexedDB.open(name);
            request.onsuccess = () => resolve(request.result);
          });
          const tx = db.transaction("meta", "readwrite");
          tx.objectStore("meta").delete("nothing");
          await new Promise((resolve) => {
            tx.oncomplete = resolve;
          });
          return performance.now() - began;
        });
        return { first };
      },
      left[which],
    ),
});

/**
 * What becomes of the main thread of a page until it rests. `busy`: how long tasks keep it; of tasks, not of the thread: one
 * that is slowed down is kept busy between them, too. `blocked`: what its tasks take beyond 50 ms each, which is the web's
 * Total Blocking Time: in shorter ones nobody who clicks has to wait.
 * @param {import("playwright").BrowserContext} context @param {string} address
 */
async function loadMs(context, address) {
  const tab = await context.newPage();
  await tab.addInitScript(() => {
    globalThis.longTasks = [];
    const note = (/** @type {PerformanceObserverEntryList} */ list) => longTasks.push(...list.getEntries());
    new PerformanceObserver(note).observe({ type: "longtask", buffered: true });
  });
  const session = await context.newCDPSession(tab);
  await session.send("Performance.enable");
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOW_DOWN });
  await tab.goto(address, { waitUntil: "commit" });
  await sleep(AT_REST_MS);
  const { metrics } = await session.send("Performance.getMetrics");
  const busy = 1_000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN);
  const blocked = await tab.evaluate(
    (most) => longTasks.reduce((sum, { duration }) => sum + duration - most, 0),
    LONG_MS,
  );
  await tab.close();
  return { busy, blocked };
}

/** @type {ColdCase} */
const interactive = {
  id: "interactive",
  label: "a page that opens a queue while it loads, 4 × slowed down: tasks of the main thread",
  isOwn: true,
  measure: (site) =>
    site.inNewBrowser("chromium", async ({ context }) => {
      const plain = `${site.address}plain.html`;
      // What a browser does with its first page is no matter of the page's.
      await loadMs(context, plain);
      const before = await loadMs(context, plain);
      const own = await loadMs(context, `${site.address}originmq.html?at-once`);
      const after = await loadMs(context, plain);
      const more = (/** @type {"busy" | "blocked"} */ what) => own[what] - (before[what] + after[what]) / 2;
      return { busy: own.busy, more: more("busy"), blocked: more("blocked") };
    }),
};

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
  opening("none", "limit: a page opens the database of a queue in which nothing waits, and writes"),
  opening("many", "limit: the same, 100,000 messages wait"),
  waiting("none", "OriginMQ, a database in which nothing waits"),
  waiting("many", "OriginMQ, 100,000 messages wait"),
  interactive,
  cold("dexie", "Dexie in Firefox, open and add", "relaxed", "firefox"),
  cold("originmq", "OriginMQ in Firefox, openQueue and send", "relaxed", "firefox"),
];
