// What a user gets: the packed tarball, installed in an app that has Vite and no configuration.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright";
import { build, createServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENTRIES, measure } from "../../scripts/bundles.mjs";
import { packInto } from "../../scripts/pack.mjs";
import { checkTarball } from "../../scripts/pack-check.mjs";
import { ROOT, WORKERS } from "../../scripts/package-layout.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";

let folder: string;
let tarball: string;
let files: string[];
let app: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "packaging-"));
  ({ tarball, files } = await packInto(folder));
  app = join(folder, "app");
  cpSync(join(ROOT, "test/packaging/app"), app, { recursive: true });
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  // Its dependencies come from where they are already, so that the test needs no network.
  const local = Object.keys({ ...dependencies, ...peerDependencies }).map((name) => [
    name,
    `file:${join(ROOT, "node_modules", name)}`,
  ]);
  const manifest = { name: "app", private: true, type: "module", dependencies: { originmq: `file:${tarball}` } };
  Object.assign(manifest.dependencies, Object.fromEntries(local));
  writeFileSync(join(app, "package.json"), JSON.stringify(manifest));
  execFileSync("npm", ["install", "--install-links", "--offline", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: app,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  mkdirSync(join(app, "node_modules"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules/vite"), join(app, "node_modules/vite"), "junction");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tarball", () => {
  test.each(["publint", "attw"] as const)("has nothing that %s finds wrong", (name) => {
    const { ok, output } = checkTarball(name, tarball);
    expect(ok, output).toBe(true);
  });

  test("holds the built package, its licence and its documents, and no sources or tests", () => {
    expect(files).toEqual(
      expect.arrayContaining(["package.json", "README.md", "LICENSE", "CHANGELOG.md", "dist/index.js"]),
    );
    const others = files.filter((file) => !/^dist\/.*\.(js|js\.map|d\.ts)$|^[A-Z]+(\.md)?$|^package\.json$/.test(file));
    expect(others).toEqual([]);
  });

  test.each(WORKERS)("holds %s in one file that imports nothing", (name) => {
    const text = readFileSync(join(app, "node_modules/originmq/dist", `${name}.js`), "utf8");
    expect(text).not.toMatch(/^\s*(import|export)\b.*\bfrom\s*["']|\bimport\s*\(/m);
  });

  const compilers = ["typescript5", "typescript", "typescript7"];

  /** What the compiler says of a project of the app. */
  const compile = (compiler: string, project: string) =>
    spawnSync(process.execPath, [join(ROOT, "node_modules", compiler, "bin/tsc"), "-p", project], { encoding: "utf8" })
      .stdout;

  test.each(compilers)("has types that compile in a strict app which checks its libraries too (%s)", (compiler) => {
    expect(compile(compiler, app)).toBe("");
  });

  // "transactional" is about the application's own IndexedDB: it is nothing without the types of that.
  test.each(
    compilers.flatMap((compiler) =>
      [["es2022", "dom"], ["es2022", "webworker"], ["es2022"]].map((lib) => [compiler, lib] as const),
    ),
  )("has types that compile with %s and no more than %s", (compiler, lib) => {
    const project = join(app, `${compiler}-${lib.join("-")}.json`);
    const compilerOptions = { strict: true, noEmit: true, skipLibCheck: false, types: [], target: "es2022", lib };
    const resolution = { module: "nodenext", moduleResolution: "nodenext" };
    const files = ["any-platform.ts"];
    writeFileSync(project, JSON.stringify({ compilerOptions: { ...compilerOptions, ...resolution }, files }));
    expect(compile(compiler, project)).toBe("");
  });
});

describe("what an app ships stays within its limit, minified and gzipped", () => {
  test.each(ENTRIES)("$name: $limit bytes", async ({ path, limit }) => {
    const { gzipped } = await measure(path);
    expect(gzipped).toBeLessThanOrEqual(limit);
  });
});

describe("a Vite app without configuration sends and consumes a message", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch(browserLaunchOptions());
  });
  afterAll(() => browser?.close());

  /** Opens the page, waits for its message to arrive, and tells what the console complained of. */
  async function visit(address: string): Promise<string[]> {
    const context = await browser.newContext();
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    await page.goto(address);
    await page
      .waitForFunction(() => document.title === "arrived", undefined, { timeout: 15_000 })
      .catch((error: Error) => {
        complaints.push(error.message);
      });
    await context.close();
    return complaints;
  }

  const common = () => ({ root: app, configFile: false, logLevel: "warn" }) as const;

  test("in development", async () => {
    const server = await createServer({ ...common(), server: { port: 0 } });
    try {
      await server.listen();
      expect(await visit(server.resolvedUrls?.local[0] ?? "")).toEqual([]);
    } finally {
      await server.close();
    }
  });

  test.each(["index.html", "own-worker.html"])("when built (%s)", async (page) => {
    await build({ ...common(), build: { rolldownOptions: { input: join(app, page) } } });
    const server = await preview({ ...common(), preview: { port: 0 } });
    try {
      expect(await visit(new URL(page, server.resolvedUrls?.local[0]).href)).toEqual([]);
    } finally {
      await server.close();
    }
  });
});
