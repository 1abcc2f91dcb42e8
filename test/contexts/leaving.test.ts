// The last moment of a page: what it sends in its last events, while it is left, reloaded or closed, in each arrangement
// of hosts and in each engine that is installed. `ORIGINMQ_CLOSINGS=100` measures instead, for docs/guarantees.md.

import { type BrowserContext, chromium, firefox } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { findFirefox, findWebKit } from "../engines/find-engines.mjs";
import { openWebKit } from "../engines/webkitgtk.mjs";
import { expect, test } from "../faults/lab.js";
import type { Handled } from "../faults/page/lab.js";
import type { Site } from "../faults/site.js";

const closings = Number(process.env.ORIGINMQ_CLOSINGS ?? 0);
const firefoxPath = findFirefox();

/** What a user does with a tab, in whichever engine. */
interface Tab {
  visit(url: string): Promise<unknown>;
  evaluate<Result, Arg = undefined>(call: (arg: Arg) => Result | Promise<Result>, arg?: Arg): Promise<Result>;
  reload(): Promise<unknown>;
  /** Its last events are fired. */
  close(): Promise<unknown>;
}

/** Tabs that share their storage with each other and with nobody else. */
interface Profile {
  open(): Promise<Tab>;
  close(): Promise<unknown>;
}

const profileOf = async (context: BrowserContext): Promise<Profile> => ({
  async open() {
    const page = await context.newPage();
    return {
      visit: (url) => page.goto(url),
      evaluate: (call, arg) => page.evaluate(call as never, arg),
      reload: () => page.reload(),
      async close() {
        const closed = page.waitForEvent("close");
        await page.close({ runBeforeUnload: true });
        await closed;
      },
    };
  },
  close: () => context.close(),
});

async function openWebKitProfile(): Promise<Profile> {
  const webkit = await openWebKit();
  return {
    async open() {
      const { run, ...tab } = await webkit.openTab();
      return { ...tab, evaluate: (call, arg) => run(`return (${call})(...args);`, arg) };
    },
    close: () => webkit.close(),
  };
}

/** Resolves with what opens a profile in it, and what ends it. */
type Launch = () => Promise<{ newProfile(): Promise<Profile>; close(): Promise<unknown> }>;

const ENGINES: Record<string, Launch | undefined> = {
  async Chromium() {
    const browser = await chromium.launch(browserLaunchOptions());
    return { newProfile: async () => profileOf(await browser.newContext()), close: () => browser.close() };
  },
  Firefox: firefoxPath
    ? async () => {
        const browser = await firefox.launch({ channel: "moz-firefox", executablePath: firefoxPath });
        return { newProfile: async () => profileOf(await browser.newContext()), close: () => browser.close() };
      }
    : undefined,
  WebKitGTK: findWebKit() ? async () => ({ newProfile: openWebKitProfile, close: async () => {} }) : undefined,
};

const WAYS = {
  left: async (tab: Tab, site: Site) => {
    await tab.visit(`${site.origin}/elsewhere`);
    await tab.close();
  },
  reloaded: async (tab: Tab) => {
    await tab.reload();
    await tab.close();
  },
  closed: (tab: Tab) => tab.close(),
} as const;
type Way = keyof typeof WAYS;

/** `order`: whether the application's listeners were there before those of OriginMQ. */
interface Leaving {
  readonly way: Way;
  readonly order: "before" | "after";
  /** Listens to `unload`, too, which keeps a page out of the back/forward cache. */
  readonly unloads: boolean;
  readonly dedicated: boolean;
  readonly encrypted?: boolean;
}

const openTab = async (profile: Profile, site: Site, name: string): Promise<Tab> => {
  const tab = await profile.open();
  await tab.visit(`${site.origin}/today/?name=${name}`);
  await expect.poll(() => tab.evaluate(() => globalThis.lab !== undefined)).toBe(true);
  return tab;
};

