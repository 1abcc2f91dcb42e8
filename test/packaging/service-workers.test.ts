// The service workers of applications, in the browser: as each bundler builds one into a classic script, and as the tools
// build it that list what it keeps for a start without a network.

import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import { describe, expect, inject, test } from "vitest";
import { injectManifest } from "workbox-build";
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

const pwa = join(app, "pwa");

/** Each builds the application into a folder, its service worker included. */
const TOOLS: Readonly<Record<string, (out: string) => Promise<unknown>>> = {
  "vite-plugin-pwa, injectManifest": (out) =>
    vite({
      root: pwa,
      configFile: false,
      logLevel: "error",
      build: { outDir: out },
      plugins: [VitePWA({ strategies: "injectManifest", srcDir: "src", filename: "sw.js" })],
    }),
  async "workbox-build, injectManifest"(out) {
    const common = { absWorkingDir: app, bundle: true, minify: true, logLevel: "silent" } as const;
    const entryPoints = {
      "src/main": "./pwa/src/main.js",
      "src/shared-worker": "originmq/shared-worker",
      "src/dedicated-worker": "originmq/dedicated-worker",
    };
    await esbuild({ ...common, entryPoints, outdir: out, format: "esm" });
    cpSync(join(pwa, "index.html"), join(out, "index.html"));
    await esbuild({ ...common, entryPoints: ["./pwa/src/sw.js"], outfile: join(out, "sw-source.js"), format: "iife" });
    await injectManifest({
      swSrc: join(out, "sw-source.js"),
      swDest: join(out, "sw.js"),
      globDirectory: out,
      globIgnores: ["sw*.js"],
    });
  },
};

describe("an application starts without a network, and what it saves then arrives once when there is one", () => {
  test.each(Object.keys(TOOLS))("built by %s", async (tool) => {
    const out = join(app, `pwa-${tool.split(",", 1)[0]}`);
    await TOOLS[tool]?.(out);
    const site = await serve(out);
    try {
      await withPage(async (page) => {
        const isStarted = (starts: number) =>
          page.waitForFunction((title) => document.title === title, `started ${starts}`, { timeout: 20_000 });
        await page.goto(site.address);
        await isStarted(1);

        await site.close();
        await page.context().setOffline(true);
        await page.reload();
        await isStarted(2);
        const answer = await page.evaluate(async () => {
          const { status } = await fetch("/api/notes", { method: "POST", body: "kept" });
          return status;
        });
        expect(answer).toBe(202);
        expect(site.posted).toEqual([]);

        await site.open();
        await page.context().setOffline(false);
        await expect.poll(() => site.posted, { timeout: 30_000 }).toEqual(["kept"]);
      });
    } finally {
      await site.close();
    }
  });
});
