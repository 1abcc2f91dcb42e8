// Threads that fuzz, watched from outside: one that stands still, or needs too much memory, is ended and told of.

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";

/**
 * @typedef {import("./job.js").Progress} Progress
 * @typedef {{ target: string, text: string, input: Uint8Array }} Fault
 * @typedef {Progress & { faults: Fault[], kept: readonly Uint8Array[] }} Result
 * @typedef {{ target: string, seed: number, ms: number, corpus: readonly Uint8Array[], keeps?: boolean }} Order
 * @typedef {{ signal?: AbortSignal, hangMs?: number, onProgress?(progress: Progress): void, onFault?(fault: Fault): void }} Watching
 */

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
export const CORPUS = join(ROOT, "test/fuzz/corpus");
export const RESULTS = join(ROOT, "test-results");
/** As in job.ts, which is bundled. */
const HEAD_BYTES = 12;
const INPUT_BYTES_MAX = 128 * 1024;
/** An input that takes longer hangs, if it does so again alone: others may have had the processor. */
const HANG_MS = 1_000;
/** One that does not work, but waits, has this many times as long: it may be that others have the processor. */
const WAITS = 10;
const WATCH_MS = 100;
/** What it takes at most until the first is tried. */
const START_MS = 30_000;
const MEMORY_MIB = 512;
/** A target that hangs so often is left. */
export const HANGS_MAX = 50;
export const NOTHING = { messages: 0, inputs: 0, reached: 0, pool: 0 };

/** @type {Promise<{ file: string, words: readonly string[], names: readonly string[] }> | undefined} */
let bundled;

