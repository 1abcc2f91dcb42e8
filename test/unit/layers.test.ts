import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBreaches, findCircles } from "./layer-rules.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const sourceFiles = () =>
  readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts"));

const sources = new Map(sourceFiles().map((path) => [path, readFileSync(join(ROOT, "src", path), "utf8")]));

test("imports in src point down only, from layer to layer and from folder to folder, and the core is pure", () => {
  expect(sources.size).toBeGreaterThan(0);
  expect(findBreaches(sources)).toEqual([]);
});

test("no files in src import each other in a circle, types included", () => {
  expect(findCircles(sources)).toEqual([]);
});

const BREACHES: [path: string, text: string, breach: string][] = [
  ["core/a.ts", 'import { x } from "../store/b.js";', "core imports store/b.ts"],
  ["core/a.ts", 'import type { x } from "../link/b.js";', "core imports link/b.ts"],
  ["core/a.ts", 'import { openDB } from "idb";', "core imports the package idb"],
  ["core/a.ts", 'import { readFile } from "node:fs";', "core imports the package node:fs"],
  ["core/a.ts", 'import { x } from "../codec/b.js";', "core imports codec/b.ts"],
  ["codec/a.ts", 'import { x } from "../store/b.js";', "codec imports store/b.ts"],
  ["codec/a.ts", 'import { pack } from "msgpackr";', "codec imports the package msgpackr"],
  ["client/a.ts", 'import { x } from "../codec/b.js";', "client imports codec/b.ts"],
  ["store/a.ts", 'import { x } from "../link/b.js";', "store imports link/b.ts"],
  ["store/a.ts", 'import { wrap } from "comlink";', "store imports the package comlink"],
  ["link/a.ts", 'export { x } from "../store/b.js";', "link imports store/b.ts"],
  ["link/a.ts", 'export * from "idb";', "link imports the package idb"],
  ["link/a.ts", 'import "../host/b.js";', "link imports host/b.ts"],
  ["host/a.ts", 'import { x } from "../client/b.js";', "host imports client/b.ts"],
  ["host/a.ts", 'import { wrap } from "comlink";', "host imports the package comlink"],
  ["client/a.ts", 'import { x } from "../host/b.js";', "client imports host/b.ts"],
  ["client/a.ts", 'import type { x } from "../store/b.js";', "client imports store/b.ts"],
  ["client/a.ts", 'import { x } from "../index.js";', "client imports index.ts"],
  ["integrations/a.ts", 'import { x } from "../client/b.js";', "integrations imports client/b.ts"],
  ["client/a.ts", 'import { x } from "../wiring/b.js";', "client imports wiring/b.ts"],
  ["host/a.ts", 'import { x } from "../wiring/b.js";', "host imports wiring/b.ts"],
  ["wiring/a.ts", 'import { x } from "../index.js";', "wiring imports index.ts"],
  ["wiring/a.ts", 'import { wrap } from "comlink";', "wiring imports the package comlink"],
  ["server/a.ts", 'import { x } from "../wiring/b.js";', "server imports wiring/b.ts"],
  ["server/a.ts", 'import { wrap } from "comlink";', "server imports the package comlink"],
  ["index.ts", 'import { openDB } from "idb";', "entry imports the package idb"],
  ["index.ts", 'import { x } from "../demo/b.js";', "entry imports ../demo/b.ts, which is outside src/"],
];

describe("a breach is found", () => {
  test.each(BREACHES)("in %s: %s", (path, text, breach) => {
    expect(findBreaches(new Map([[path, text]]))).toEqual([`${path}:1 ${breach}`]);
  });

  test.each([
    ["a dynamic import", 'const x = import("../host/b.js");'],
    ["an import type", 'type X = import("../host/b.js").X;'],
    ["a worker's address", 'new Worker(new URL("../host/b.js", import.meta.url));'],
  ])("behind %s", (_, text) => {
    expect(findBreaches(new Map([["client/a.ts", text]]))).toEqual(["client/a.ts:1 client imports host/b.ts"]);
  });

  test.each([
    ["core/log/a.ts", 'import type { x } from "../state/b.js";', "core/log imports core/state/b.ts"],
    ["core/state/a.ts", 'import { x } from "../commands/b.js";', "core/state imports core/commands/b.ts"],
    ["core/view/a.ts", 'import { x } from "../checkpoint/b.js";', "core/view imports core/checkpoint/b.ts"],
    ["link/rpc/a.ts", 'import { x } from "../finding/b.js";', "link/rpc imports link/finding/b.ts"],
    ["host/engine/a.ts", 'import type { x } from "../clients/b.js";', "host/engine imports host/clients/b.ts"],
    ["host/clients/a.ts", 'import { x } from "../host.js";', "host/clients imports host/host.ts"],
    ["host/election/a.ts", 'import { x } from "../clients/b.js";', "host/election imports host/clients/b.ts"],
    ["client/sending/a.ts", 'import { x } from "../receiving/b.js";', "client/sending imports client/receiving/b.ts"],
    ["core/other/a.ts", 'import { x } from "../spec/b.js";', "core/other imports core/spec/b.ts"],
  ])("against the direction of the folders, in %s: %s", (path, text, breach) => {
    expect(findBreaches(new Map([[path, text]]))).toEqual([`${path}:1 ${breach}`]);
  });

  test("in a folder that is no layer", () => {
    expect(findBreaches(new Map([["shared/a.ts", ""]]))).toEqual(['shared/a.ts:1 "shared" is no layer']);
  });

  test("at its line", () => {
    expect(findBreaches(new Map([["core/a.ts", "\n\nDate.now();"]]))).toEqual(["core/a.ts:3 core is pure: no Date"]);
  });

  test.each([
    ["Date.now()", "Date"],
    ["new Date(0)", "Date"],
    ["Math.random()", "Math.random"],
    ["const { random } = Math", "Math as a value"],
    ["setTimeout(() => {}, 1)", "setTimeout"],
    ["performance.now()", "performance"],
    ["crypto.randomUUID()", "crypto"],
    ["globalThis.x", "globalThis"],
    ["const x = { navigator }", "navigator"],
    ["let port: MessagePort", "MessagePort"],
  ])("in the core: %s", (text, impurity) => {
    expect(findBreaches(new Map([["core/a.ts", text]]))).toEqual([`core/a.ts:1 core is pure: no ${impurity}`]);
  });
});

