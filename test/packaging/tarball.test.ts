// What a user gets: the packed tarball, its types, and how much of it an app ships.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, inject, test } from "vitest";
import { ADDED, ENTRIES, measure } from "../../scripts/bundles.mjs";
import { checkTarball } from "../../scripts/pack-check.mjs";
import {
  BINDINGS,
  ROOT,
  SIZE_LIMITS,
  STANDALONE,
  STANDALONE_ALONE,
  STANDALONE_FOLDER,
  WORKERS,
} from "../../scripts/package-layout.mjs";

const { tarball, files, app } = inject("packed");
const dist = join(app, "node_modules/originmq/dist");

/** The files that a page without a bundler loads at once for an entry, and what each of them imports. */
function loadedBy(name: string): { readonly text: string; readonly imports: readonly string[] }[] {
  const paths = new Set([`./${name}.js`]);
  const loaded = [];
  for (const path of paths) {
    const text = readFileSync(join(dist, STANDALONE_FOLDER, path), "utf8");
    const imports = [...text.matchAll(/(?:^|;)import(?:[^"();]*from)?"([^"]+)"/g)].map(
      ([, imported]) => imported ?? "",
    );
    for (const imported of imports) paths.add(imported);
    loaded.push({ text, imports });
  }
  return loaded;
}

/** What the compiler says of a project of the app. */
const compile = (compiler: string, project: string) =>
  spawnSync(process.execPath, [join(ROOT, "node_modules", compiler, "bin/tsc"), "-p", project], { encoding: "utf8" })
    .stdout;

describe("the tarball", () => {
  test.each(["publint", "attw"] as const)("has nothing that %s finds wrong", (name) => {
    const { ok, output } = checkTarball(name, tarball);
    expect(ok, output).toBe(true);
  });

  test("holds the built package, its licence and its documents, and no sources or tests", () => {
    expect(files).toEqual(
      expect.arrayContaining([
        "package.json",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "SKILL.md",
        "llms.txt",
        "dist/index.js",
      ]),
    );
    const others = files.filter(
      (file) => !/^dist\/.*\.(js|js\.map|d\.ts)$|^[A-Z]+(\.md)?$|^llms\.txt$|^package\.json$/.test(file),
    );
    expect(others).toEqual([]);
  });

  test.each(WORKERS)("holds %s in one file that imports nothing", (name) => {
    const text = readFileSync(join(dist, `${name}.js`), "utf8");
    expect(text).not.toMatch(/^\s*(import|export)\b.*\bfrom\s*["']|\bimport\s*\(/m);
  });

  test.each([...STANDALONE, ...STANDALONE_ALONE, ...WORKERS])(
    "holds %s in files that import nothing but each other",
    (name) => {
      for (const { imports } of loadedBy(name)) expect(imports.filter((path) => !path.startsWith("./"))).toEqual([]);
    },
  );

  test("refuses no application: every package that it may be used with is optional, and of any version", () => {
    const { peerDependencies, peerDependenciesMeta } = JSON.parse(
      readFileSync(join(app, "node_modules/originmq/package.json"), "utf8"),
    );
    for (const [name, range] of Object.entries(peerDependencies))
      expect([name, range, peerDependenciesMeta[name]]).toEqual([name, "*", { optional: true }]);
  });

  test("names its entries once more for who does not read `exports`", () => {
    const { alias, exports: entries } = JSON.parse(
      readFileSync(join(app, "node_modules/originmq/package.json"), "utf8"),
    );
    const named = Object.entries<{ default?: string }>(entries).filter(([path]) => !/^\.$|\.json$/.test(path));
    expect(alias).toEqual(Object.fromEntries(named.map(([path, conditions]) => [path, conditions.default])));
  });

  const compilers = ["typescript5", "typescript", "typescript7"];

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

describe("the bindings", () => {
  /** The names in an entry's types. */
  const exportsOf = (name: string) =>
    [...readFileSync(join(dist, `${name}.d.ts`), "utf8").matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(
      ([, names = ""]) => names.split(",").map((exported) => exported.trim()),
    );

  test("say to a server's renderer that they are for clients, in React", () => {
    const text = readFileSync(join(dist, "react.js"), "utf8");
    expect(text).toMatch(/^"use client";/);
    // Which Next refuses in such a module.
    expect(text).not.toMatch(/^export \*/m);
    expect(exportsOf("react")).toEqual(expect.arrayContaining(exportsOf("store")));
  });

  test("have types that go with those of their frameworks", () => {
    const project = join(app, "bindings.json");
    const compilerOptions = { strict: true, noEmit: true, skipLibCheck: true, types: [], target: "es2022" };
    const resolution = { module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"] };
    writeFileSync(
      project,
      JSON.stringify({ compilerOptions: { ...compilerOptions, ...resolution }, files: ["bindings.ts"] }),
    );
    expect(compile("typescript", project)).toBe("");
  });

  test("take nothing along but the stores: the frameworks are the application's", () => {
    for (const name of BINDINGS) {
      const text = readFileSync(join(dist, "integrations/frameworks", `${name}.js`), "utf8");
      const imported = [...text.matchAll(/from "([^"]+)"/g)].map(([, path]) => path ?? "");
      expect(imported.filter((path) => path.startsWith("."))).toEqual([]);
      expect(imported.length).toBeGreaterThan(0);
    }
  });
});

describe("what an app ships stays within its limit, minified and gzipped", () => {
  const added = ADDED.map((entry) => ({ ...entry, measure: () => measure(entry.path, { over: entry.over }) }));
  test.each([...ENTRIES, ...added])("$name: $limit bytes", async ({ measure: measureEntry, limit }) => {
    const { gzipped } = await measureEntry();
    expect(gzipped).toBeLessThanOrEqual(limit);
  });

  test.each([
    ["index", SIZE_LIMITS.standalone],
    ...WORKERS.map((name) => [name, SIZE_LIMITS.worker] as const),
  ] as const)("%s without a bundler, all files that it loads at once: %i bytes", (name, limit) => {
    const files = loadedBy(name).map(({ text }) => gzipSync(text, { level: 9 }).length);
    expect(files.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(limit);
  });
});
