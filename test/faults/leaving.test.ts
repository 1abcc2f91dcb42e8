// The last moment of a page: what it sends in its last events, while it is left, reloaded or closed, in each arrangement
// of hosts and in each engine that is installed. `ORIGINMQ_CLOSINGS=100` measures instead, for docs/guarantees.md.

import { type Browser, type BrowserContext, chromium, firefox, type Page } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { findFirefox } from "../engines/find-engines.mjs";
import { expect, test } from "./lab.js";
import type { Handled } from "./page/lab.js";
import type { Site } from "./site.js";

const closings = Number(process.env.ORIGINMQ_CLOSINGS ?? 0);
const firefoxPath = findFirefox();

const ENGINES: Record<string, (() => Promise<Browser>) | undefined> = {
  Chromium: () => chromium.launch(browserLaunchOptions()),
  Firefox: firefoxPath ? () => firefox.launch({ channel: "moz-firefox", executablePath: firefoxPath }) : undefined,
};

const WAYS = {
  left: async (page: Page, site: Site) => void (await page.goto(`${site.origin}/elsewhere`)),
  reloaded: async (page: Page) => void (await page.reload()),
  closed: async (page: Page) => {
    const closed = page.waitForEvent("close");
    await page.close({ runBeforeUnload: true });
    await closed;
  },
} as const;
type Way = keyof typeof WAYS;

/** `order`: whether the application's listeners were there before those of OriginMQ. */
interface Leaving {
  readonly way: Way;
  readonly order: "before" | "after";
  /** Listens to `unload`, too, which keeps a page out of the back/forward cache. */
  readonly unloads: boolean;
  readonly dedicated: boolean;
}

const openPage = async (context: BrowserContext, site: Site, name: string) => {
  const page = await context.newPage();
  await page.goto(`${site.origin}/today/?name=${name}`);
  await page.waitForFunction(() => globalThis.lab !== undefined);
  return page;
};

/** Opens a page that sends in each of its last events, and lets it go. Resolves with who was its host. */
async function leave(context: BrowserContext, site: Site, name: string, how: Leaving): Promise<string | undefined> {
  const page = await openPage(context, site, name);
  const host = await page.evaluate(
    async ({ name, order, unloads, dedicated }) => {
      const say = ({ type }: Event) => {
        lab.queue.send(`${name} ${type}`).catch(() => {});
      };
      const listen = () => {
        addEventListener("pagehide", say);
        document.addEventListener("visibilitychange", say);
        if (unloads) addEventListener("unload", say);
      };
      if (order === "before") listen();
      const opened = await lab.open({ dedicated });
      if (order === "after") listen();
      return opened;
    },
    { name, ...how },
  );
  await WAYS[how.way](page, site);
  if (!page.isClosed()) await page.close();
  return host;
}

const stored = (page: Page): Promise<string[]> =>
  page.evaluate(async () => (await lab.queue.peek({ max: 10_000 })).map(({ body }) => body).sort());

/** Every page in its own way. */
const ALL_WAYS: readonly Leaving[] = (["left", "reloaded", "closed"] as const).flatMap((way) =>
  (["before", "after"] as const).map((order) => ({ way, order, unloads: order === "after", dedicated: false })),
);

const saidBy = (ways: readonly Leaving[], engine: string): string[] =>
  ways
    .flatMap(({ unloads, way }, i) => {
      const last = ["pagehide", ...(unloads ? ["unload"] : [])];
      return ["visibilitychange", ...(isHeard(way, engine) ? last : [])].map((type) => `${i} ${type}`);
    })
    .sort();

/** Firefox may end the process of a tab that is closed before what the page posted in its last two events has left it. */
const isHeard = (way: Way, engine: string): boolean => engine !== "Firefox" || way !== "closed";

/** Without what is there by luck. */
const promised = (bodies: readonly string[], ways: readonly Leaving[], engine: string): string[] =>
  bodies.filter((body) => {
    const [page = "", type] = body.split(" ");
    return type === "visibilitychange" || isHeard(ways[Number(page)]?.way ?? "left", engine);
  });

/** The service worker works, and hosts, for a while. */
const hostInServiceWorker = async (page: Page) => {
  await page.evaluate(async () => {
    await lab.registerServiceWorker();
    await lab.askServiceWorker({ op: "send", bodies: ["work"] });
    void lab.askServiceWorker({ op: "drain", budgetMs: 60_000, handlerMs: 60_000 });
  });
  await expect.poll(() => page.evaluate(() => lab.askServiceWorker<Handled[]>({ op: "handled" }))).toHaveLength(1);
};

