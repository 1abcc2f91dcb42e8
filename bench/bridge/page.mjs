// Builds, serves and runs `worker.ts` in a page of Chromium.

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright";
import { browserLaunchOptions } from "../../test/browser-launch.mjs";
import { ensureBrowser } from "../../test/find-browser.mjs";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * @param {{ rounds: number, messages: number, window: number, servers: string }} plan
 * @returns {Promise<{ raw: number, bridge: number, acks: number }[]>}
 */
export async function inWorker(plan) {
  const folder = mkdtempSync(join(tmpdir(), "originmq-bench-page-"));
  const workers = ["shared-worker", "dedicated-worker"].map((name) => here(`../../src/${name}.ts`));
  await build({
    entryPoints: [here("worker.ts"), ...workers],
    entryNames: "[name]",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    // Loaded by address, in a runtime that has TCP.
    external: ["ws"],
    outdir: folder,
  });
  const server = createServer(({ url = "/" }, response) => {
    if (url === "/")
      return response
        .setHeader("content-type", "text/html")
        .end("<!doctype html><title>bench</title><link rel=icon href=data:,>");
    response.setHeader("content-type", "text/javascript").end(readFileSync(join(folder, url)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.env.ORIGINMQ_CHROMIUM ??= ensureBrowser().path;
  const browser = await chromium.launch(browserLaunchOptions());
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${port}/`);
    return await page.evaluate(
      (given) =>
        new Promise((resolve, reject) => {
          const worker = new Worker("/worker.js", { type: "module" });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message || "the worker failed"));
          worker.postMessage(given);
        }),
      plan,
    );
  } finally {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
