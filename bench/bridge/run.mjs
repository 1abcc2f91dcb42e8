// `npm run bench:bridge -- [--rounds 5] [--messages 20000] [--check]`: bridges to JetStream and to an MQTT broker against
// publishes of nats.js and mqtt.js with the same window, in one process of Node, and to JetStream in a worker of a tab; --check
// fails when a target is missed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { ensureBroker } from "../../test/bridge/find-brokers.mjs";
import { roundsOf } from "../command-line.mjs";
import { describeMachine } from "../machine.mjs";
import { inWorker } from "./page.mjs";
import { startBroker, startServer } from "./server.mjs";

/** Of the speed of raw publishes; and of a bridge's time, for local acknowledgements. */
const RATIO_MIN = 0.8;
const ACKS_MAX = 0.15;
const WINDOW = 1_000;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    messages: { type: "string", default: "20000" },
    check: { type: "boolean", default: false },
  },
});
const plan = { rounds: roundsOf(options.rounds), messages: Number(options.messages), window: WINDOW };

/** @typedef {{ raw: number, bridge: number, acks: number }} Times in ms */

/** @param {string} servers @returns {Promise<Times[]>} */
async function inNode(servers) {
  const results = fileURLToPath(new URL("../results/", import.meta.url));
  mkdirSync(results, { recursive: true });
  const folder = mkdtempSync(join(results, "bridge-"));
  try {
    const outfile = join(folder, "node.mjs");
    const entry = fileURLToPath(new URL("node.ts", import.meta.url));
    const external = ["better-sqlite3", "ws", "@nats-io/*", "mqtt"];
    await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", external, outfile });
    const child = spawn(process.execPath, [outfile, JSON.stringify({ ...plan, servers })], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const exited = once(child, "exit").then(() => Promise.reject(new Error("the process has ended without times")));
    exited.catch(() => {});
    const [rounds] = await Promise.race([once(child, "message"), exited]);
    return rounds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {readonly number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** @param {string} name @param {readonly Times[]} rounds @returns {boolean} whether the targets are met */
function report(name, rounds) {
  const perSecond = (/** @type {"raw" | "bridge"} */ which) =>
    Math.round((plan.messages / median(rounds.map((times) => times[which]))) * 1_000);
  const ratio = median(rounds.map(({ raw, bridge }) => raw / bridge));
  const acks = median(rounds.map(({ acks, bridge }) => acks / bridge));
  console.log(
    `| ${name} | ${perSecond("raw").toLocaleString("en")} | ${perSecond("bridge").toLocaleString("en")} | ${ratio.toFixed(2)} | ${Math.round(acks * 100)} % |`,
  );
  return ratio >= RATIO_MIN && acks <= ACKS_MAX;
}

const server = await startServer(ensureBroker("nats-server"));
const broker = await startBroker(ensureBroker("mosquitto"));
try {
  const { processor, cores, loadBefore } = describeMachine(`Node ${process.versions.node}`);
  console.log(`Node ${process.versions.node}, ${processor}, ${cores} cores, load ${loadBefore.toFixed(1)} before\n`);
  console.log(`| ${plan.messages} messages of 240 bytes, window ${WINDOW} | raw/s | bridge/s | ratio | acks |`);
  console.log("|---|--:|--:|--:|--:|");
  const isMet = [
    report("Node, queue in memory, TCP", await inNode(server.url)),
    report("Node, queue in memory, TCP, MQTT", await inNode(broker.url)),
    report("worker of a tab, IndexedDB, WebSocket", await inWorker({ ...plan, servers: server.webSocketUrl })),
  ];
  console.log(`\ntargets: ratio at least ${RATIO_MIN}, local acknowledgements at most ${ACKS_MAX * 100} % of the time`);
  if (options.check && isMet.includes(false)) process.exitCode = 1;
} finally {
  await server.close();
  await broker.close();
}
