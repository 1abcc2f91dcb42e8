// The binding to Solid in its next major, which cannot be installed beside the current one: in a project of its own, with
// the packed tarball. Needs a network.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packInto } from "../../scripts/pack.mjs";
import { ROOT } from "../../scripts/package-layout.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { serve } from "../packaging/browser.js";
import { STORE } from "./samples.js";
import { consumesWhatItSends, leavesNothing, listsMore, showsFrames, statsOf, visit } from "./visit.js";

const PACKAGES = ["solid-js@2.0.0-rc.21", "@solidjs/web@2.0.0-rc.21", "vite-plugin-solid@3.0.0-next.27", "vite@8.3.8"];

let folder: string;
let browser: Browser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "solid-2-"));
  const { tarball } = await packInto(join(folder, "package"));
  cpSync(join(ROOT, "test/frameworks/harness/solid-2"), folder, { recursive: true });
  cpSync(join(ROOT, "test/frameworks/harness/flood.ts"), join(folder, "flood.ts"));
  writeFileSync(join(folder, "orders.ts"), STORE);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(
    join(folder, "vite.config.js"),
    'import solid from "vite-plugin-solid";\nexport default { plugins: [solid({ ssr: true })] };\n',
  );
  writeFileSync(
    join(folder, "index.html"),
    '<!doctype html><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="/client.jsx"></script>',
  );
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  execFileSync("npm", ["install", ...quiet, ...PACKAGES, tarball], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  browser = await chromium.launch(browserLaunchOptions());
}, 240_000);
afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const build = (...args: string[]) =>
  execFileSync("npx", ["vite", "build", ...args], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });

test("Solid 2 renders the empty snapshots on a server", async () => {
  build("--ssr", "server.jsx", "--outDir", "server");
  const { render } = (await import(pathToFileURL(join(folder, "server/server.js")).href)) as { render(): string };
  const text = render().replace(/<!--.*?-->|<[^>]*>/g, "");
  expect(text).toContain("opening: 0 waiting, 0 in work, 0 of them here, 0 failed");
});

test("Solid 2 sends, consumes, pauses by a signal, renders once a frame at most, and leaves nothing behind", async () => {
  build();
  const site = await serve(join(folder, "dist"));
  try {
    expect(readFileSync(join(folder, "node_modules/solid-js/package.json"), "utf8")).toContain('"version": "2.');
    await visit(browser, site, async (page) => {
      await consumesWhatItSends(page);
      await page.getByRole("button", { name: "Pause" }).click();
      await expect.poll(async () => (await statsOf(page, "orders")).load.handlers).toBe(0);
      await page.getByRole("button", { name: "Pause" }).click();
      await consumesWhatItSends(page);
      await showsFrames(page);
      await listsMore(page);
      await leavesNothing(page);
    });
  } finally {
    await site.close();
  }
});
