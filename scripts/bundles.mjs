// What an app ships of this package: each entry bundled and minified as an app's bundler does it, down to the bytes of
// each module. For `npm run size`, the packaging test, and the test of what may be loaded at all.

import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";
import { BINDINGS, ROOT, SIZE_GOALS, SIZE_LIMITS, WORKERS } from "./package-layout.mjs";

/**
 * @typedef {object} Entry
 * @property {string} name
 * @property {string} path below src/
 * @property {number} limit minified and gzipped, in bytes
 * @property {number} goal
 * @property {() => Promise<Size>} measure
 */

/** What every app ships: a client, or the part of one that sends, and a worker beside it. @type {readonly Entry[]} */
export const ENTRIES = [
  {
    name: "client",
    path: "index.ts",
    limit: SIZE_LIMITS.client,
    goal: SIZE_GOALS.client,
    measure: () => measure("index.ts"),
  },
  {
    name: "send",
    path: "send.ts",
    limit: SIZE_LIMITS.send,
    goal: SIZE_GOALS.send,
    measure: () => measure("send.ts"),
  },
  ...WORKERS.map((name) => ({
    name,
    path: `${name}.ts`,
    limit: SIZE_LIMITS.worker,
    goal: SIZE_GOALS.worker,
    measure: () => measureWorker(name),
  })),
];

/** What comes to a page on top of what it has: the stores that components read, a binding over them, and elements. */
export const ADDED = [
  { name: "store", path: "store.ts", over: "index.ts", limit: SIZE_LIMITS.store },
  { name: "outbox-element", path: "outbox-element.ts", over: "outbox.ts", limit: SIZE_LIMITS.outboxElement },
  ...BINDINGS.map((name) => ({
    name,
    path: `integrations/frameworks/${name}.ts`,
    over: "store.ts",
    limit: SIZE_LIMITS.binding,
  })),
];

/** What a service worker ships, and who uses the outbox: client and host in one. No limit of their own. */
export const WHOLE = [
  { name: "service-worker", path: "service-worker.ts" },
  { name: "outbox", path: "outbox.ts" },
];

/** @type {import("esbuild").BuildOptions & { metafile: true, write: false }} */
const OPTIONS = {
  absWorkingDir: ROOT,
  outdir: "out",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  metafile: true,
  write: false,
};

/**
 * The frameworks, which are the application's. @type {import("esbuild").Plugin}
 */
const FRAMEWORKS_ELSEWHERE = {
  name: "frameworks-elsewhere",
  setup({ onResolve }) {
    onResolve({ filter: /^(react|vue|svelte|solid-js|@angular)/ }, ({ path }) => ({ path, external: true }));
  },
};

/** @type {import("esbuild").Plugin} */
const LAZY_ELSEWHERE = {
  name: "lazy-elsewhere",
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ kind, path }) => (kind === "dynamic-import" ? { path, external: true } : undefined));
  },
};

/**
 * @typedef {object} Size in bytes
 * @property {number} minified
 * @property {number} gzipped each file by itself
 * @property {ReadonlyMap<string, number>} modules minified bytes by path from the root, largest first
 */

/**
 * What is loaded at once: the entry and its static imports, not what it imports when asked. `split`: in files of which
 * what is lazily loaded shares one, as bundlers do; all of that one counts. Otherwise in one file, as if nothing were lazy.
 * `over`: an entry that the page has loaded already, whose files do not count.
 * @param {string} path below src/
 * @param {{ split?: boolean, over?: string | undefined }} [options]
 * @returns {Promise<Size>}
 */
export async function measure(path, { split = true, over } = {}) {
  const entryPoints = Object.entries({ entry: path, ...(over && { over }) });
  const { metafile, outputFiles } = await build({
    ...OPTIONS,
    entryPoints: Object.fromEntries(entryPoints.map(([name, file]) => [name, join(ROOT, "src", file)])),
    splitting: split,
    plugins: split ? [FRAMEWORKS_ELSEWHERE] : [FRAMEWORKS_ELSEWHERE, LAZY_ELSEWHERE],
  });
  const loadedBy = (/** @type {string} */ name) => {
    const loaded = new Set([`out/${name}.js`]);
    for (const file of loaded) {
      for (const { path: imported, kind } of metafile.outputs[file]?.imports ?? []) {
        if (kind === "import-statement") loaded.add(imported);
      }
    }
    return loaded;
  };
  const loaded = loadedBy("entry");
  for (const file of over ? loadedBy("over") : []) loaded.delete(file);
  const files = outputFiles.filter((file) => loaded.has(file.path.slice(ROOT.length).replaceAll("\\", "/")));
  const sum = (/** @type {(contents: Uint8Array) => number} */ size) =>
    files.reduce((total, { contents }) => total + size(contents), 0);
  const modules = [...loaded]
    .flatMap((file) => Object.entries(metafile.outputs[file]?.inputs ?? {}))
    .map(([module, { bytesInOutput }]) => /** @type {const} */ ([module, bytesInOutput]))
    .sort(([, a], [, b]) => b - a);
  return {
    minified: sum((contents) => contents.length),
    gzipped: sum((contents) => gzipSync(contents, { level: 9 }).length),
    modules: new Map(modules),
  };
}

/**
 * Entries ready to be copied, what they share in files of its own. Minified by Terser: measured, its output is a twentieth
 * smaller, gzipped, than that of esbuild.
 * @param {readonly string[]} entries by name
 * @param {{ split?: boolean }} [options] `split`: what is loaded later is in files of its own; where there are several entries it is
 * @returns {Promise<{ name: string, text: string }[]>}
 */
export async function bundleMinified(entries, { split = entries.length > 1 } = {}) {
  const { outputFiles } = await build({
    ...OPTIONS,
    minify: false,
    entryPoints: entries.map((name) => join(ROOT, "src", `${name}.ts`)),
    splitting: split,
    logLevel: "warning",
  });
  return Promise.all(
    outputFiles.map(async ({ path, text }) => {
      const options = { module: true, ecma: /** @type {const} */ (2020), compress: { passes: 3 } };
      const { code = "" } = await minify(text, options);
      return { name: basename(path), text: code };
    }),
  );
}

/**
 * A worker as it is shipped: one file.
 * @param {string} name
 * @returns {Promise<Size>}
 */
export async function measureWorker(name) {
  const [{ modules }, files] = await Promise.all([measure(`${name}.ts`), bundleMinified([name])]);
  const contents = Buffer.from(files.map(({ text }) => text).join(""));
  return { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length, modules };
}

/**
 * What a module imports, directly or not, by paths from the root, itself included: `atOnce`, whether a bundler can leave
 * parts of it out or not, and `whenAsked`, which are the modules that are imported dynamically.
 * @param {string} path below src/
 * @returns {Promise<{ atOnce: string[], whenAsked: string[] }>}
 */
export async function importsOf(path) {
  const { metafile } = await build({ ...OPTIONS, entryPoints: [join(ROOT, "src", path)] });
  const atOnce = new Set([`src/${path}`]);
  /** @type {Set<string>} */
  const whenAsked = new Set();
  for (const module of atOnce) {
    for (const { path: imported, kind, external } of metafile.inputs[module]?.imports ?? []) {
      if (external) continue;
      (kind === "dynamic-import" ? whenAsked : atOnce).add(imported);
    }
  }
  return { atOnce: [...atOnce], whenAsked: [...whenAsked] };
}
