// The strict places of docs/contexts.md, in each engine that is installed: a queue is opened there, something is sent to it,
// and a handler gets it; or the refusal says what is missing. A second browser of an engine, private or with its back/forward
// cache, is started for the places that need it alone.

import { type Browser, chromium, firefox } from "@playwright/test";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { findFirefox, findWebKit } from "../engines/find-engines.mjs";
import { openWebKit } from "../engines/webkitgtk.mjs";
import { expect, test } from "../faults/lab.js";
import type { Site } from "../faults/site.js";
import { isInFullRun } from "../runner/in-full-run.mjs";
import { ENGINES, type Engine, type Outcome, PLACES, type Visit } from "./places.js";

/** Goes to an address, in a tab that nobody else has. */
type Go = (address: string) => Promise<unknown>;

const firefoxPath = findFirefox();
const isInstalled = { Chromium: true, Firefox: firefoxPath !== undefined, WebKitGTK: findWebKit() !== undefined };

interface Launched {
  readonly go: Go;
  close(): unknown;
}

const ofPlaywright = async (browser: Browser): Promise<Launched> => {
  const context = await browser.newContext();
  return { go: async (address) => (await context.newPage()).goto(address), close: () => browser.close() };
};

/** A private window is one of a browser that has no others; of Chromium and WebKitGTK every driven window is one. */
const launches: Readonly<Record<Engine, (isPrivate: boolean) => Promise<Launched>>> = {
  Chromium: async () =>
    ofPlaywright(
      await chromium.launch({ ...browserLaunchOptions(), ignoreDefaultArgs: ["--disable-back-forward-cache"] }),
    ),
  Firefox: async (isPrivate) =>
    ofPlaywright(
      await firefox.launch({
        ...{ channel: "moz-firefox", executablePath: firefoxPath as string },
        firefoxUserPrefs: { "browser.privatebrowsing.autostart": isPrivate },
      }),
    ),
  async WebKitGTK() {
    const { visit, close } = await openWebKit();
    return { go: visit, close };
  },
};

/** One browser for all tests: to start it takes longer than any of them. */
const launched = new Map<string, Promise<Launched>>();
test.afterAll(async () => {
  for (const browser of launched.values()) await (await browser).close();
  launched.clear();
});

async function goIn(engine: Engine, isPrivate: boolean): Promise<Go> {
  const isOwn = isPrivate && engine === "Firefox";
  const key = `${engine} ${isOwn}`;
  const browser = launched.get(key) ?? launches[engine](isOwn);
  launched.set(key, browser);
  return (await browser).go;
}

const ASKED = "new URLSearchParams(location.search)";
/** `?name=` is the name of the attempt, `?storage=` and `?without=` as in places.ts. What comes of it is told to the site. */
const TRIES = `<!doctype html><title>tries</title><link rel="icon" href="data:,">
<script>{ const without = ${ASKED}.get("without"); if (without) delete globalThis[without]; }</script>
<script type="module" src="/today/page.js"></script><script type="module">
const { name, isLeft, isCleared, storage = "indexeddb" } = Object.fromEntries(${ASKED});
const tell = (told) => fetch("/seen", { method: "POST", mode: "no-cors", body: JSON.stringify({ name, ...told }) });
const isBack = () => isLeft && sessionStorage.getItem(name) !== null;
try {
  const connection = await lab.connect({ database: name, storage });
  const queue = await connection.openQueue("q");
  queue.consume(({ body }) => tell({ host: connection.host?.kind, body }));
  addEventListener("pageshow", ({ persisted }) => persisted && queue.send("sent"));
  if (isCleared) await fetch("/clear");
  if (isLeft && !isBack()) {
    sessionStorage.setItem(name, "left");
    setTimeout(() => (location.href = "/back"));
  } else await queue.send("sent");
} catch ({ code, message }) {
  tell({ code, message });
}
</script>`;

let attempts = 0;

/** Opens a queue in such a place, and resolves with what it tells. */
async function attempt(site: Site, go: Go, made: Visit): Promise<unknown> {
  const { headers = {}, scriptHeaders = {}, frame, isOfOtherSite, storage, without, isLeft, isCleared } = made;
  const name = `attempt-${++attempts}`;
  site.pages.set("/tries", TRIES);
  site.pages.set(
    "/back",
    "<!doctype html><title>back</title><script>onload = () => setTimeout(() => history.back(), 100)</script>",
  );
  site.headers.set("/tries", headers);
  for (const worker of ["shared", "dedicated"]) site.headers.set(`/today/${worker}-worker.js`, scriptHeaders);
  const asked = new URLSearchParams({
    name,
    ...(storage && { storage }),
    ...(without && { without }),
    ...(isLeft && { isLeft: "1" }),
    ...(isCleared && { isCleared: "1" }),
  });
  const address = `${isOfOtherSite ? site.otherOrigin : site.origin}/tries?${asked}`;
  site.pages.set("/around", `<!doctype html><title>around</title><iframe ${frame} src="${address}"></iframe>`);
  await go(frame === undefined ? address : `${site.origin}/around?${name}`);
  const told = () => site.seen.map((text) => JSON.parse(text)).find((one) => one.name === name);
  await expect.poll(told, { timeout: 20_000 }).toBeDefined();
  const { name: _, ...rest } = told();
  return rest;
}

const expected = (outcome: Outcome) =>
  typeof outcome === "object" && "refused" in outcome
    ? { code: "unsupported", message: expect.stringContaining(outcome.refused) }
    : { host: outcome, body: "sent" };

for (const engine of isInFullRun ? ENGINES.slice(0, 1) : ENGINES) {
  test.describe(engine, () => {
    test.skip(!isInstalled[engine], `${engine} is not installed`);
    for (const { name, outcomes, made } of PLACES) {
      const outcome = outcomes[engine];
      if (made === undefined || outcome === "unknown") continue;
      test(name, async ({ site }) => {
        const go = await goIn(engine, made.isPrivate === true);
        expect(await attempt(site, go, made)).toEqual(expected(outcome));
      });
    }
  });
}
