// Tabs send and handle while tabs crash, the SharedWorker is killed, the service worker hosts, the disk is full and the
// browser gets kill -9. Everything is recorded in this process, and judged at the end.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, expect, type Page, test } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { check, type HistoryEvent } from "../checker/history.js";
import { crash, killSharedWorkers, ofType, type Recorded, type Tabs, tabsOf, untilIdle } from "../faults/lab.js";
import type { Handled } from "../faults/page/lab.js";
import { openSite } from "../faults/site.js";
import { eventOf, eventsOfServiceWorker } from "./history.js";

const MINUTES = Number(process.env.ORIGINMQ_TORTURE_MINUTES ?? 0.5);
const TABS = 3;
const MAX_DELIVERIES = 20;
/** A profile that is younger may lose what it stored when its browser is killed: the browser's fault, not ours. */
const SETTLED_MS = 40_000;
/** Between two kills of the browser, in long runs. */
const BROWSER_LIFE_MS = 60_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test(`nothing is lost and nothing stale takes effect in ${MINUTES} minutes of faults`, async () => {
  const site = await openSite();
  const profile = await mkdtemp(join(tmpdir(), "originmq-torture-"));
  const history: HistoryEvent[] = [];
  const recorded: Recorded[] = [];
  const push = recorded.push.bind(recorded);
  recorded.push = (...events) => {
    history.push(...events.map(eventOf));
    return push(...events);
  };
  const note = (type: "crash" | "host-lost", consumer = "") =>
    history.push(type === "crash" ? { type, consumer, at: performance.now() } : { type, at: performance.now() });
  const counts: Record<string, number> = {};
  const recoveriesMs: number[] = [];
  const live = new Map<string, Page>();
  let context: BrowserContext;
  let tabs: Tabs;
  let named = 0;
  let handledBefore = 0;

  const start = async () => {
    context = await chromium.launchPersistentContext(profile, browserLaunchOptions());
    tabs = await tabsOf(context, site, recorded);
    handledBefore = 0;
  };
  const openTab = async () => {
    const name = `tab${++named}`;
    const page = await tabs.open({ name });
    live.set(name, page);
    await page.evaluate(async (maxDeliveries) => {
      await lab.open({ maxDeliveries, durability: "strict" });
      lab.startProducing({ everyMs: 100, burst: 2 });
      lab.startConsuming({ concurrency: 4, prefetch: 16, handlerMs: 5 });
    }, MAX_DELIVERIES);
  };
  const fill = async () => {
    while (live.size < TABS) await openTab();
  };
  const newest = () => Math.max(0, ...ofType(recorded.slice(-500), "sent").map(({ epoch }) => epoch));
  /** Waits until sends are stored again, by a later host where one was killed. */
  const recover = async (since: number, epoch = 0) => {
    let found: Recorded | undefined;
    await expect
      .poll(
        () => {
          found = ofType(recorded.slice(-2_000), "sent").find((event) => event.at > since && event.epoch > epoch);
          return found !== undefined;
        },
        { intervals: [20], timeout: 30_000 },
      )
      .toBe(true);
    recoveriesMs.push((found?.at ?? Number.NaN) - since);
  };
  /** Consumers die before and after this: a report of theirs may arrive until it is over. */
  const end = async (names: readonly string[], how: () => Promise<unknown>) => {
    for (const name of names) note("crash", name);
    await how();
    for (const name of names) {
      note("crash", name);
      live.delete(name);
    }
  };

  const faults = {
    async "SharedWorker killed"() {
      const epoch = newest();
      note("host-lost");
      const { at } = await killSharedWorkers(context.browser()!);
      await recover(at, epoch);
    },
    async "tab crashed"() {
      const [name, page] = [...live][Math.floor(Math.random() * live.size)] as [string, Page];
      const at = performance.now();
      await end([name], () => crash(page));
      await recover(at);
      await page.close();
    },
    async "service worker hosted"() {
      const [page] = [...live.values()] as [Page];
      await page.evaluate(async () => {
        await lab.registerServiceWorker();
        void lab.askServiceWorker({ op: "drain", budgetMs: 1_500, delayMs: 500 });
      });
      const idle = await context.newPage();
      await end([...live.keys()], () => Promise.all([...live.values()].map((tab) => tab.close())));
      await sleep(2_500);
      await idle.goto(`${site.origin}/today/?name=idle`);
      await idle.waitForFunction(() => globalThis.lab !== undefined);
      const all = await idle.evaluate(() => lab.askServiceWorker<Handled[]>({ op: "handled" }));
      history.push(...eventsOfServiceWorker(all.slice(handledBefore), performance.now()));
      counts["handled by the service worker"] =
        (counts["handled by the service worker"] ?? 0) + all.length - handledBefore;
      handledBefore = all.length;
      await fill();
      await idle.close();
    },
    async "disk full"() {
      const [page] = [...live.values()] as [Page];
      const cdp = await context.newCDPSession(page);
      await cdp.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: 1_000 });
      // Chromium trusts the room that it has seen until the database is opened anew.
      await killSharedWorkers(context.browser()!);
      note("host-lost");
      await sleep(2_000);
      await cdp.send("Storage.overrideQuotaForOrigin", { origin: site.origin });
      await recover(performance.now());
      await cdp.detach();
    },
    async "browser killed"() {
      const cdp = await context.browser()!.newBrowserCDPSession();
      const { processInfo } = await cdp.send("SystemInfo.getProcessInfo");
      const browser = processInfo.find(({ type }) => type === "browser");
      const gone = new Promise<void>((resolve) => context.once("close", () => resolve()));
      await end([...live.keys()], async () => {
        process.kill(browser!.id, "SIGKILL");
        await gone;
      });
      const at = performance.now();
      await start();
      await fill();
      await recover(at);
    },
  };

  try {
    const startedAt = performance.now();
    let browserAt = startedAt;
    await start();
    await fill();
    const usual = ["SharedWorker killed", "tab crashed", "service worker hosted", "disk full"] as const;
    const run = async (name: keyof typeof faults) => {
      await faults[name]();
      counts[name] = (counts[name] ?? 0) + 1;
      await fill();
    };
    for (let i = 0; performance.now() - startedAt < MINUTES * 60_000; i++) {
      const isOld = performance.now() - browserAt > BROWSER_LIFE_MS;
      const name = isOld ? "browser killed" : usual[i % usual.length]!;
      if (isOld) browserAt = performance.now();
      await sleep(1_000);
      await run(name);
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      console.log(
        `    ${seconds} s: ${name}; ${ofType(recorded, "sent").length} sent, ${ofType(recorded, "acked").length} acked`,
      );
    }
    await sleep(Math.max(0, startedAt + SETTLED_MS - performance.now()));
    await run("browser killed");
    for (const page of live.values()) await page.evaluate(() => lab.stopProducing());
    const [page] = [...live.values()] as [Page];
    await untilIdle(page, 60_000);
    for (const tab of live.values()) await tab.evaluate(() => lab.stopConsuming());
    const { dead, stats } = await page.evaluate(async () => ({
      dead: await lab.queue.deadLetters.list({ max: 1_000 }),
      stats: await lab.queue.stats(),
    }));
    const at = performance.now();
    for (const { id, body, reason = "" } of dead) history.push({ type: "dead", at, id, body, reason });
    history.push({ type: "stats", at, ...stats, ...stats.totals, dead: stats.dead });
    const report = check(history, { maxDeliveries: MAX_DELIVERIES });
    const sorted = recoveriesMs.sort((a, b) => a - b);
    console.table({
      ...counts,
      sent: report.sent,
      "refused or unknown": report.attempted - report.sent,
      delivered: report.delivered,
      acked: report.acked,
      dead: report.dead,
      lost: report.lost.length,
      unexpected: report.unexpected.length,
      "stored twice": report.storedTwice.length,
      "stale settlements": report.stale.length,
      ...Object.fromEntries(Object.entries(report.duplicated).map(([cause, n]) => [`duplicated: ${cause}`, n])),
      recovered: report.recovered,
      "recovery p50 ms": Math.round(sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN),
      "recovery max ms": Math.round(sorted.at(-1) ?? Number.NaN),
    });
    console.log(`    the queue's own count: ${JSON.stringify(stats.totals)}`);
    expect(report.problems).toEqual([]);
  } finally {
    await context!.close().catch(() => {});
    await site.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