/** Opens a page that sends in each of its last events, and lets it go. Resolves with who was its host. */
async function leave(profile: Profile, site: Site, name: string, how: Leaving): Promise<string | undefined> {
  const tab = await openTab(profile, site, name);
  const host = await tab.evaluate(
    async ({ name, order, unloads, dedicated, encrypted = false }) => {
      const say = ({ type }: Event) => {
        lab.queue.send(`${name} ${type}`).catch(() => {});
      };
      const listen = () => {
        addEventListener("pagehide", say);
        document.addEventListener("visibilitychange", say);
        if (unloads) addEventListener("unload", say);
      };
      if (order === "before") listen();
      const opened = await lab.open({ dedicated, encrypted });
      if (order === "after") listen();
      return opened;
    },
    { name, ...how },
  );
  await WAYS[how.way](tab, site);
  return host;
}

const stored = (tab: Tab): Promise<string[]> =>
  tab.evaluate(async () => (await lab.queue.peek({ max: 10_000 })).map(({ body }) => body).sort());

/** Every page in its own way. */
const ALL_WAYS: readonly Leaving[] = (["left", "reloaded", "closed"] as const).flatMap((way) =>
  (["before", "after"] as const).map((order) => ({ way, order, unloads: order === "after", dedicated: false })),
);

const saidBy = (ways: readonly Leaving[], engine: string): string[] =>
  ways
    .flatMap((how, i) => {
      const promised = isHeard(how.way, engine) ? eventsOf(how, engine) : [];
      return promised.map((type) => `${i} ${type}`);
    })
    .sort();

/** WebKit keeps a page that is left, whoever listens to `unload`, and does not fire it. */
const eventsOf = ({ unloads, way }: Leaving, engine: string): string[] => {
  const isUnloaded = unloads && !(engine === "WebKitGTK" && way === "left");
  return ["visibilitychange", "pagehide", ...(isUnloaded ? ["unload"] : [])];
};

/** Firefox may end the process of a tab that is closed before what the page posted in its last events has left it. */
const isHeard = (way: Way, engine: string): boolean => engine !== "Firefox" || way !== "closed";

/** Without what is there by luck. */
const promised = (bodies: readonly string[], ways: readonly Leaving[], engine: string): string[] =>
  bodies.filter((body) => isHeard(ways[Number.parseInt(body, 10)]?.way ?? "left", engine));

/** The service worker has work for a minute, and hosts as long. */
const busyServiceWorker = (tab: Tab) =>
  tab.evaluate(async () => {
    await lab.registerServiceWorker();
    await lab.askServiceWorker({ op: "send", bodies: ["work"] });
    void lab.askServiceWorker({ op: "drain", budgetMs: 60_000, handlerMs: 60_000 });
  });

const hostInServiceWorker = async (tab: Tab) => {
  await busyServiceWorker(tab);
  await expect.poll(() => tab.evaluate(() => lab.askServiceWorker<Handled[]>({ op: "handled" }))).toHaveLength(1);
};

