// Where a case of scale happens: a browser of its own with an empty profile, as many tabs as the case asks for, and what
// can be known of it from outside: the host's heap and tasks, a tab's time, the bytes on disk.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openBrowser } from "../browser.mjs";
import { attachToWorkers, sharedWorkers } from "../workers.mjs";
import { longestTaskOf, scriptsIn } from "./trace.mjs";

const HOST_ENDS_MS = 10_000;
/** What a host does after its start, such as looking for orphans, is over by then. */
const AFTER_START_MS = 2_000;
/** The disk is at rest when nothing has changed for so long: deletes in the background run within a second. */
const AT_REST_MS = 10_000;
const AT_REST_WITHIN_MS = 180_000;

/**
 * @typedef {import("playwright").Page} Tab
 * @typedef {Awaited<ReturnType<typeof openStage>>} Stage
 */

/** @param {import("../browser.mjs").Site} site */
export async function openStage(site) {
  const { context, profile, openPage, close } = await openBrowser(site);
  const browser = context.browser();
  const devTools = await browser?.newBrowserCDPSession();
  if (!browser || !devTools) throw new Error("This version of Playwright does not give access to the browser.");
  /** @type {Tab[]} */
  let tabs = [];

  const openTab = async () => {
    const tab = await openPage();
    tabs.push(tab);
    return tab;
  };

  return {
    close,
    openTab,

    /** A tab that is connected. The first one starts the host. */
    async openConnectedTab() {
      const tab = await openTab();
      await tab.evaluate(() => scale.open());
      return tab;
    },

    /** Closes every tab; resolves when the host is gone with them. */
    async endHost() {
      for (const tab of tabs) await tab.close();
      tabs = [];
      for (const endsAt = Date.now() + HOST_ENDS_MS; ; await sleep(50)) {
        if ((await sharedWorkers(devTools)).length === 0) return;
        if (Date.now() > endsAt) throw new Error("the SharedWorker outlives its tabs");
      }
    },

    /** Bytes that are reachable in the host, those of its array buffers included, which are beside the heap. */
    async hostHeap() {
      await sleep(AFTER_START_MS);
      const [worker, ...others] = await attachToWorkers(devTools);
      if (!worker || others.length > 0) throw new Error("there is not one SharedWorker");
      // The first one leaves what only finalizers let go.
      for (let i = 0; i < 2; i++) await worker.session.send("HeapProfiler.collectGarbage");
      const { usedSize, backingStorageSize } = await worker.session.send("Runtime.getHeapUsage");
      await worker.detach();
      if (!(usedSize > 0 && backingStorageSize >= 0)) throw new Error("the browser does not tell the size of the heap");
      return usedSize + backingStorageSize;
    },

    /** The longest task of the host's thread during the work. @param {() => Promise<void>} work */
    async longestTask(work) {
      await browser.startTracing(undefined, { categories: ["toplevel"] });
      const start = performance.now();
      await work();
      const tookMs = performance.now() - start;
      return longestTaskOf((await browser.stopTracing()).toString(), tookMs);
    },

    /** Calls of scripts during the work. @param {() => Promise<void>} work */
    async scriptsRun(work) {
      await browser.startTracing(undefined, { categories: ["devtools.timeline"] });
      await work();
      return scriptsIn((await browser.stopTracing()).toString());
    },

    /** Bytes that are reachable in a tab. @param {Tab} tab */
    async tabHeap(tab) {
      const session = await context.newCDPSession(tab);
      for (let i = 0; i < 2; i++) await session.send("HeapProfiler.collectGarbage");
      const { usedSize } = await session.send("Runtime.getHeapUsage");
      await session.detach();
      return usedSize;
    },

    /** Seconds that the tab's main thread spends on the work. @param {Tab} tab @param {() => Promise<unknown>} work */
    async mainThread(tab, work) {
      const session = await context.newCDPSession(tab);
      await session.send("Performance.enable");
      const read = async () => {
        const { metrics } = await session.send("Performance.getMetrics");
        const of = (/** @type {string} */ name) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
        return { processor: of("ThreadTime"), clock: of("TaskDuration") };
      };
      const before = await read();
      await work();
      const after = await read();
      await session.detach();
      return { processor: after.processor - before.processor, clock: after.clock - before.clock };
    },

    /** Bytes of all that IndexedDB keeps on disk, once that has come to rest. */
    async diskBytes() {
      const folder = join(profile, "Default", "IndexedDB");
      let bytes = bytesIn(folder);
      const endsAt = Date.now() + AT_REST_WITHIN_MS;
      for (let since = Date.now(); Date.now() - since < AT_REST_MS; await sleep(500)) {
        const now = bytesIn(folder);
        if (now !== bytes) since = Date.now();
        if (since > endsAt) throw new Error(`the disk did not come to rest in ${AT_REST_WITHIN_MS / 1_000} s`);
        bytes = now;
      }
      return bytes;
    },
  };
}

/** @param {string} folder */
function bytesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => {
      // A file that was deleted since it was listed counts as nothing.
      return sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0);
    }, 0);
}
