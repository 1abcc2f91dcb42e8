// Pages whose policy, or whose kind of frame, keeps workers from starting or from hosting: in Chromium and in Firefox.

import { type Browser, type BrowserContext, firefox, type Page } from "@playwright/test";
import type { Connection } from "../../src/index.js";
import { findFirefox, findWebKit } from "../engines/find-engines.mjs";
import { openWebKit } from "../engines/webkitgtk.mjs";
import { test as base, expect } from "../faults/lab.js";
import type { Site } from "../faults/site.js";

const firefoxPath = findFirefox();
/** One for all tests: to start it takes longer than any of them. */
let launched: Promise<Browser> | undefined;

/** A test of the same name in each engine. */
const test = base.extend<{ engine: "chromium" | "firefox"; place: BrowserContext }>({
  engine: ["chromium", { option: true }],
  place: async ({ engine, context }, use) => {
    if (engine === "chromium") return use(context);
    launched ??= firefox.launch({ channel: "moz-firefox", executablePath: firefoxPath as string });
    const own = await (await launched).newContext();
    await use(own);
    await own.close();
  },
});

test.afterAll(async () => {
  await (await launched)?.close();
  launched = undefined;
});

interface Visit {
  readonly policy?: string;
  readonly from?: string;
}

async function visit(place: BrowserContext, site: Site, { policy = "", from = "" }: Visit): Promise<Page> {
  const page = await place.newPage();
  await page.goto(`${site.origin}/today/?${new URLSearchParams({ policy, from })}`);
  await page.waitForFunction(() => globalThis.lab !== undefined);
  return page;
}

/** Which host there is, or how the opening failed. */
const opened = (page: Page, dedicated = false) =>
  page.evaluate(
    (dedicated) =>
      lab.open({ dedicated }).then(
        (host) => ({ host }),
        ({ code, message }) => ({ code, message }),
      ),
    dedicated,
  );

const TRUSTED = "require-trusted-types-for 'script'";
/** All that a page needs to allow. */
const STRICT = `default-src 'none'; script-src 'self'; worker-src 'self'; ${TRUSTED}; trusted-types originmq`;
/** What the page's scripts say of themselves in each engine is not the same; what to do is. */
const refused = (...parts: string[]) => ({
  code: "unsupported",
  message: expect.stringMatching(new RegExp(parts.map((part) => `(?=.*${part})`).join(""), "s")),
});

for (const engine of ["chromium", "firefox"] as const) {
  test.describe(engine, () => {
    test.use({ engine });
    test.skip(engine === "firefox" && firefoxPath === undefined, "Firefox is not installed");

    for (const policy of [TRUSTED, STRICT]) {
      test(`a page that takes only trusted addresses of scripts opens by the policy originmq: ${policy}`, async ({
        place,
        site,
      }) => {
        expect(await opened(await visit(place, site, { policy }))).toEqual({ host: "shared-worker" });
      });

      test(`so does one without SharedWorker: ${policy}`, async ({ place, site }) => {
        await place.addInitScript("delete globalThis.SharedWorker");
        expect(await opened(await visit(place, site, { policy }))).toEqual({ host: "dedicated-worker" });
      });
    }

    test("where that policy is not allowed it says so, and a worker of the page's own policy or its default policy opens", async ({
      place,
      site,
    }) => {
      const policy = `${TRUSTED}; trusted-types app default`;
      const page = await visit(place, site, { policy });
      expect(await opened(page)).toEqual(
        refused("/today/shared-worker\\.js", "trusted-types originmq", "option worker"),
      );
      // Made without a trusted address: as the application's own function does it.
      expect(await opened(page, true)).toEqual(refused("option worker gives", "trusted-types"));
      const kind = await page.evaluate(async () => {
        const { trustedTypes } = globalThis as unknown as {
          trustedTypes: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } };
        };
        const app = trustedTypes.createPolicy("app", { createScriptURL: (address: string) => address });
        const worker = () => new SharedWorker(app.createScriptURL("/today/shared-worker.js"), { type: "module" });
        const connection = await lab.connect({ database: "own", worker });
        return connection.host?.kind;
      });
      expect(kind).toBe("shared-worker");
      const other = await visit(place, site, { policy });
      await other.evaluate(() => {
        const { trustedTypes } = globalThis as unknown as { trustedTypes: { createPolicy(...args: unknown[]): void } };
        trustedTypes.createPolicy("default", { createScriptURL: (address: string) => address });
      });
      expect(await opened(other)).toEqual({ host: "shared-worker" });
    });

    test("a script from another origin says so, and a copy of the worker on the page's own origin opens", async ({
      place,
      site,
    }) => {
      const page = await visit(place, site, { from: site.otherOrigin });
      const address = `${site.otherOrigin}/today/`;
      expect(await opened(page)).toEqual(refused(`${address}shared-worker\\.js`, "page's own origin", "option worker"));
      const kind = await page.evaluate(async () => {
        const worker = () => new SharedWorker("/today/shared-worker.js", { type: "module" });
        const connection = await lab.connect({ database: "copy", worker });
        return connection.host?.kind;
      });
      expect(kind).toBe("shared-worker");
      await place.addInitScript("delete globalThis.SharedWorker");
      const without = await visit(place, site, { from: site.otherOrigin });
      expect(await opened(without)).toEqual(refused(`${address}dedicated-worker\\.js`, "page's own origin"));
    });

    test("a policy that forbids workers says so, whichever kind of worker was tried and whoever made it", async ({
      place,
      site,
    }) => {
      const page = await visit(place, site, { policy: "worker-src 'none'" });
      expect(await opened(page)).toEqual(refused("/today/shared-worker\\.js", "worker-src"));
      expect(await opened(page, true)).toEqual(refused("option worker gives", "worker-src"));
      await place.addInitScript("delete globalThis.SharedWorker");
      const without = await visit(place, site, { policy: "worker-src 'none'" });
      expect(await opened(without)).toEqual(refused("/today/dedicated-worker\\.js", "worker-src"));
    });

    test("a worker's file that is not there says so, and is tried again by the next opening", async ({
      place,
      site,
    }) => {
      const page = await visit(place, site, {});
      const codes = await page.evaluate(async () => {
        const missing: (() => SharedWorker | Worker)[] = [
          () => new SharedWorker("/today/none.js", { type: "module" }),
          () => new Worker("/today/none.js", { type: "module" }),
          () => {
            throw new Error("no worker today");
          },
        ];
        const codes: string[] = [];
        for (const worker of [...missing, ...missing])
          await lab.connect({ database: "missing", worker }).catch(({ code }) => codes.push(code));
        return codes;
      });
      expect(codes).toEqual(Array(6).fill("unsupported"));
    });

    test("a page of an opaque origin says what it lacks", async ({ place, site }) => {
      const page = await visit(place, site, { policy: "sandbox allow-scripts" });
      expect(await opened(page)).toEqual(refused("Web Locks"));
    });

    test("an opening that asks the browser to keep the data waits for no answer", async ({ place, site }) => {
      const page = await visit(place, site, {});
      await page.evaluate(async () => {
        const connection = await lab.connect({ database: "kept", persist: true });
        Object.assign(globalThis, { connection });
        const queue = await connection.openQueue<string>("q");
        await queue.send("stored meanwhile");
      });
      const persisted = () =>
        page.evaluate(() => (globalThis as unknown as { connection: Connection }).connection.persisted);
      // Firefox asks its user, who is not here.
      if (engine === "firefox") expect(await persisted()).toBeUndefined();
      else await expect.poll(async () => typeof (await persisted())).toBe("boolean");
    });
  });
}