for (const [engine, launch] of Object.entries(ENGINES)) {
  test.describe(engine, () => {
    test.skip(launch === undefined, `${engine} is not installed`);
    let browser: Awaited<ReturnType<Launch>> | undefined;
    test.beforeAll(async () => {
      browser = await launch?.();
    });
    test.afterAll(async () => browser?.close());

    const inProfile = async (run: (profile: Profile) => Promise<void>) => {
      const profile = (await browser?.newProfile()) as Profile;
      await run(profile).finally(() => profile.close());
    };

    test.describe("what a page sends in its last events is stored", () => {
      test.skip(closings > 0);

      test("while another tab is open", async ({ site }) => {
        await inProfile(async (profile) => {
          const other = await openTab(profile, site, "other");
          await other.evaluate(() => lab.open());
          for (const [i, how] of ALL_WAYS.entries())
            expect(await leave(profile, site, `${i}`, how)).toBe("shared-worker");
          await expect
            .poll(async () => promised(await stored(other), ALL_WAYS, engine))
            .toEqual(saidBy(ALL_WAYS, engine));
        });
      });

      test("encrypted, too, in Chromium: others end a page before it is sealed", async ({ site }) => {
        test.skip(engine !== "Chromium", "docs/encryption.md says how much of it others store");
        await inProfile(async (profile) => {
          const other = await openTab(profile, site, "other");
          await other.evaluate(() => lab.open({ encrypted: true }));
          const ways = ALL_WAYS.map((how) => ({ ...how, encrypted: true }));
          for (const [i, how] of ways.entries()) await leave(profile, site, `${i}`, how);
          await expect.poll(() => stored(other), { timeout: 10_000 }).toEqual(saidBy(ways, engine));
        });
      });

      test("without SharedWorker, where the worker of another tab hosts", async ({ site }) => {
        await inProfile(async (profile) => {
          const other = await openTab(profile, site, "other");
          await other.evaluate(() => lab.open({ dedicated: true }));
          const ways = ALL_WAYS.map((how) => ({ ...how, dedicated: true }));
          for (const [i, how] of ways.entries()) await leave(profile, site, `${i}`, how);
          await expect.poll(async () => promised(await stored(other), ways, engine)).toEqual(saidBy(ways, engine));
          expect(await other.evaluate(() => lab.host())).toMatchObject({ epoch: 1 });
        });
      });

      test("where the service worker hosts", async ({ site }) => {
        await inProfile(async (profile) => {
          const other = await openTab(profile, site, "other");
          await hostInServiceWorker(other);
          const ways = ALL_WAYS.map((how) => ({ ...how, dedicated: true }));
          for (const [i, how] of ways.entries()) expect(await leave(profile, site, `${i}`, how)).toBe("service-worker");
          await other.evaluate(() => lab.open({ dedicated: true }));
          const sent = async () => (await stored(other)).filter((body) => body !== "work");
          await expect.poll(async () => promised(await sent(), ways, engine)).toEqual(saidBy(ways, engine));
        });
      });
    });

    // Not a test of its own: without a number there is nothing to measure.
    if (closings === 0) return;
    test.describe("measured", () => {
      test.setTimeout(600_000);
      const arrangements = {
        "SharedWorker, another tab open": { host: "shared-worker", dedicated: false, other: true },
        "SharedWorker, the last tab": { host: "shared-worker", dedicated: false, other: false },
        "no SharedWorker, another tab's worker hosts": { host: "dedicated-worker", dedicated: true, other: true },
        "no SharedWorker, its own worker hosts": { host: "dedicated-worker", dedicated: true, other: false },
        "the service worker hosts": { host: "service-worker", dedicated: true, other: false },
      };
      for (const [named, { host, dedicated, other }] of Object.entries(arrangements)) {
        test(named, async ({ site }) => {
          /** How many of those that were said are stored, by event and by way. */
          const counts = new Map<string, { stored: number; said: number }>();
          const countOf = (type: string, way: Way) => {
            const key = `${type} ${way}`;
            const count = counts.get(key) ?? { stored: 0, said: 0 };
            counts.set(key, count);
            return count;
          };
          const wayOf = (i: number) => ALL_WAYS[i % ALL_WAYS.length] as Leaving;
          const hosts = new Set<string | undefined>();
          await inProfile(async (profile) => {
            if (other)
              await (await openTab(profile, site, "other")).evaluate((own) => lab.open({ dedicated: own }), dedicated);
            const idle = await openTab(profile, site, "idle");
            const isService = host === "service-worker";
            if (isService) await hostInServiceWorker(idle);
            for (let i = 0; i < closings; i++) {
              if (isService && i % 10 === 9) await busyServiceWorker(idle);
              const how = { ...wayOf(i), dedicated };
              for (const type of eventsOf(how, engine)) countOf(type, how.way).said++;
              hosts.add(await leave(profile, site, `${i}`, how));
            }
            await idle.evaluate((own) => lab.open({ dedicated: own }), dedicated);
            await new Promise((resolve) => setTimeout(resolve, 500));
            // The service worker works on what it is given meanwhile.
            const worked = isService
              ? await idle.evaluate(() => lab.askServiceWorker<Handled[]>({ op: "handled" }))
              : [];
            for (const body of new Set([...(await stored(idle)), ...worked.map(({ body }) => body)])) {
              const [page, type] = body.split(" ");
              if (type !== undefined) countOf(type, wayOf(Number(page)).way).stored++;
            }
          });
          const lines = [...counts].map(([key, { stored, said }]) => `${key} ${stored} of ${said}`);
          console.log(`    ${engine}, ${named} (${[...hosts]}): ${lines.join(", ")}`);
          expect([...hosts]).toEqual([host]);
        });
      }
    });
  });
}
