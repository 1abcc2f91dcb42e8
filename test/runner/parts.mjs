// The parts of `npm test`, in the order in which they run. A tier of tests that is not listed here does not run.

/**
 * @typedef {"vitest" | "playwright"} Runner
 * @typedef {"deno" | "bun" | "node-sqlite" | "better-sqlite3"} Runtime
 * @typedef {object} Part
 * @property {string} name what `npm test -- NAME` runs; for Vitest also the project in vitest.config.ts
 * @property {Runner} runner
 * @property {Runtime} [runtime] what runs it instead of this Node
 * @property {readonly string[]} [projects] the projects in vitest.config.ts, where it is not the one that is called like the part
 * @property {readonly string[]} [only] the test files of these, by parts of their paths
 * @property {string} folder
 * @property {RegExp} files which files of the folder are tests
 * @property {string} about
 * @property {boolean} [browser] needs Chromium
 * @property {boolean} [expected] without tests the run fails; where this is false, it says so and goes on
 * @property {() => boolean} [isInstalled] what it needs may be missing: then it says so and goes on
 * @property {readonly string[]} [inFullRun] the test files of a full run, by parts of their paths; all when the part is named
 * @property {boolean} [onAllCores] its files run side by side on every core: nothing in them needs one to itself
 * @property {boolean} [isPatient] of several parts, this one runs beside the others, with what they leave of the processors
 * @property {boolean} [isWaiting] waits more than it works, and measures nothing: those in a row start with the part before them
 * @property {boolean} [isAlone] measures times: comes last, when nothing runs beside it
 * @property {boolean} [onDemand] runs only when named
 * @property {boolean} [tellsEach] takes so long that each of its tests has a line once it is over
 * @property {number} limitMs when the part is ended and counts as failed
 */

import { findFirefox, findWebKit } from "../engines/find-engines.mjs";

const MINUTE_MS = 60_000;
/** What a full run tries in each further engine; `npm run test:engines` tries everything. */
const ACROSS_ENGINES = ["queue.shared-worker", "bodies", "listening"];

/** What is tried of bridges in runtimes that are no Node. @type {Readonly<Record<string, readonly string[]>>} */
const BRIDGES = { deno: ["bridge/jetstream-target", "bridge/jetstream-source"], bun: ["bridge/jetstream-"] };

