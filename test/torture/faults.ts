// What is done to the tabs, one fault at a time. Each ends when the queue works again.

import { expect } from "@playwright/test";
import { crash, killSharedWorkers, ofType } from "../faults/lab.js";
import { type Fleet, IS_ENCRYPTED, type Tab } from "./fleet.js";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const anyOf = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;

/** Milliseconds from a fault to the next send that was stored, and to the next message that was handed out. */
export interface Recovery {
  readonly fault: string;
  readonly sentMs: number;
  readonly deliveredMs: number;
}

/** Refused sends that make a full disk worth its name. */
const REFUSED_MIN = 40;
/** Room that is left before sends fill the disk. The browser's own housekeeping needs some megabytes now and then. */
const ROOM_BYTES = 4_000_000;
const RECOVERY_MS_MAX = 30_000;
/** Chromium goes on for up to 30 s with the room that it has once seen, if the database was not opened anew. */
const FILLING_MS_MAX = 60_000;

export type FaultName = keyof ReturnType<typeof createFaults>["faults"];

export function createFaults(fleet: Fleet) {
  const recoveries: Recovery[] = [];
  let ackedOnFullDisk = 0;
  const { live, recorded, site } = fleet;

  const first = (type: "sent" | "delivered", since: number, epoch: number, tab?: string) =>
    ofType(recorded.slice(-3_000), type).find(
      (event) => event.at > since && event.epoch > epoch && (tab ?? event.tab) === event.tab,
    )?.at;
  const until = (is: () => unknown, timeout = RECOVERY_MS_MAX) =>
    expect.poll(async () => Boolean(await is()), { intervals: [20], timeout }).toBe(true);
  /** Waits until messages are stored and handed out again, by a later host where one was killed, and those of each tab. */
  const recover = async (fault: string, since: number, epoch = 0) => {
    await until(() => first("sent", since, epoch) && first("delivered", since, epoch));
    const after = (at = Number.NaN) => at - since;
    const sentMs = after(first("sent", since, epoch));
    recoveries.push({ fault, sentMs, deliveredMs: after(first("delivered", since, epoch)) });
    await until(() => [...live.keys()].every((tab) => first("sent", since, epoch, tab)));
  };
  const those = (isDedicated: boolean) => [...live.values()].filter((tab) => tab.isDedicated === isDedicated);
  const close = (tabs: readonly Tab[]) => fleet.end(tabs, () => Promise.all(tabs.map(({ page }) => page.close())));
  const killWorkers = () => killSharedWorkers(fleet.context.browser()!);

  const faults = {
    async "SharedWorker killed"() {
      const { epoch } = fleet;
      const { at } = await killWorkers();
      await recover("SharedWorker killed", at, epoch);
    },
    async "newer build took over"() {
      const { epoch } = fleet;
      let young: Tab | undefined;
      await fleet.planned(async () => {
        young = await fleet.open({ build: "next" });
        await until(() => fleet.epoch > epoch && first("delivered", 0, epoch));
      });
      await sleep(1_000);
      // Its worker goes with it, and leaves the older build to host again.
      const last = fleet.epoch;
      const at = performance.now();
      await close([young!]);
      await recover("newer build's tab closed", at, last);
    },
    async "SharedWorker took over from a tab's worker"() {
      const { epoch } = fleet;
      const at = performance.now();
      await close(those(false));
      await recover("last tab with a SharedWorker closed", at, epoch);
      const [closing] = those(true) as [Tab];
      const closedAt = performance.now();
      await close([closing]);
      await recover("tab closed among tabs with own workers", closedAt);
      await fleet.planned(async () => {
        await fleet.open();
        await until(async () => {
          const kinds = await Promise.all([...live.values()].map(({ page }) => page.evaluate(() => lab.host()?.kind)));
          return kinds.every((kind) => kind === "shared-worker");
        });
        const last = fleet.epoch;
        await until(() => first("delivered", 0, last - 1));
      });
    },
    async "disk full"() {
      const [{ page }] = [...live.values()] as [Tab];
      const cdp = await fleet.context.newCDPSession(page);
      const { usage } = await cdp.send("Storage.getUsageAndQuota", { origin: site.origin });
      await cdp.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: usage + ROOM_BYTES });
      // Chromium trusts the room that it has seen until the database is opened anew.
      const { epoch } = fleet;
      const { at } = await killWorkers();
      const refused = () =>
        ofType(recorded.slice(-20_000), "refused").filter((event) => event.at > at && event.code === "quota-exceeded");
      await until(async () => {
        await page.evaluate(() => lab.send(10, { bytes: 50_000 }));
        return refused().length >= REFUSED_MIN;
      }, FILLING_MS_MAX);
      const fullAt = performance.now();
      await sleep(1_000);
      ackedOnFullDisk += ofType(recorded.slice(-3_000), "acked").filter((event) => event.at > fullAt).length;
      await cdp.send("Storage.overrideQuotaForOrigin", { origin: site.origin });
      await recover("disk full, then room again", performance.now(), epoch);
      await cdp.detach();
    },
    async "tab crashed"() {
      const tab = anyOf([...live.values()]);
      const at = performance.now();
      await fleet.end([tab], () => crash(tab.page));
      await recover("tab crashed", at);
      await tab.page.close();
    },
    async "page in the back/forward cache"() {
      const tab = anyOf(those(false));
      const { name, page } = tab;
      await fleet.befall("suspend", [tab], async () => {
        await page.goto(`${site.origin}/elsewhere`);
        await sleep(1_000);
        await page.goBack({ waitUntil: "commit" });
        await page.waitForFunction(() => globalThis.lab !== undefined);
      });
      const isKept = await page.evaluate(() => lab.wakes > 0);
      if (!isKept) {
        // The browser did not keep it, for reasons of its own: a page that was left for ever.
        await close([live.get(name)!]);
        return false;
      }
      const at = performance.now();
      await until(() => ofType(recorded.slice(-3_000), "sent").some((event) => event.tab === name && event.at > at));
      return true;
    },
    async "service worker hosted"() {
      const [{ page }] = [...live.values()] as [Tab];
      await page.evaluate(async (encrypted) => {
        await lab.registerServiceWorker();
        void lab.askServiceWorker({ op: "drain", budgetMs: 1_500, delayMs: 500, encrypted });
      }, IS_ENCRYPTED);
      const idle = await fleet.context.newPage();
      await close([...live.values()]);
      await sleep(2_500);
      await idle.goto(`${site.origin}/today/?name=idle`);
      await idle.waitForFunction(() => globalThis.lab !== undefined);
      await fleet.fill();
      await idle.close();
    },
    async "browser killed"() {
      const { epoch } = fleet;
      const cdp = await fleet.context.browser()!.newBrowserCDPSession();
      const { processInfo } = await cdp.send("SystemInfo.getProcessInfo");
      const browser = processInfo.find(({ type }) => type === "browser");
      const gone = new Promise<void>((resolve) => fleet.context.once("close", () => resolve()));
      const serviceWorkers = [...fleet.serviceWorkers].map((name) => ({ name }));
      await fleet.end([...live.values(), ...serviceWorkers], async () => {
        process.kill(browser!.id, "SIGKILL");
        await gone;
      });
      const at = performance.now();
      await fleet.start();
      await fleet.fill();
      await recover("browser killed, until it is back with its tabs", at, epoch);
    },
  };
  return {
    faults,
    recoveries,
    /** Settlements that were stored within a second after sends were refused for want of room. */
    get ackedOnFullDisk() {
      return ackedOnFullDisk;
    },
  };
}
