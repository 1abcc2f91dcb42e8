// What is measured. Each case does its work once a round; what it prepares and removes is outside of the measured time.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../rounds.mjs";
import { residentBytes } from "./process.mjs";
import { bullmq, crowd, idleServer, inBun, object, rawLog, relay, server } from "./systems.mjs";
import { measureWake } from "./wake.mjs";

/**
 * @typedef {import("./lab.mjs").Lab} Lab
 * @typedef {Record<string, number>} Values by metric: `us` a message, `p50` and `p99` in milliseconds, `bytes`, `heap` of them,
 *   `load` of a core, `first` and `later` in milliseconds
 * @typedef {object} Case
 * @property {string} id
 * @property {string} label
 * @property {(lab: Lab) => Promise<Values>} measure
 * @property {boolean} [isOwn] it measures OriginMQ, and an earlier build of it as well
 * @property {"redis-server"} [needs] a program that has to be there
 * @property {boolean} [isOnDemand] only where `--only` names it
 */

/** @typedef {"relaxed" | "strict"} Durability */

const LATENCY_SAMPLES = 300;
const IDLE = 10_000;
const IDLE_HOLDERS = 2;
const IDLE_LOAD_MS = 5_000;
/** What a process has taken and freed again is not what a connection needs: so many come and go before. */
const IDLE_BEFORE = 500;
/** An object that rests is let go after ten seconds. */
const ASLEEP_MS = 13_000;
const CROWD = 1_000;
const CROWD_MS = 4_000;
const WAKE_WAITING = 100_000;
const WAKE_OBJECTS = 3;

/**
 * @param {import("./systems.mjs").Clients} clients
 * @param {Durability} durability @param {number} batches of 1,000
 * @returns {Promise<Values>}
 */
async function endToEnd({ producer, consumer }, durability, batches) {
  await consumer.ask("consume", { durability });
  const { us } = await producer.ask("endToEnd", { durability, batches, limit: 4 });
  const { handled, distinct } = await consumer.ask("stop");
  if (handled !== batches * 1_000 || distinct !== handled) throw new Error(`${handled} handled, ${distinct} distinct`);
  return { us };
}

/** @type {(durability: Durability) => Case} */
const serverEndToEnd = (durability) => ({
  id: `end-to-end-${durability}`,
  isOwn: true,
  label: `Node server, two Node clients, end to end, ${durability}`,
  measure: async (lab) => endToEnd(await server(lab), durability, 100),
});

/** @type {(durability: Durability, limit: number) => Case} */
const sendBatch = (durability, limit) => ({
  id: `send-batch-x${limit}-${durability}`,
  isOwn: true,
  label: `sendBatch of 1,000, one client, ${limit === 1 ? "one at a time" : `${limit} in flight`}, ${durability}`,
  measure: async (lab) => (await server(lab)).producer.ask("send", { durability, batches: 100, limit }),
});

/** @type {(durability: Durability) => Case} */
const raw = (durability) => ({
  id: `raw-log-${durability}`,
  label: `node:sqlite, 1,000 messages as one row, and one row more, ${durability}`,
  measure: async (lab) => (await rawLog(lab)).ask("write", { durability, batches: 100 }),
});

/** @type {Case} */
const objectEndToEnd = {
  id: "object-end-to-end",
  isOwn: true,
  label: "Durable Object in workerd, two Node clients, end to end",
  measure: async (lab) => endToEnd(await object(lab), "strict", 100),
};

/** @type {Case} */
const bullmqEndToEnd = {
  id: "bullmq",
  label: "BullMQ, Redis, addBulk of 1,000, concurrency 100, AOF every second",
  needs: "redis-server",
  async measure(lab) {
    const { producer, worker } = await bullmq(lab);
    const count = 20_000;
    const ended = worker.ask("until", { count });
    const from = await producer.ask("add", { batches: count / 1_000, limit: 4 });
    return { us: ((await ended) - from) / (count / 1_000) };
  },
};

/** @type {Case} */
const plainjob = {
  id: "plainjob",
  label: "plainjob, Bun, addMany of 1,000, one process",
  measure: async (lab) => (await inBun(lab, "plainjob")).ask("endToEnd", { batches: 20 }),
};

/** @type {Case} */
const bunqueue = {
  id: "bunqueue",
  label: "bunqueue, Bun, addBulk of 1,000, one process",
  measure: async (lab) => (await inBun(lab, "bunqueue")).ask("endToEnd", { batches: 5, limit: 4 }),
};

/** @type {Case} */
const latency = {
  id: "latency",
  isOwn: true,
  label: "send to handler in another client, strict",
  async measure(lab) {
    const { producer, consumer } = await server(lab);
    await consumer.ask("consume", { durability: "strict" });
    await producer.ask("sendSingly", { durability: "strict", count: LATENCY_SAMPLES });
    return (await consumer.ask("stop")).latency;
  },
};

/** @type {Case} */
const twoRoundTrips = {
  id: "two-round-trips",
  label: "bare socket: two round trips and one commit, strict",
  measure: async (lab) => (await relay(lab)).from.ask("twice", { count: LATENCY_SAMPLES }),
};