for (const [engine, launch] of Object.entries(ENGINES)) {
  test.describe(engine, () => {
    test.skip(launch === undefined, `${engine} is not installed`);
    let browser: Browser;
    test.beforeAll(async () => {
      if (launch) browser = await launch();
    });
    test.afterAll(async () => browser?.close());

    const inContext = async (run: (context: BrowserContext) => Promise<void>) => {
      const context = await browser.newContext();
      await run(context).finally(() => context.close());
    };

    test.describe("what a page sends in its last events is stored", () => {
      test.skip(closings > 0);

      test("while another tab is open", async ({ site }) => {
        await inContext(async (context) => {
          const other = await openPage(context, site, "other");
          await other.evaluate(() => lab.open());
          for (const [i, how] of ALL_WAYS.entries())
            expect(await leave(context, site, `${i}`, how)).toBe("shared-worker");
          await expect
            .poll(async () => promised(await stored(other), ALL_WAYS, engine))
            .toEqual(saidBy(ALL_WAYS, engine));
        });
      });

      test("without SharedWorker, where the worker of another tab hosts", async ({ site }) => {
        await inContext(async (context) => {
          const other = await openPage(context, site, "other");
          await other.evaluate(() => lab.open({ dedicated: true }));
          const ways = ALL_WAYS.map((how) => ({ ...how, dedicated: true }));
          for (const [i, how] of ways.entries()) await leave(context, site, `${i}`, how);
          await expect.poll(async () => promised(await stored(other), ways, engine)).toEqual(saidBy(ways, engine));
          expect(await other.evaluate(() => lab.host())).toMatchObject({ epoch: 1 });
        });
      });

      test("where the service worker hosts", async ({ site }) => {
        await inContext(async (context) => {
          const other = await openPage(context, site, "other");
          await hostInServiceWorker(other);
          const ways = ALL_WAYS.map((how) => ({ ...how, dedicated: true }));
          for (const [i, how] of ways.entries()) expect(await leave(context, site, `${i}`, how)).toBe("service-worker");
          await other.evaluate(() => lab.open({ dedicated: true }));
          const sent = async () => (await stored(other)).filter((body) => body !== "work");
          await expect.poll(async () => promised(await sent(), ways, engine)).toEqual(saidBy(ways, engine));
        });
      });
    });

    test.describe("measured", () => {
      test.skip(closings === 0, "ORIGINMQ_CLOSINGS says how many");
      test.setTimeout(600_000);
      const arrangements = {
        "SharedWorker, another tab open": { dedicated: false, other: true },
        "SharedWorker, the last tab": { dedicated: false, other: false },
        "no SharedWorker, another tab's worker hosts": { dedicated: true, other: true },
        "no SharedWorker, its own worker hosts": { dedicated: true, other: false },
        "the service worker hosts": { dedicated: true, other: false, service: true },
      };
      for (const [named, { dedicated, other, ...more }] of Object.entries(arrangements)) {
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
          await inContext(async (context) => {
            if (other)
              await (await openPage(context, site, "other")).evaluate((own) => lab.open({ dedicated: own }), dedicated);
            const idle = await openPage(context, site, "idle");
            if ("service" in more) await hostInServiceWorker(idle);
            for (let i = 0; i < closings; i++) {
              const how = { ...wayOf(i), dedicated };
              for (const type of ["visibilitychange", "pagehide", ...(how.unloads ? ["unload"] : [])])
                countOf(type, how.way).said++;
              hosts.add(await leave(context, site, `${i}`, how));
            }
            await idle.evaluate((own) => lab.open({ dedicated: own }), dedicated);
            await new Promise((resolve) => setTimeout(resolve, 500));
            for (const body of await stored(idle)) {
              const [page, type] = body.split(" ");
              if (type !== undefined) countOf(type, wayOf(Number(page)).way).stored++;
            }
          });
          const lines = [...counts].map(([key, { stored, said }]) => `${key} ${stored} of ${said}`);
          console.log(`    ${engine}, ${named} (${[...hosts]}): ${lines.join(", ")}`);
          expect(counts.get("pagehide left")?.stored).toBeGreaterThan(0);
        });
      }
    });
  });
}
