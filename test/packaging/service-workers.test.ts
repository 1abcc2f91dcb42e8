// The service workers of applications, in the browser: as each bundler builds one into a classic script.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { serve, useBrowser } from "./browser.js";
import { BUNDLERS } from "./classic.js";

const { app } = inject("packed");
const { withPage } = useBrowser();

describe("a service worker that is built into a classic script", () => {
  test.each(Object.keys(BUNDLERS))("starts, and has its queue, outbox and entries (%s)", async (bundler) => {
    const out = join(app, `worker-${bundler.replaceAll(/\W+/g, "-")}`);
    mkdirSync(out);
    writeFileSync(join(out, "worker.js"), (await BUNDLERS[bundler]?.(app)) ?? "");
    writeFileSync(join(out, "index.html"), "<!doctype html><title>classic</title>");
    const server = await serve(out);
    try {
      await withPage(async (page) => {
        await page.goto(server.address);
        const answer = await page.evaluate(async () => {
          await navigator.serviceWorker.register("/worker.js", { type: "classic" });
          const { active } = await navigator.serviceWorker.ready;
          const { port1, port2 } = new MessageChannel();
          const answered = new Promise((resolve) => {
            port1.onmessage = ({ data }) => resolve(data);
          });
          active?.postMessage(null, [port2]);
          return answered;
        });
        expect(answer).toEqual({ body: 1, waiting: 0, entries: "classic" });
      });
    } finally {
      await server.close();
    }
  });
});
