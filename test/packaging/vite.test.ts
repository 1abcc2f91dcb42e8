// What Vite makes of the package without configuration: in development, built, and while its modules are edited.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, createServer, preview } from "vite";
import { describe, expect, inject, test } from "vitest";
import { useBrowser, withServer } from "./browser.js";

const { app } = inject("packed");
const { visit, withPage } = useBrowser();

/** Asks for the package that Node 20 needs, by a name that whoever reads imports finds. */
const NAMES_WS = /import\(\s*(\/\*.*?\*\/\s*)*["'`]ws["'`]\s*\)/s;

const common = (root = app) => ({ root, configFile: false, logLevel: "warn" }) as const;

/** Runs with the address of a development server, which ends with a slash, and what tells which packages it has bundled. */
async function inDevelopment(
  root: string,
  use: (address: string, bundled: () => readonly string[]) => Promise<void>,
): Promise<void> {
  const server = await createServer({ ...common(root), cacheDir: join(root, ".vite"), server: { port: 0 } });
  try {
    await server.listen();
    await use(server.resolvedUrls?.local[0] ?? "", () =>
      Object.keys(server.environments.client?.depsOptimizer?.metadata.optimized ?? {}),
    );
  } finally {
    await server.close();
  }
}

describe("a Vite app without configuration sends and consumes a message", () => {
  test("in development", () =>
    inDevelopment(app, async (address, bundled) => {
      expect(await visit(address)).toEqual([]);
      await withServer(address, async (url) => {
        expect(await visit(`${address}?url=${url}`)).toEqual([]);
      });
      // What is found only once a page asks for it makes Vite reload every page.
      expect(bundled().filter((name) => !name.startsWith("originmq"))).toEqual([]);
      const chunks = readdirSync(join(app, ".vite/deps")).filter((file) => file.endsWith(".js"));
      const named = chunks.filter((file) => NAMES_WS.test(readFileSync(join(app, ".vite/deps", file), "utf8")));
      expect(chunks.length).toBeGreaterThan(5);
      expect(named).toEqual([]);
    }));

  test.each(["index.html", "own-worker.html"])("when built (%s)", async (page) => {
    await build({ ...common(), build: { rolldownOptions: { input: join(app, page) } } });
    const server = await preview({ ...common(), preview: { port: 0 } });
    try {
      const address = new URL(page, server.resolvedUrls?.local[0]).href;
      expect(await visit(address)).toEqual([]);
      await withServer(address, async (url) => {
        expect(await visit(`${address}?url=${url}`)).toEqual([]);
      });
    } finally {
      await server.close();
    }
  });
});

test("of a module that is edited three times while the page is open, only the newest handler works", async () => {
  const root = join(app, "hot");
  const module = join(root, "orders.js");
  const original = readFileSync(module, "utf8");
  const bodies = Array.from({ length: 30 }, (_, i) => i);
  await inDevelopment(root, async (address) => {
    const complaints = await withPage(async (page) => {
      const isEvaluated = (edit: string) => page.waitForFunction((title) => document.title === title, edit);
      await page.goto(address);
      await isEvaluated("original");
      for (const edit of ["original", "first edit", "second edit", "third edit"]) {
        if (edit !== "original") writeFileSync(module, original.replaceAll("original", edit));
        await isEvaluated(edit);
        const handled = await page.evaluate(async (sent) => {
          const { handled, send } = window as unknown as { handled: string[]; send(bodies: number[]): Promise<void> };
          handled.length = 0;
          await send(sent);
          while (handled.length < sent.length) await new Promise((resolve) => setTimeout(resolve, 20));
          return handled;
        }, bodies);
        expect(handled).toEqual(bodies.map((body) => `${edit} ${body}`));
      }
    });
    expect(complaints).toEqual([]);
  });
});