describe("what is allowed is not a breach", () => {
  test.each([
    ["core/a.ts", 'import { x } from "./b.js"; import { y } from "./spec/b.js";'],
    ["core/spec/a.ts", 'import { x } from "./b.js";'],
    ["core/commands/a.ts", 'import { x } from "../state/b.js"; import type { y } from "../spec/c.js";'],
    ["host/host.ts", 'import { x } from "./clients/b.js"; import { y } from "./engine/b.js";'],
    ["core/a.ts", "interface X { location: string; self(): void } const x = { window: 1 }; x.window; Math.min(1, 2);"],
    ["core/a.ts", "// Date.now() in a comment"],
    ["store/a.ts", 'import { openDB } from "idb"; import type { x } from "../core/b.js";'],
    ["link/a.ts", 'import { wrap } from "comlink"; import { x } from "../core/b.js"; import "../codec/b.js";'],
    ["codec/a.ts", 'import { x } from "../core/b.js"; new Date(0);'],
    ["store/sqlite/a.ts", 'import { x } from "../../codec/b.js"; const y = import("better-sqlite3");'],
    ["host/a.ts", 'import "../core/b.js"; import "../store/b.js"; import "../link/b.js"; Date.now();'],
    ["client/a.ts", 'import "../core/b.js"; import "../link/b.js";'],
    ["integrations/a.ts", 'import { openQueue } from "../index.js";'],
    ["index.ts", 'import "./host/b.js"; import "./client/b.js"; new URL("./shared-worker.js", import.meta.url);'],
  ])("in %s: %s", (path, text) => {
    expect(findBreaches(new Map([[path, text]]))).toEqual([]);
  });
});

describe("a circle is found", () => {
  const circlesIn = (files: Readonly<Record<string, string>>) => findCircles(new Map(Object.entries(files)));

  test("of two files, one of which takes only a type", () => {
    const files = { "core/a.ts": 'import { b } from "./b.js";', "core/b.ts": 'import type { A } from "./a.js";' };
    expect(circlesIn(files)).toEqual([["core/a.ts", "core/b.ts"]]);
  });

  test("of three files in two folders, beside files that only lead to it", () => {
    const files = {
      "core/spec/a.ts": 'export * from "../log/b.js";',
      "core/log/b.ts": 'type C = import("./c.js").C;',
      "core/log/c.ts": 'const a = import("../spec/a.js");',
      "core/view/d.ts": 'import { b } from "../log/b.js";',
    };
    expect(circlesIn(files)).toEqual([["core/log/b.ts", "core/log/c.ts", "core/spec/a.ts"]]);
  });

  test("and none where a file is only imported twice, or starts a worker that imports it", () => {
    const files = {
      "a.ts": 'import "./b.js"; import "./c.js"; new Worker(new URL("./d.js", import.meta.url));',
      "b.ts": 'import "./c.js";',
      "c.ts": "",
      "d.ts": 'import "./a.js";',
    };
    expect(circlesIn(files)).toEqual([]);
  });
});

// The linter reads files, so the breaches are laid out in a folder of its own, under the repository's rules.
describe("the lint rule finds the same breaches", () => {
  const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "layers-"));
    cpSync(join(ROOT, "biome.json"), join(folder, "biome.json"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const lint = (path: string, text: string): string => {
    const file = join(folder, "src", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
    const rules = ["noRestrictedImports", "noRestrictedGlobals"].map((rule) => `--only=style/${rule}`);
    const args = [biome, "lint", "--vcs-enabled=false", "--reporter=json", ...rules, file];
    return spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" }).stdout;
  };

  test.each(BREACHES)("in %s: %s", (path, text) => {
    expect(lint(path, text)).toContain("lint/style/noRestrictedImports");
  });

  test("in the core: Date.now()", () => {
    expect(lint("core/clock.ts", "export const now = Date.now();")).toContain("lint/style/noRestrictedGlobals");
  });

  test("and none in what is allowed", () => {
    const text = 'import { openDB } from "idb";\nimport type { x } from "../core/b.js";\nexport const y: x = openDB();';
    expect(JSON.parse(lint("store/allowed.ts", text)).summary.errors).toBe(0);
  });
});
