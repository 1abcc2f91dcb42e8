// All targets, side by side and in turns, and what they have found together.

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { CORPUS, corpusFile, fuzzOne, HANGS_MAX, kindOf, NOTHING, RESULTS, ROOT, readCorpus } from "./run.mjs";

/**
 * @typedef {import("./job.js").Progress} Progress
 * @typedef {import("./run.mjs").Fault} Fault
 * @typedef {Fault & { file: string }} KeptFault
 */

const SIDE_BY_SIDE = 2;
/** How long it is a target's turn where not the time is given, but the number of messages. */
const TURN_MS = 60_000;
const TELL_MS = 10_000;
/** Of a corpus in the repository. */
const CORPUS_BYTES_MAX = 48 * 1024;

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

/** @param {Fault} fault */
function keepFault({ target, input }) {
  const folder = join(RESULTS, "fuzz-faults");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${target}-${createHash("sha256").update(input).digest("hex").slice(0, 12)}`);
  writeFileSync(file, input);
  return relative(ROOT, file);
}

/** @param {Progress} one @param {Progress} other @returns {Progress} one after the other */
const added = (one, other) => ({
  messages: one.messages + other.messages,
  inputs: one.inputs + other.inputs,
  reached: Math.max(one.reached, other.reached),
  pool: other.pool,
});

/** What was tried, by target: also of turns that are under way. */
function createTally() {
  /** @type {Map<string, Progress>} */
  const over = new Map();
  /** @type {Map<string, Progress>} */
  const now = new Map();
  const of = (/** @type {string} */ target) => over.get(target) ?? NOTHING;
  return {
    of: (/** @type {string} */ target) => now.get(target) ?? of(target),
    go: (/** @type {string} */ target, /** @type {Progress} */ turn) => void now.set(target, added(of(target), turn)),
    end(/** @type {string} */ target, /** @type {Progress} */ turn) {
      over.set(target, added(of(target), turn));
      now.delete(target);
    },
    total: (/** @type {"messages" | "inputs" | "reached"} */ what) =>
      [...new Map([...over, ...now]).values()].reduce((sum, one) => sum + one[what], 0),
  };
}

/** @param {readonly string[]} targets @param {boolean} isOnce each in its turn, once or for ever */
function* turns(targets, isOnce) {
  do yield* targets;
  while (!isOnce);
}

/**
 * All targets, two side by side, for so long; or until so many messages were tried, in turns, each from what it reached in its
 * last. Resolves with what ran and what it found, also when `signal` ends it.
 * @param {object} options
 * @param {readonly string[]} options.targets
 * @param {number} options.seed
 * @param {number} [options.ms]
 * @param {number} [options.messages]
 * @param {boolean} options.keeps
 * @param {AbortSignal} options.signal
 * @param {(line: string) => void} options.onProgress
 * @param {(fault: KeptFault) => void} options.onFault each as soon as it is known, one of each kind
 */
export async function fuzzAll({ targets, seed, ms = 0, messages, keeps, onProgress, onFault, ...options }) {
  const isOnce = messages === undefined;
  const side = Math.min(SIDE_BY_SIDE, targets.length);
  const turnMs = isOnce ? ms / Math.ceil(targets.length / side) : TURN_MS;
  const enough = new AbortController();
  const signal = AbortSignal.any([options.signal, enough.signal]);
  const corpora = new Map(targets.map((target) => [target, readCorpus(target)]));
  const tally = createTally();
  /** @type {Map<string, KeptFault>} */
  const faults = new Map();
  const hear = (/** @type {Fault} */ fault) => {
    if (faults.has(kindOf(fault))) return;
    const kept = { ...fault, file: keepFault(fault) };
    faults.set(kindOf(fault), kept);
    onFault(kept);
  };
  const tell = (/** @type {string} */ target) => {
    const { messages, inputs, reached, pool } = tally.of(target);
    onProgress(
      `${target.padEnd(10)} ${messages} messages, ${inputs} inputs, ${reached} characters of code reached, ${pool} in the pool; ${tally.total("messages")} messages in all, ${faults.size} faults`,
    );
  };
  let started = 0;
  const queue = turns(targets, isOnce);
  const work = async () => {
    for (let next = queue.next(); !next.done && !signal.aborted; next = queue.next()) {
      const target = next.value;
      let toldAt = performance.now();
      const onTurn = (/** @type {Progress} */ turn) => {
        tally.go(target, turn);
        if (messages !== undefined && tally.total("messages") >= messages) enough.abort();
        if (performance.now() - toldAt < TELL_MS) return;
        toldAt = performance.now();
        tell(target);
      };
      const found = await fuzzOne(
        {
          ...{ target, ms: turnMs, corpus: corpora.get(target) ?? [], keeps: keeps || !isOnce },
          seed: seed + started++ * HANGS_MAX,
        },
        { signal, onProgress: onTurn, onFault: hear },
      );
      tally.end(target, found);
      if (found.kept.length > 0) corpora.set(target, found.kept);
      if (keeps && found.kept.length > 0) writeCorpus(target, found.kept);
      tell(target);
    }
  };
  await Promise.all(Array.from({ length: side }, work));
  const [count, inputs, reached] = /** @type {const} */ (["messages", "inputs", "reached"]).map(tally.total);
  return { messages: count, inputs, reached, faults: [...faults.values()] };
}
