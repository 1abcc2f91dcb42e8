// Threads that fuzz, watched from outside: one that stands still, or needs too much memory, is ended and told of.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";

/**
 * @typedef {import("./job.js").Progress} Progress
 * @typedef {{ target: string, text: string, input: Uint8Array }} Fault
 * @typedef {Progress & { faults: Fault[], kept: readonly Uint8Array[] }} Result
 * @typedef {{ target: string, seed: number, ms: number, corpus: readonly Uint8Array[], keeps?: boolean }} Order
 */

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CORPUS = join(ROOT, "test/fuzz/corpus");
const RESULTS = join(ROOT, "test-results");
/** As in job.ts, which is bundled. */
const HEAD_BYTES = 8;
const INPUT_BYTES_MAX = 128 * 1024;
/** An input that takes longer hangs, if it does so again alone: others may have had the processor. */
const HANG_MS = 1_000;
const WATCH_MS = 100;
/** What it takes at most until the first is tried. */
const START_MS = 30_000;
const SIDE_BY_SIDE = 2;
/** Of a corpus in the repository. */
const CORPUS_BYTES_MAX = 48 * 1024;
const MEMORY_MIB = 512;
/** A thread that has to begin anew so often is left. */
const LIVES = 50;
const NOTHING = { messages: 0, inputs: 0, reached: 0, pool: 0 };

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
const corpusFile = (target) => join(CORPUS, `${target}.txt`);

/** Inputs of use, one a line, in base64. @param {string} target @returns {readonly Uint8Array[]} */
export function readCorpus(target) {
  if (!existsSync(corpusFile(target))) return [];
  const lines = readFileSync(corpusFile(target), "utf8").split("\n").filter(Boolean);
  return lines.map((line) => Buffer.from(line, "base64"));
}

/** @param {string} target @param {readonly Uint8Array[]} inputs the shortest are kept */
function writeCorpus(target, inputs) {
  const lines = [...inputs].sort((a, b) => a.length - b.length).map((one) => Buffer.from(one).toString("base64"));
  let bytes = 0;
  const kept = lines.filter((line) => {
    bytes += line.length + 1;
    return bytes <= CORPUS_BYTES_MAX;
  });
  mkdirSync(CORPUS, { recursive: true });
  writeFileSync(corpusFile(target), kept.map((line) => `${line}\n`).join(""));
}

/**
 * One life of a thread. Resolves with what it found, and whether it ended before its time.
 * @param {Order} order
 * @param {(progress: Progress) => void} onProgress
 * @returns {Promise<Result & { hasEnded: boolean }>}
 */
async function live(order, onProgress = () => {}, hangMs = HANG_MS) {
  const { file, words } = await bundle();
  setFlagsFromString("--expose-gc");
  const shared = new SharedArrayBuffer(HEAD_BYTES + INPUT_BYTES_MAX);
  const head = new Int32Array(shared, 0, 2);
  const worker = new Worker(file, {
    workerData: { keeps: false, ...order, words, shared },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
  });
  /** @type {Fault[]} */
  const faults = [];
  /** @type {Progress} */
  let last = NOTHING;
  const fault = (/** @type {string} */ text, /** @type {Uint8Array} */ input) =>
    void faults.push({ target: order.target, text, input });
  const current = () => new Uint8Array(shared, HEAD_BYTES, head[1]).slice();
  return new Promise((resolve) => {
    let seen = 0;
    let seenAt = performance.now();
    const end = (/** @type {boolean} */ hasEnded, kept = /** @type {readonly Uint8Array[]} */ ([])) => {
      clearInterval(watching);
      void worker.terminate();
      resolve({ ...last, faults, kept, hasEnded });
    };
    const watching = setInterval(() => {
      const now = Atomics.load(head, 0);
      if (now !== seen) {
        seen = now;
        seenAt = performance.now();
      } else if (performance.now() - seenAt > (now === 0 ? START_MS : hangMs)) {
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
const kindOf = ({ target, text }) => `${target} ${text.split("\n").slice(0, 3).join("\n").replace(/\d+/g, "0")}`;

/**
 * One target, until its time is over: in another thread where one has ended.
 * @param {Order} order
 * @param {(progress: Progress) => void} onProgress
 * @returns {Promise<Result>}
 */
async function fuzzOne(order, onProgress) {
  const until = Date.now() + order.ms;
  /** @type {Result} */
  let total = { ...NOTHING, faults: [], kept: [] };
  for (let lives = 0; lives < LIVES; lives++) {
    const before = total;
    const sum = (/** @type {Progress} */ one) => ({
      ...one,
      messages: before.messages + one.messages,
      inputs: before.inputs + one.inputs,
      reached: Math.max(before.reached, one.reached),
    });
    const ms = Math.max(1, until - Date.now());
    const life = await live({ ...order, seed: order.seed + lives, ms }, (one) => onProgress(sum(one)));
    const faults = [];
    for (const one of life.faults) if (await isFault(one)) faults.push(one);
    total = { ...sum(life), faults: [...before.faults, ...faults], kept: life.kept };
    if (!life.hasEnded || life.faults.some(({ text }) => text.startsWith(ENDED)) || Date.now() > until) break;
  }
  return total;
}

/**
 * Tries some inputs of a target.
 * @param {string} target
 * @param {readonly Uint8Array[]} corpus
 * @param {number} [hangMs] one that takes longer hangs
 */
export const replay = (target, corpus, hangMs) => live({ target, seed: 0, ms: 0, corpus }, undefined, hangMs);

/**
 * @param {{ targets: readonly string[], seed: number, ms: number, keeps?: boolean, progress(line: string): void }} options
 * `ms`: for all of them, two side by side.
 */
export async function fuzzAll({ targets, seed, ms, keeps = false, progress }) {
  const waiting = [...targets];
  const each = ms / Math.ceil(targets.length / Math.min(SIDE_BY_SIDE, targets.length));
  /** @type {(Fault & { file: string })[]} */
  const faults = [];
  const total = { messages: 0, inputs: 0, reached: 0 };
  const work = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const name = target;
      const tell = (/** @type {Progress} */ one, mark = "") =>
        progress(
          `${name.padEnd(10)} ${one.messages} messages, ${one.inputs} inputs, ${one.reached} characters of code reached, ${one.pool} in the pool${mark}`,
        );
      let toldAt = performance.now();
      const found = await fuzzOne({ target, seed, ms: each, corpus: readCorpus(target), keeps }, (one) => {
        if (performance.now() - toldAt < 10_000) return;
        toldAt = performance.now();
        tell(one);
      });
      tell(found, ", done");
      total.messages += found.messages;
      total.inputs += found.inputs;
      total.reached += found.reached;
      if (keeps && found.kept.length > 0) writeCorpus(target, found.kept);
      const byKind = new Map(found.faults.map((one) => [kindOf(one), one]));
      for (const one of byKind.values()) faults.push({ ...one, file: keepFault(one) });
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  return { ...total, faults };
}

/** @param {Fault} fault */
function keepFault({ target, input }) {
  const folder = join(RESULTS, "fuzz-faults");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${target}-${createHash("sha256").update(input).digest("hex").slice(0, 12)}`);
  writeFileSync(file, input);
  return relative(ROOT, file);
}
