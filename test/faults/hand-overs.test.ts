// The host changes while handlers run: nobody who holds a message may notice, and nobody else may get it.

import type { Browser, Page } from "@playwright/test";
import {
  bodiesOf,
  expect,
  expectAllHandledOnce,
  killSharedWorkers,
  ofType,
  type Recorded,
  type Tabs,
  test,
  untilIdle,
} from "./lab.js";
import type { OpenOptions } from "./page/lab.js";

/** Handlers outlast their lease, so that the host before and the host after both have to renew it. */
const LEASE_MS = 2_000;
const RUNNING = 6;

interface Change {
  readonly what: string;
  /** How the tab whose handlers run is connected. */
  readonly holder?: Pick<OpenOptions, "dedicated">;
  /** Makes another context the host; resolves with the further tabs that there are. */
  change(parts: { readonly browser: Browser; readonly tabs: Tabs }): Promise<Page[]>;
}

const openTaker = async (tabs: Tabs, build: "today" | "next") => {
  const page = await tabs.open({ name: "taker", build });
  await page.evaluate(() => lab.open());
  return [page];
};

const changes: Change[] = [
  { what: "a newer build takes over", change: ({ tabs }) => openTaker(tabs, "next") },
  {
    what: "a SharedWorker takes over from a tab's worker",
    holder: { dedicated: true },
    change: ({ tabs }) => openTaker(tabs, "today"),
  },
  {
    what: "the SharedWorker is killed",
    async change({ browser, tabs }) {
      const other = await openTaker(tabs, "today");
      expect((await killSharedWorkers(browser)).killed).toBe(1);
      return other;
    },
  },
];

const deliveredTwice = (history: readonly Recorded[]) => {
  const delivered = bodiesOf(history, "delivered");
  return delivered.filter((body, i) => delivered.indexOf(body) !== i);
};

for (const { what, holder = {}, change } of changes) {
  test(`${what} while handlers run: each message is handled once, by who holds it`, async ({ browser, tabs }) => {
    const { history } = tabs;
    const old = await tabs.open({ name: "old" });
    await old.evaluate((options) => lab.open(options), { ...holder, leaseMs: LEASE_MS });
    await old.evaluate(async (running) => {
      await lab.send(2 * running);
      lab.startConsuming({ concurrency: running, prefetch: 2 * running, isHeld: true });
    }, RUNNING);
    await expect.poll(() => bodiesOf(history, "delivered").length).toBe(RUNNING);
    const before = await old.evaluate(() => lab.host());

    const others = await change({ browser, tabs });
    await expect.poll(() => old.evaluate(() => lab.host()?.epoch ?? 0)).toBeGreaterThan(before?.epoch ?? 0);
    // They would take whatever came back, at once.
    for (const page of others) await page.evaluate(() => lab.startConsuming({ concurrency: 4, prefetch: 16 }));
    for (const page of others) await page.evaluate(() => lab.send(10));
    await old.waitForTimeout(1.5 * LEASE_MS);
    await old.evaluate(() => lab.letGo());
    await untilIdle(old, 30_000);
    await expectAllHandledOnce(history);

    expect(deliveredTwice(history), "delivered twice").toEqual([]);
    expect(ofType(history, "delivered").filter(({ attempt }) => attempt !== 1)).toEqual([]);
    const byHolder = bodiesOf(
      history.filter(({ tab }) => tab === "old"),
      "acked",
    );
    expect(byHolder.filter((body) => body.startsWith("old-")).sort()).toEqual(bodiesOf(history, "sent").slice(0, 12));
  });
}
