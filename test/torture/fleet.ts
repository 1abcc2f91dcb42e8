// One browser with tabs that send and handle, and the history of all they report. The browser may be killed; a new one
// on the same profile goes on. Invariant: the history is in this process, and outlives whatever dies.

import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import type { HistoryEvent } from "../checker/history.js";
import { ofType, type Recorded, type Tabs, tabsOf } from "../faults/lab.js";
import type { Told } from "../faults/page/tell.js";
import { type BuildName, openSite } from "../faults/site.js";
import { eventOf } from "./history.js";
import type { Committed } from "./story.js";

export const MAX_DELIVERIES = 20;
/** All that is sent. */
export const IS_ENCRYPTED = process.env.ORIGINMQ_TORTURE_ENCRYPTED === "true";

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

export async function createFleet(profile: string) {
  const history: HistoryEvent[] = [];
  const recorded: Recorded[] = [];
  const commits: Committed[] = [];
  const serviceWorkers = new Set<string>();
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
      if (event.type === "sent" || event.type === "delivered") noteEpoch(event.epoch);
      history.push(eventOf(event));
    }
    return push(...events);
  };

  const site = await openSite({
    onTold(all: readonly Told[]) {
      const at = performance.now();
      for (const told of all) {
        if (told.type === "committed") commits.push({ at, record: told.record });
        else {
          serviceWorkers.add(told.by);
          recorded.push({ ...told.report, tab: told.by, at });
        }
      }
    },
  });
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
      async ({ maxDeliveries, ...how }) => {
        await lab.open({ maxDeliveries, durability: "strict", ...how });
        lab.startProducing({ everyMs: 100, burst: 2 });
        lab.startConsuming({ concurrency: 4, prefetch: 16, handlerMs: 5, slowMs: 1_500 });
      },
      { maxDeliveries: MAX_DELIVERIES, dedicated: isDedicated, encrypted: IS_ENCRYPTED },
    );
    return tab;
  };

  await start();
  return {
    site,
    history,
    recorded,
    /** What the hosts committed, as they told it. */
    commits,
    /** Each start of the service worker, by the name it reports under. */
    serviceWorkers,
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
    /** These consumers die at some moment in the meantime, each at its own. */
    async end(dying: readonly { readonly name: string }[], how: () => Promise<unknown>) {
      await this.befall("crash", dying, how);
      for (const { name } of dying) live.delete(name);
    },
    async befall(type: "crash" | "suspend", whom: readonly { readonly name: string }[], how: () => Promise<unknown>) {
      const note = (end: { readonly begins?: true }) => {
        for (const { name } of whom) history.push({ type, consumer: name, at: performance.now(), ...end });
      };
      note({ begins: true });
      await how();
      note({});
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