/** @type {readonly Part[]} */
export const PARTS = [
  {
    name: "types",
    runner: "vitest",
    folder: "test/types",
    files: /\.test-d\.ts$/,
    about: "what must and must not compile",
    expected: true,
    limitMs: 2 * MINUTE_MS,
  },
  {
    name: "unit",
    runner: "vitest",
    folder: "test/unit",
    files: /\.test\.ts$/,
    about: "one module at a time, in Node",
    expected: true,
    onAllCores: true,
    limitMs: 8 * MINUTE_MS,
  },
  {
    name: "contract",
    runner: "vitest",
    folder: "test/contract",
    files: /\.(memory|sqlite|server|durable-object)\.test\.ts$/,
    about: "one suite over every implementation that runs in Node",
    expected: true,
    limitMs: 4 * MINUTE_MS,
  },
  {
    name: "edge",
    runner: "vitest",
    folder: "test/edge",
    files: /^(?!.*\.long\.).*\.test\.ts$/,
    about: "servers and their clients whose line, process, disk or clock fails, judged by the history checker",
    isWaiting: true,
    expected: true,
    limitMs: 3 * MINUTE_MS,
  },
  {
    name: "edge-long",
    runner: "vitest",
    folder: "test/edge",
    files: /\.long\.test\.ts$/,
    about: "the same for longer, and a thousand clients",
    onDemand: true,
    limitMs: 9 * MINUTE_MS,
  },
  {
    name: "bridge",
    runner: "vitest",
    folder: "test/bridge",
    files: /\.test\.ts$/,
    about: "bridges to real brokers, which are killed, paused and filled",
    browser: true,
    isWaiting: true,
    expected: true,
    limitMs: 3 * MINUTE_MS,
  },
  {
    name: "forward",
    runner: "vitest",
    folder: "test/forward",
    files: /\.test\.ts$/,
    about:
      "the examples that forward to other systems, three of them run against a server; what is missing is installed",
    onDemand: true,
    expected: true,
    limitMs: 5 * MINUTE_MS,
  },
  ...inRuntimes({
    deno: "Deno",
    bun: "Bun",
    "node-sqlite": "a Node with node:sqlite",
    "better-sqlite3": "Node with better-sqlite3 12",
  }),
  {
    name: "property",
    runner: "vitest",
    folder: "test/property",
    files: /^(?!.*\.long\.).*\.test\.ts$/,
    about: "the engine against a model",
    expected: true,
    limitMs: 4 * MINUTE_MS,
  },
  {
    name: "property-long",
    runner: "vitest",
    folder: "test/property",
    files: /\.long\.test\.ts$/,
    about: "a hundred thousand histories with damaged journals",
    onDemand: true,
    tellsEach: true,
    limitMs: 12 * 60 * MINUTE_MS,
  },
  {
    name: "sim",
    runner: "vitest",
    folder: "test/sim",
    files: /\.test\.ts$/,
    about: "seeded worlds with faults",
    expected: true,
    onAllCores: true,
    isPatient: true,
    limitMs: 24 * MINUTE_MS,
  },
  {
    name: "browser",
    runner: "vitest",
    folder: "test/browser",
    files: /\.test\.ts$/,
    about: "real IndexedDB, locks and workers, in Chromium",
    browser: true,
    expected: true,
    limitMs: 7 * MINUTE_MS,
  },
  {
    name: "firefox",
    runner: "vitest",
    folder: "test/browser",
    files: /\.test\.ts$/,
    about: "the browser tests in Firefox, where it is installed",
    inFullRun: ACROSS_ENGINES,
    isInstalled: () => findFirefox() !== undefined,
    limitMs: 5 * MINUTE_MS,
  },
  {
    name: "webkit",
    runner: "vitest",
    folder: "test/browser",
    files: /\.test\.ts$/,
    about: "the browser tests in WebKitGTK, where it is installed",
    inFullRun: ACROSS_ENGINES,
    isInstalled: () => findWebKit() !== undefined,
    isWaiting: true,
    limitMs: 5 * MINUTE_MS,
  },
  {
    name: "packaging",
    runner: "vitest",
    folder: "test/packaging",
    files: /^(?!.*\.long\.).*\.test\.ts$/,
    about: "the packed tarball, checked, and used with every bundler, test environment and runtime",
    browser: true,
    expected: true,
    limitMs: 6 * MINUTE_MS,
  },
  {
    name: "packaging-all",
    runner: "vitest",
    folder: "test/packaging",
    files: /matrix\.long\.test\.ts$/,
    about:
      "the tarball in a fresh project of each bundler and framework, in development and built; writes docs/bundlers.md",
    browser: true,
    expected: true,
    onDemand: true,
    tellsEach: true,
    limitMs: 90 * MINUTE_MS,
  },
  {
    name: "wrangler",
    runner: "vitest",
    folder: "test/packaging",
    files: /wrangler\.long\.test\.ts$/,
    about: "the documented Worker and its configuration, in wrangler",
    expected: true,
    onDemand: true,
    limitMs: 4 * MINUTE_MS,
  },
  {
    name: "frameworks",
    runner: "vitest",
    folder: "test/frameworks",
    files: /^(?!.*\.long\.).*\.test\.ts$/,
    about:
      "queues in components of React, Vue, Svelte, Solid and Angular, rendered on a server and taken up in Chromium",
    browser: true,
    isWaiting: true,
    expected: true,
    limitMs: 5 * MINUTE_MS,
  },
  {
    name: "frameworks-long",
    runner: "vitest",
    folder: "test/frameworks",
    files: /\.long\.test\.ts$/,
    about: "the same built, and as docs/frameworks.md says to begin: fresh applications with the packed tarball",
    browser: true,
    onDemand: true,
    limitMs: 14 * MINUTE_MS,
  },
  {
    name: "examples",
    runner: "vitest",
    folder: "test/examples",
    files: /\.test\.ts$/,
    about: "examples for browsers, as projects of their own that have the packed tarball installed",
    browser: true,
    onDemand: true,
    limitMs: 20 * MINUTE_MS,
  },
  {
    name: "e2e",
    runner: "playwright",
    folder: "test/e2e",
    files: /\.test\.ts$/,
    about: "the built demo in Chromium",
    browser: true,
    expected: true,
    limitMs: 6 * MINUTE_MS,
  },
  {
    name: "faults",
    runner: "playwright",
    folder: "test/faults",
    files: /\.test\.ts$/,
    about: "tabs, workers, builds and storage that fail for real, in Chromium",
    browser: true,
    isWaiting: true,
    expected: true,
    limitMs: 7 * MINUTE_MS,
  },
  {
    name: "recovery",
    runner: "playwright",
    folder: "test/recovery",
    files: /\.test\.ts$/,
    about: "how soon others take over from tabs and hosts that die, in Chromium",
    browser: true,
    isAlone: true,
    expected: true,
    limitMs: 3 * MINUTE_MS,
  },
  {
    name: "contexts",
    runner: "playwright",
    folder: "test/contexts",
    files: /\.test\.ts$/,
    about: "pages that are left, refused, framed or prerendered, in Chromium and the engines that are installed",
    browser: true,
    expected: true,
    limitMs: 5 * MINUTE_MS,
  },
  {
    name: "outbox",
    runner: "playwright",
    folder: "test/outbox",
    files: /\.test\.ts$/,
    about:
      "requests that must arrive, against a real server that fails, in Chromium and the engines that are installed",
    browser: true,
    isWaiting: true,
    expected: true,
    limitMs: 6 * MINUTE_MS,
  },
  {
    name: "docs",
    runner: "playwright",
    folder: "test/docs",
    files: /\.test\.ts$/,
    about: "the documentation's site: links, search, samples, the playground, accessibility",
    browser: true,
    expected: true,
    onDemand: true,
    limitMs: 40 * MINUTE_MS,
  },
  {
    name: "torture",
    runner: "playwright",
    folder: "test/torture",
    files: /\.test\.ts$/,
    about: "load and faults for half a minute; npm run torture for longer",
    browser: true,
    isWaiting: true,
    expected: true,
    limitMs: 4 * MINUTE_MS,
  },
];

/**
 * What each runtime has of its own. A full run has the same suites in workerd, and over memory.
 * @param {Readonly<Record<Runtime, string>>} runtimes
 * @returns {Part[]}
 */
function inRuntimes(runtimes) {
  return /** @type {[Runtime, string][]} */ (Object.entries(runtimes)).map(([runtime, name]) => ({
    name: runtime,
    runner: "vitest",
    runtime,
    projects: ["contract", "unit", ...(runtime in BRIDGES ? ["bridge"] : [])],
    only: [".sqlite.test.", "unit/codec", ...(BRIDGES[runtime] ?? [])],
    folder: "test/contract",
    files: /\.sqlite\.test\.ts$/,
    about: `what lies in the SQLite of ${name}: store, server, queues, and the bytes that are written; in Deno and Bun bridges, too`,
    expected: true,
    onDemand: true,
    limitMs: 4 * MINUTE_MS,
  }));
}
