// What grows with the number of queues, and what with the number of subscriptions; and what groups cost the engine alone.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * @typedef {import("./builds.mjs").Build} Build
 * @typedef {object} Figure
 * @property {string} what
 * @property {(build: Build) => Promise<number> | number} measure
 * @property {(value: number) => string} show
 * @property {number} [atMost]
 * @property {number} [atLeast]
 * @property {number} [atMostOfBefore] as a share of what the build before needs
 */

const OTHERS = 10_000;
const IDLE = 5_000;
const SENDS = 300;
const NOW = 1_700_000_000_000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
let databases = 0;

/** @param {Build} build @param {number} others @returns a connection to a host of its own that holds so many queues besides "q" */
async function withQueues({ connect }, others) {
  const connection = await connect({ storage: "memory", database: `many-${++databases}` });
  const queue = await connection.openQueue("q", { maxMessages: 1_000_000 });
  for (let i = 0; i < others; i += 500) {
    const opening = Array.from({ length: Math.min(500, others - i) }, (_, k) => connection.openQueue(`other-${i + k}`));
    for (const other of await Promise.all(opening)) await other.close();
  }
  return { connection, queue };
}

/** @param {Awaited<ReturnType<typeof withQueues>>} lab @returns milliseconds of one send after the other, the median */
async function sendMs({ queue }) {
  const times = [];
  for (let i = 0; i < SENDS; i++) {
    const from = performance.now();
    await queue.send(i);
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[SENDS >> 1] ?? 0;
}

/** @param {Build} build */
async function sendBesideOthers(build) {
  const alone = await withQueues(build, 0);
  const beside = await withQueues(build, OTHERS);
  // In turn, so that the machine is the same for both.
  const ratios = [];
  for (let i = 0; i < 3; i++) ratios.push((await sendMs(beside)) / (await sendMs(alone)));
  await alone.connection.close();
  await beside.connection.close();
  return ratios.sort((a, b) => a - b)[1] ?? 0;
}

/** @param {Build} build */
async function bytesOfAnIdleQueue(build) {
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const empty = await withQueues(build, 0);
  const before = heap();
  const full = await withQueues(build, IDLE);
  const bytes = (heap() - before) / IDLE;
  await empty.connection.close();
  await full.connection.close();
  return bytes;
}

/** @param {Build} build @param {any} state @param {any} command */
function run({ decide, apply }, state, command) {
  const { changes } = decide(state, command, NOW);
  for (const change of changes) apply(state, change, NOW);
  return changes;
}

/** @param {Build} build */
function checkpointPieces(build) {
  const state = build.createState();
  for (let i = 0; i < 3_000; i++) {
    const segments = [{ count: 1, priority: 4 }];
    run(build, state, { type: "send", queue: `q${i}`, atomic: true, segments, sizes: [100] });
  }
  return [...build.encodeCheckpoint(state)].length;
}

/** @param {Build} build */
function publishedBytes(build) {
  const state = build.createState();
  for (let i = 0; i < 100; i++) run(build, state, { type: "subscribe", topic: "t", subscription: `s${i}` });
  const segments = [{ count: 1_000, priority: 4 }];
  const sizes = Array.from({ length: 1_000 }, () => 10);
  return JSON.stringify(run(build, state, { type: "publish", topic: "t", segments, sizes })).length;
}

/** @param {Build} build */
async function publishMs({ connect }) {
  const connection = await connect({ storage: "memory", database: `many-${++databases}` });
  const topic = await connection.openTopic("t");
  for (let i = 0; i < 100; i++) await topic.subscription(`s${i}`);
  const items = Array.from({ length: 1_000 }, (_, body) => ({ body }));
  const from = performance.now();
  await topic.publishBatch(items);
  const ms = performance.now() - from;
  await connection.close();
  return ms;
}

const BATCH = 1_000;
/** Batches that are handed out and not yet acknowledged. */
const UNDER_WAY = 4;

/**
 * Processor time of the decisions for so many batches, each sent, handed out whole and acknowledged in two parts. By the
 * processor, not the clock, and on strings that came as a request's do.
 * @param {Build} build @param {boolean} isGrouped each message in a group of its own
 */
function decisionsMs(build, isGrouped, batches = 100) {
  const state = build.createState();
  run(build, state, { type: "configure", queue: "q", settings: { maxMessages: 1_000_000 } });
  const sizes = Array.from({ length: BATCH }, () => 240);
  const segments = [{ count: BATCH, priority: 4 }];
  let us = 0;
  for (let i = 0; i < batches + UNDER_WAY; i++) {
    const names = Array.from({ length: BATCH }, (_, k) => `customer ${i * BATCH + k}`);
    const groups = structuredClone(isGrouped ? { groups: names } : {});
    const from = process.cpuUsage();
    if (i < batches) {
      run(build, state, { type: "send", queue: "q", atomic: true, segments, sizes, ...groups });
      run(build, state, { type: "deliver", queue: "q", client: "c", grant: `${i}`, mode: "consume", max: BATCH });
    }
    const done = i - UNDER_WAY;
    for (let part = 0; part < 2 && done >= 0; part++) {
      const seqs = [done * BATCH + 1 + (part * BATCH) / 2, BATCH / 2];
      const settlements = [{ grant: `${done}`, seqs, verdict: { type: "ack" } }];
      run(build, state, { type: "settle", client: "c", settlements, jitter: 0 });
    }
    const { user, system } = process.cpuUsage(from);
    us += user + system;
  }
  const { acked } = state.queues.get("q").counters;
  if (acked !== batches * BATCH) throw new Error(`${acked} messages were acknowledged`);
  return us / 1_000;
}

/** @param {Build} build */
function groupsOfPlain(build) {
  const ratios = [];
  for (let i = 0; i < 9; i++) ratios.push(decisionsMs(build, false) / decisionsMs(build, true));
  return ratios.sort((a, b) => a - b)[4] ?? 0;
}

const times = (/** @type {number} */ value) => `${value.toFixed(2)} times`;
const bytes = (/** @type {number} */ value) => `${Math.round(value).toLocaleString("en")} B`;
const ms = (/** @type {number} */ value) => `${value.toFixed(1)} ms`;

/** @type {readonly Figure[]} */
export const FIGURES = [
  {
    what: `one send beside ${OTHERS.toLocaleString("en")} other queues, of one alone`,
    measure: sendBesideOthers,
    show: times,
    atMost: 1.3,
  },
  {
    what: "heap of an idle queue, host and client in one process",
    measure: bytesOfAnIdleQueue,
    show: bytes,
    atMost: 2_048,
  },
  { what: "pieces of a checkpoint of 3,000 queues", measure: checkpointPieces, show: String, atMost: 60 },
  {
    what: "100,000 groups of one: the host's decisions, as fast as without groups",
    measure: groupsOfPlain,
    show: times,
    atLeast: 0.7,
  },
  {
    what: "publishBatch of 1,000 alike to 100 subscriptions: journal",
    measure: publishedBytes,
    show: bytes,
    atMostOfBefore: 1 / 50,
  },
  {
    what: "publishBatch of 1,000 alike to 100 subscriptions: time",
    measure: publishMs,
    show: ms,
    atMostOfBefore: 1 / 20,
  },
];