/** @type {Case} */
const relayed = {
  id: "relay",
  label: "bare socket: client, commit, other client, strict",
  async measure(lab) {
    const { from, to } = await relay(lab);
    await from.ask("relay", { count: LATENCY_SAMPLES });
    return to.ask("arrived");
  },
};

/** @type {Case} */
const idle = {
  id: "idle",
  isOwn: true,
  label: `${IDLE.toLocaleString("en")} idle connections, each`,
  async measure(lab) {
    const { program, clients, url, end } = await idleServer(lab, IDLE_HOLDERS);
    const [first] = clients;
    await first?.ask("open", { url, count: IDLE_BEFORE });
    await first?.ask("close");
    const before = await program.ask("memory");
    await Promise.all(clients.map((one) => one.ask("open", { url, count: IDLE / IDLE_HOLDERS })));
    const after = await program.ask("memory");
    const load = await program.ask("load", { ms: IDLE_LOAD_MS });
    await end();
    const heap = (after.heapUsed - before.heapUsed) / IDLE;
    const resident = (after.rss - after.young - (before.rss - before.young)) / IDLE;
    // What the process had before and did not need went into them: never less than what they are.
    return { bytes: Math.max(heap, resident), heap, load };
  },
};

/** @type {Case} */
const idleInObject = {
  id: "idle-object",
  isOnDemand: true,
  label: `${IDLE.toLocaleString("en")} idle connections of a Durable Object that is at rest, in workerd, each`,
  async measure(lab) {
    const workerd = await lab.startWorkerd({ IDLE_MS: "1000" });
    const url = `${workerd.url}/mq/idle`;
    const clients = await Promise.all(Array.from({ length: IDLE_HOLDERS }, () => lab.start("idle")));
    const open = (/** @type {number} */ count) =>
      Promise.all(clients.map((one) => one.ask("open", { url, count: count / clients.length })));
    await open(IDLE_BEFORE);
    const before = residentBytes(workerd.pid);
    await open(IDLE - IDLE_BEFORE);
    await sleep(ASLEEP_MS);
    const bytes = (residentBytes(workerd.pid) - before) / (IDLE - IDLE_BEFORE);
    await Promise.all(clients.map((one) => one.end()));
    await workerd.close();
    return { bytes };
  },
};

/** @type {Case} */
const disk = {
  id: "disk",
  isOwn: true,
  label: "100,000 messages that wait, on the disk, each",
  async measure(lab) {
    const { program, directory, url, end } = await idleServer(lab, 0);
    const client = await lab.start("client");
    await client.ask("connect", { url });
    await client.ask("send", { durability: "strict", batches: 100, limit: 4, isKept: true });
    await client.end();
    await program.ask("close");
    const bytes = readdirSync(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0);
    await end();
    return { bytes: bytes / 100_000 };
  },
};

/**
 * What all together were answered, and how late each.
 * @param {Lab} lab @param {"paced" | "flatOut"} how @param {object} asked
 */
async function crowdSends(lab, how, asked) {
  const { program, holders } = await crowd(lab, CROWD);
  const sending = holders.map((one) => one.ask(how, { ms: CROWD_MS, ...asked }));
  const load = await program.ask("load", { ms: CROWD_MS });
  const all = await Promise.all(sending);
  const sent = all.reduce((sum, one) => sum + one.sent, 0);
  const p50 = median(all.map((one) => one.p50));
  const p99 = Math.max(...all.map((one) => one.p99));
  return { us: (1_000 * CROWD_MS) / sent, p50, p99, load };
}

/** @type {Case} */
const crowdPaced = {
  id: "crowd-paced",
  label: `${CROWD.toLocaleString("en")} clients, one \`send\` a second each, and one that handles them`,
  async measure(lab) {
    const { p50, p99, load } = await crowdSends(lab, "paced", { everyMs: 1_000 });
    return { p50, p99, load };
  },
};

/** @type {Case} */
const crowdFlatOut = {
  id: "crowd-flat-out",
  label: `${CROWD.toLocaleString("en")} clients, each its next \`send\` once the last was answered, and one that handles them`,
  measure: async (lab) => crowdSends(lab, "flatOut", {}),
};

/** @type {Case} */
const wake = {
  id: "wake",
  label: `Durable Object asleep, ${WAKE_WAITING.toLocaleString("en")} waiting: \`send\`, answered`,
  async measure() {
    const { send } = await measureWake({ waiting: WAKE_WAITING, objects: WAKE_OBJECTS });
    const [first = Number.NaN, ...later] = send;
    return { first, later: median(later) };
  },
};

export const CASES = [
  raw("relaxed"),
  raw("strict"),
  ...[bullmqEndToEnd, plainjob, bunqueue],
  serverEndToEnd("relaxed"),
  serverEndToEnd("strict"),
  objectEndToEnd,
  sendBatch("relaxed", 1),
  sendBatch("relaxed", 4),
  sendBatch("strict", 1),
  sendBatch("strict", 4),
  ...[twoRoundTrips, relayed, latency, disk, crowdPaced, crowdFlatOut, idle, idleInObject, wake],
];
