// One browser with tabs that send and handle, and the history of all they report. The browser may be killed; a new one
// on the same profile goes on. Invariant: the history is in this process, and outlives whatever dies.

import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import type { HistoryEvent } from "../checker/history.js";
import { ofType, type Recorded, type Tabs, tabsOf } from "../faults/lab.js";
import type { BuildName, Site } from "../faults/site.js";
import { eventOf } from "./history.js";

export const MAX_DELIVERIES = 20;

export interface Tab {
  readonly name: string;
  readonly page: Page;
  /** Its own worker hosts, as where there is no SharedWorker. */
  readonly isDedicated: boolean;
}

/** Two ways to a host, so that hosts of different rank meet. */
const USUAL = [{ isDedicated: false }, { isDedicated: false }, { isDedicated: true }, { isDedicated: true }] as const;

export interface HostChange {
  readonly at: number;
  readonly isPlanned: boolean;
  /** Handlers that ran at that moment, in tabs that lived on until they ended. */
  running: number;
}

export type Fleet = Awaited<ReturnType<typeof createFleet>>;

export async function createFleet(site: Site, profile: string) {
  const history: HistoryEvent[] = [];
  const recorded: Recorded[] = [];
  const live = new Map<string, Tab>();
  const hostChanges: HostChange[] = [];
  let context: BrowserContext;
  let tabs: Tabs;
  let named = 0;
  let newest = 0;
  let isPlanned = false;

  /** Whoever reports a higher epoch than all before it has met another host. */
  const noteEpoch = (epoch: number) => {
    if (epoch <= newest) return;
    if (newest > 0) {
      const at = performance.now();
      history.push({ type: "host-lost", at, isPlanned });
      hostChanges.push({ at, isPlanned, running: 0 });
    }
    newest = epoch;
  };
  const push = recorded.push.bind(recorded);
  recorded.push = (...events) => {
    for (const event of events) {
      if ("epoch" in event) noteEpoch(event.epoch);
      history.push(eventOf(event));
    }
    return push(...events);
  };

  const start = async () => {
    context = await chromium.launchPersistentContext(profile, {
      ...browserLaunchOptions(),
      ignoreDefaultArgs: ["--disable-back-forward-cache"],
    });
    tabs = await tabsOf(context, site, recorded);
  };
  const open = async ({ isDedicated = false, build = "today" as BuildName } = {}): Promise<Tab> => {
    const name = `tab${++named}`;
    const page = await tabs.open({ name, build });
    const tab = { name, page, isDedicated };
    live.set(name, tab);
    await page.evaluate(
      async ({ maxDeliveries, dedicated }) => {
        await lab.open({ maxDeliveries, durability: "strict", dedicated });
        lab.startProducing({ everyMs: 100, burst: 2 });
        lab.startConsuming({ concurrency: 4, prefetch: 16, handlerMs: 5, slowMs: 1_500 });
      },
      { maxDeliveries: MAX_DELIVERIES, dedicated: isDedicated },
    );
    return tab;
  };

  await start();
  return {
    site,
    history,
    recorded,
    live,
    hostChanges,
    /** The highest epoch that anybody has met. */
    get epoch() {
      return newest;
    },
    get context() {
      return context;
    },
    start,
    open,
    /** Opens what is missing of the usual tabs. */
    async fill() {
      for (const isDedicated of [false, true]) {
        const wanted = USUAL.filter((tab) => tab.isDedicated === isDedicated).length;
        const missing = wanted - [...live.values()].filter((tab) => tab.isDedicated === isDedicated).length;
        for (let i = 0; i < missing; i++) await open({ isDedicated });
      }
    },
    /** These tabs die before and after this: a report of theirs may arrive until it is over. */
    async end(dying: readonly Tab[], how: () => Promise<unknown>) {
      const note = () => {
        for (const { name } of dying) history.push({ type: "crash", consumer: name, at: performance.now() });
      };
      note();
      await how();
      note();
      for (const { name } of dying) live.delete(name);
    },
    /** Changes of hosts in the meantime are hand-overs that were agreed on. */
    async planned(how: () => Promise<void>) {
      isPlanned = true;
      await how();
      isPlanned = false;
    },
    /** How many handlers lived through each change of hosts. */
    countRunning() {
      const ends = new Map(ofType(recorded, "settling").map((end) => [`${end.tab} ${end.id} ${end.attempt}`, end.at]));
      for (const { tab, id, attempt, at } of ofType(recorded, "delivered")) {
        const endedAt = ends.get(`${tab} ${id} ${attempt}`) ?? 0;
        for (const change of hostChanges) if (at < change.at && change.at < endedAt) change.running++;
      }
    },
  };
}
