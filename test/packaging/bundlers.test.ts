// One page, built by each bundler as docs/bundlers.md says, with no more than the line that stands there; and built by none.

import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { describe, expect, inject, test } from "vitest";
import webpack from "webpack";
import { ROOT, STANDALONE_FOLDER } from "../../scripts/package-layout.mjs";
import { serve, useBrowser, withServer } from "./browser.js";

const { app } = inject("packed");
const { visit, withPage } = useBrowser();
const source = join(app, "plain");

const ESBUILD = { absWorkingDir: app, bundle: true, format: "esm", logLevel: "silent" } as const;

/** Each writes the page into a folder. */
const BUILDS: Readonly<Record<string, (out: string) => Promise<unknown>>> = {
  async esbuild(out) {
    cpSync(join(source, "index.html"), join(out, "index.html"));
    await esbuild({ ...ESBUILD, entryPoints: { main: "./plain/main.js", ...WORKER_ENTRIES }, outdir: out });
  },
  async rollup(out) {
    cpSync(join(source, "index.html"), join(out, "index.html"));
    const bundle = await rollup({
      input: { main: join(source, "main.js"), ...WORKER_ENTRIES },
      plugins: [nodeResolve({ browser: true, rootDir: app })],
    });
    await bundle.write({ dir: out, format: "es" });
    await bundle.close();
  },
  async webpack(out) {
    cpSync(join(source, "index.html"), join(out, "index.html"));
    await new Promise<void>((resolve, reject) => {
      const output = { path: out, filename: "main.js" };
      // Minified or not is all one to what is tested here, and half a minute to the test; so with Parcel.
      const optimization = { minimize: false };
      const compiler = webpack({ mode: "production", context: app, entry: "./plain/main.js", output, optimization });
      compiler.run((error, stats) => {
        compiler.close(() => {});
        if (error || stats?.hasErrors()) reject(error ?? new Error(stats?.toString("errors-warnings")));
        else resolve();
      });
    });
  },
  async parcel(out) {
    const parcel = [join(ROOT, "node_modules/parcel/lib/bin.js"), "build", "plain/index.html"];
    execFileSync(process.execPath, [...parcel, "--dist-dir", out, "--no-cache", "--no-source-maps", "--no-optimize"], {
      cwd: app,
      stdio: ["ignore", "ignore", "inherit"],
    });
  },
  async "no bundler, an import map and the files of dist/standalone"(out) {
    cpSync(join(source, "import-map.html"), join(out, "index.html"));
    cpSync(join(source, "main.js"), join(out, "main.js"));
    cpSync(join(app, "node_modules/originmq/dist", STANDALONE_FOLDER), join(out, "originmq"), { recursive: true });
  },
};

/** The line that bundlers need which do not follow `new URL("…", import.meta.url)`. */
const WORKER_ENTRIES = {
  "shared-worker": "originmq/shared-worker",
  "dedicated-worker": "originmq/dedicated-worker",
};

test("where the worker was left out, the error says at which address it is missing, and what to add", async () => {
  const out = join(app, "dist-without-workers");
  await esbuild({ ...ESBUILD, entryPoints: { main: "./plain/main.js" }, outdir: out });
  cpSync(join(source, "index.html"), join(out, "index.html"));
  const server = await serve(out);
  try {
    const complaints = await withPage(async (page) => {
      const told = page.waitForEvent("console", (said) => said.text().startsWith("the worker"));
      await page.goto(server.address);
      await told;
    });
    const message = complaints.find((complaint) => complaint.startsWith("the worker"));
    expect(message).toContain(`could not be started from ${server.address}shared-worker.js`);
    for (const entry of Object.values(WORKER_ENTRIES)) expect(message).toContain(entry);
    expect(message).toContain("docs/bundlers.md");
  } finally {
    await server.close();
  }
});

describe("a page sends and consumes a message, with the package's entries beside it", () => {
  test.each(Object.keys(BUILDS))("built by %s", async (name) => {
    const out = join(app, `dist-${name.split(/\W/, 1)[0]}`);
    await BUILDS[name]?.(out);
    const server = await serve(out);
    try {
      expect(await visit(server.address)).toEqual([]);
      await withServer(server.address, async (url) => {
        expect(await visit(`${server.address}?url=${url}`)).toEqual([]);
      });
    } finally {
      await server.close();
    }
  });
});