/** The thread as one file, of which it is told what ran, and the words in it. */
function bundle() {
  bundled ??= (async () => {
    const folder = join(RESULTS, `fuzz-guided-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const outdir = { outdir: folder, outExtension: { ".js": ".mjs" } };
    await build({
      entryPoints: ["thread", "targets"].map((name) => join(ROOT, `test/fuzz/guided/${name}.ts`)),
      ...{ bundle: true, platform: "node", format: "esm", packages: "bundle", external: ["ws", "better-sqlite3"] },
      ...outdir,
    });
    const file = join(folder, "thread.mjs");
    const text = readFileSync(file, "utf8");
    const words = [
      ...new Set([...text.matchAll(/"([\w:.$-]{1,30})"/g)].map(([, word]) => /** @type {string} */ (word))),
    ];
    const { targets } = await import(pathToFileURL(join(folder, "targets.mjs")).href);
    const names = targets.map((/** @type {{ name: string }} */ { name }) => name);
    return { file, words, names };
  })();
  return bundled;
}

export const targetNames = async () => (await bundle()).names;

/** @param {string} target */
export const corpusFile = (target) => join(CORPUS, `${target}.txt`);

/** Inputs of use, one a line, in base64. @param {string} target @returns {readonly Uint8Array[]} */
export function readCorpus(target) {
  if (!existsSync(corpusFile(target))) return [];
  const lines = readFileSync(corpusFile(target), "utf8").split("\n").filter(Boolean);
  return lines.map((line) => Buffer.from(line, "base64"));
}

/**
 * One life of a thread. Resolves with what it found, and whether it ended before its time.
 * @param {Order} order
 * @param {Watching} [watching] `signal`: it ends, with what it has found until then
 * @returns {Promise<Result & { hasEnded: boolean }>}
 */
async function live(order, { signal, hangMs = HANG_MS, onProgress = () => {}, onFault = () => {} } = {}) {
  const { file, words } = await bundle();
  setFlagsFromString("--expose-gc");
  const shared = new SharedArrayBuffer(HEAD_BYTES + INPUT_BYTES_MAX);
  const head = new Int32Array(shared, 0, 3);
  const worker = new Worker(file, {
    workerData: { keeps: false, ...order, words, shared },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
  });
  /** One of each kind. @type {Map<string, Fault>} */
  const faults = new Map();
  /** @type {Progress} */
  let last = NOTHING;
  const fault = (/** @type {string} */ text, /** @type {Uint8Array} */ input) => {
    const found = { target: order.target, text, input };
    if (faults.has(kindOf(found))) return;
    faults.set(kindOf(found), found);
    onFault(found);
  };
  const current = () => new Uint8Array(shared, HEAD_BYTES, head[1]).slice();
  const stop = () => Atomics.store(head, 2, 1);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  return new Promise((resolve) => {
    let seen = 0;
    let seenAt = performance.now();
    let workedUs = process.cpuUsage();
    const end = (/** @type {boolean} */ hasEnded, kept = /** @type {readonly Uint8Array[]} */ ([])) => {
      clearInterval(watching);
      signal?.removeEventListener("abort", stop);
      void worker.terminate();
      resolve({ ...last, faults: [...faults.values()], kept, hasEnded });
    };
    const watching = setInterval(() => {
      const now = Atomics.load(head, 0);
      const limitMs = now === 0 ? START_MS : hangMs;
      const waitedMs = performance.now() - seenAt;
      const { user, system } = process.cpuUsage(workedUs);
      if (now !== seen) {
        seen = now;
        seenAt = performance.now();
        workedUs = process.cpuUsage();
      } else if (waitedMs > limitMs && ((user + system) / 1_000 > limitMs || waitedMs > WAITS * limitMs)) {
        fault(HANGS, current());
        end(true);
      }
    }, WATCH_MS);
    worker.on("message", (/** @type {import("./job.js").Report} */ report) => {
      if (report.type === "fault") return fault(report.text, report.input);
      last = report;
      if (report.type === "progress") return onProgress(report);
      end(false, report.kept);
    });
    worker.on("error", (error) => {
      fault(`${ENDED}: ${error.stack ?? error}`, current());
      end(true);
    });
  });
}

const HANGS = "it takes more than a second";
const ENDED = "the thread has ended";

/** Whether it hangs again, alone: a busy machine may have been what was slow. @param {Fault} fault */
async function isFault({ target, text, input }) {
  if (text !== HANGS) return true;
  for (let left = 2; left > 0; left--) {
    const { faults } = await replay(target, [input]);
    if (faults.length === 0) return false;
  }
  return true;
}

/** What two faults have in common when they are one. @param {Fault} fault */
export const kindOf = ({ target, text }) => `${target} ${text.split("\n").slice(0, 3).join("\n").replace(/\d+/g, "0")}`;

/**
 * One target, until its time is over: in another thread where one has ended.
 * @param {Order} order
 * @param {Required<Omit<Watching, "hangMs">>} watching `onFault`: at once, except of what hangs, which is tried again first
 * @returns {Promise<Progress & { kept: readonly Uint8Array[] }>}
 */
export async function fuzzOne(order, { signal, onProgress, onFault }) {
  const until = Date.now() + order.ms;
  let total = { ...NOTHING, kept: /** @type {readonly Uint8Array[]} */ ([]) };
  let hangs = 0;
  for (let lives = 0; hangs < HANGS_MAX; lives++) {
    const before = total;
    const sum = (/** @type {Progress} */ one) => ({
      ...one,
      messages: before.messages + one.messages,
      inputs: before.inputs + one.inputs,
      reached: Math.max(before.reached, one.reached),
    });
    const life = await live(
      { ...order, seed: order.seed + lives, ms: Math.max(1, until - Date.now()) },
      { signal, onProgress: (one) => onProgress(sum(one)), onFault: (one) => one.text !== HANGS && onFault(one) },
    );
    total = { ...sum(life), kept: life.kept };
    for (const one of life.faults) {
      if (one.text !== HANGS || !(await isFault(one))) continue;
      hangs++;
      onFault(one);
    }
    const isLeft = life.faults.some(({ text }) => text.startsWith(ENDED));
    if (!life.hasEnded || isLeft || signal.aborted || Date.now() > until) break;
  }
  return total;
}

/**
 * Tries some inputs of a target.
 * @param {string} target
 * @param {readonly Uint8Array[]} corpus
 * @param {number} [hangMs] one that takes longer hangs
 */
export const replay = (target, corpus, hangMs = HANG_MS) => live({ target, seed: 0, ms: 0, corpus }, { hangMs });