test("WebKitGTK opens by the policy originmq where it knows such policies, and says what a page forbids", async ({
  site,
}) => {
  test.skip(findWebKit() === undefined, "WebKitGTK is not installed");
  const webkit = await openWebKit();
  const openedWith = async (policy: string) => {
    await webkit.visit(`${site.origin}/today/?${new URLSearchParams({ policy })}`);
    await expect.poll(() => webkit.run("return globalThis.lab !== undefined;")).toBe(true);
    return webkit.run("return lab.open().then((host) => ({ host }), ({ code, message }) => ({ code, message }));");
  };
  try {
    expect(await openedWith(STRICT)).toEqual({ host: "shared-worker" });
    expect(await openedWith("worker-src 'none'")).toEqual(refused("/today/shared-worker\\.js", "worker-src"));
  } finally {
    await webkit.close();
  }
});

test("a frame whose SharedWorker has neither locks nor a database opens by its own worker, without waiting", async ({
  context,
  site,
}) => {
  await context.addInitScript(() => {
    const tried: string[] = [];
    Object.assign(globalThis, { tried });
    const watched = <Made extends typeof SharedWorker | typeof Worker>(made: Made, kind: string) =>
      new Proxy(made, {
        construct(target, args, newTarget) {
          tried.push(kind);
          return Reflect.construct(target, args, newTarget);
        },
      });
    globalThis.SharedWorker = watched(SharedWorker, "shared");
    globalThis.Worker = watched(Worker, "dedicated");
    const { postMessage } = BroadcastChannel.prototype;
    // A question for a host is waited for.
    BroadcastChannel.prototype.postMessage = function (message) {
      if (message?.type === "originmq:where") tried.push("ask");
      return postMessage.call(this, message);
    };
  });
  site.pages.set("/around", `<!doctype html><iframe credentialless src="/today/?name=inside"></iframe>`);
  const page = await context.newPage();
  await page.goto(`${site.origin}/around`);
  const frame = page.frames()[1];
  await frame?.waitForFunction(() => globalThis.lab !== undefined);
  const startedAt = performance.now();
  expect(await frame?.evaluate(() => lab.open())).toBe("dedicated-worker");
  console.log(`    opened within ${Math.round(performance.now() - startedAt)} ms`);
  // The client that begins hears so, and the one that takes over asks once more. A worker that is slow to start is looked for again.
  const tried = await frame?.evaluate(() => (globalThis as unknown as { tried: string[] }).tried);
  expect(tried?.slice(0, 3)).toEqual(["shared", "shared", "dedicated"]);
  expect(await frame?.evaluate(async () => (await lab.queue.send("kept")).id)).toEqual(expect.any(String));
});
