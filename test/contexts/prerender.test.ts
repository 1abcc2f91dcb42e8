// A page that Chromium renders before anybody opens it (speculation rules). It does so only while no debugger looks on,
// so the browser is a process that nobody drives here, and the pages tell the server what they see.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { expect, test } from "../faults/lab.js";

const LINKS = `<!doctype html><title>links</title><script type="speculationrules">
{ "prerender": [{ "source": "list", "urls": ["/prerendered"], "eagerness": "immediate" }] }
</script><script type="module">
const seen = (text) => fetch("/seen", { method: "POST", body: text });
// Once the other page is ready, this one follows its link.
for (;;) {
  const { isReady } = await (await fetch("/ready")).json();
  if (isReady) break;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
await seen("opens it");
location.href = "/prerendered";
</script>`;

const PRERENDERED = `<!doctype html><title>prerendered</title><script type="module" src="/today/page.js"></script><script type="module">
// One after the other: each may go over a connection of its own.
let telling;
const seen = (text) => (telling = Promise.resolve(telling).then(() => fetch("/seen", { method: "POST", body: text })));
document.addEventListener("prerenderingchange", () => void seen("is opened"), { capture: true });
const state = () => (document.prerendering ? " before" : " after");
await seen("begins" + state());
const queueOf = async () => (await lab.connect({ database: "prerendered" })).openQueue("q");
const opening = queueOf().then(async (queue) => {
  void seen("connected" + state());
  queue.consume(({ body }) => seen("handles " + body + state()));
  await queue.send("one");
});
opening.catch(({ code, message }) => seen("fails " + code + message));
setTimeout(() => void seen("waits" + state()), 700);
</script>`;

test("no host is met and no handler runs in a page before it is opened, and all of it after", async ({ site }) => {
  test.setTimeout(90_000);
  // By the tests before this one.
  site.seen.length = 0;
  site.pages.set("/links", LINKS);
  site.pages.set("/prerendered", PRERENDERED);
  site.pages.set("/ready", JSON.stringify({ isReady: false }));
  const { executablePath, args } = browserLaunchOptions();
  test.skip(executablePath === undefined, "no browser that can be started without Playwright");
  const profile = mkdtempSync(join(tmpdir(), "prerender-"));
  const browser: ChildProcess = spawn(
    executablePath as string,
    ["--headless=new", "--no-sandbox", ...args, `--user-data-dir=${profile}`, `${site.origin}/links`],
    // Its own group of processes: what is started may be a script that starts the browser.
    { stdio: "ignore", detached: true },
  );
  const ended = new Promise((resolve) => browser.once("exit", resolve));
  try {
    await expect.poll(() => site.seen, { timeout: 30_000 }).toContain("waits before");
    expect(site.seen).toEqual(["begins before", "waits before"]);
    site.pages.set("/ready", JSON.stringify({ isReady: true }));
    await expect.poll(() => site.seen, { timeout: 30_000 }).toContain("handles one after");
    expect(site.seen.slice(2)).toEqual(["opens it", "is opened", "connected after", "handles one after"]);
  } finally {
    process.kill(-(browser.pid as number), "SIGKILL");
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
});
