// How long a Durable Object that sleeps takes to answer, with many messages waiting in it: from the call of a client that has
// stayed connected to its answer. `node bench/edge/wake.mjs [--waiting 100000] [--objects 5]` prints the times, in milliseconds.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Below this package, so that what is built there finds its dependencies. */
const BUILT = join(ROOT, "node_modules/.cache/originmq-wake");
/** Half a second until an object rests, ten until workerd lets it go, and a little. */
const ASLEEP_MS = 13_000;
const BATCH = 1_000;

const OBJECT = `
import { QueueObject, routeQueues } from "./src/durable-object.js";
let lives = 0;
export class Queues extends QueueObject {
  idleMs = 500;
  constructor(ctx, env) {
    super(ctx, env);
    lives++;
  }
  authorize() {
    return { client: "bench", queues: { "*": ["send", "consume", "peek", "manage"] } };
  }
}
export default {
  fetch: (request, env) =>
    new URL(request.url).pathname === "/lives" ? Response.json(lives) : routeQueues(request, env.QUEUES),
};`;

const CONFIG = `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "disk", disk = (path = "DISK", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-04-01",
  durableObjectNamespaces = [(className = "Queues", uniqueKey = "queues", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "QUEUES", durableObjectNamespace = "Queues")],
);`;

/**
 * Milliseconds that each of so many objects took, one after the other, to answer a `send` and then a `receive`. Throws when
 * one had not slept.
 * @returns {Promise<{ send: number[], receive: number[] }>}
 */
export async function measureWake({ waiting = 100_000, objects = 5 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "originmq-wake-"));
  await bundle(folder);
  const { connect } = await import(pathToFileURL(join(BUILT, "index.mjs")).href);
  const { address, kill } = await startWorkerd(folder);
  const lives = async () => Number(await (await fetch(`http://${address}/lives`)).text());
  try {
    const clients = await Promise.all(
      Array.from({ length: objects }, (_, i) => connect({ url: `ws://${address}/mq/wake-${i}` })),
    );
    const queues = await Promise.all(clients.map((client) => client.openQueue("q", { maxMessages: 10 * waiting })));
    const bodies = Array.from({ length: BATCH }, (_, i) => ({
      body: { order: i, sku: "tea", note: "x".repeat(180), quantity: 2 },
    }));
    for (const queue of queues) for (let sent = 0; sent < waiting; sent += BATCH) await queue.sendBatch(bodies);
    await sleep(ASLEEP_MS);
    const before = await lives();
    const times = { send: /** @type {number[]} */ ([]), receive: /** @type {number[]} */ ([]) };
    for (const queue of queues) {
      times.send.push(await timed(() => queue.send({ order: 0 })));
      times.receive.push(await timed(() => queue.receive({ max: 1 })));
    }
    if ((await lives()) !== before + objects) throw new Error("not every object had slept");
    await Promise.all(clients.map((client) => client.close({ force: true })));
    return times;
  } finally {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {() => Promise<unknown>} act */
async function timed(act) {
  const before = performance.now();
  await act();
  return performance.now() - before;
}

/** @param {string} folder */
async function bundle(folder) {
  mkdirSync(BUILT, { recursive: true });
  const options = { bundle: true, format: /** @type {const} */ ("esm"), logLevel: /** @type {const} */ ("error") };
  const client = { entryPoints: [join(ROOT, "src/index.ts")], outfile: join(BUILT, "index.mjs") };
  await build({ ...options, ...client, platform: "node", packages: "external" });
  await build({
    ...options,
    stdin: { contents: OBJECT, resolveDir: ROOT, loader: "ts" },
    outfile: join(folder, "worker.js"),
  });
}

/** @param {string} folder @returns {Promise<{ address: string, kill(): Promise<void> }>} */
async function startWorkerd(folder) {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  writeFileSync(join(folder, "workerd.capnp"), CONFIG.replace("DISK", disk));
  const { resolve } = createRequire(createRequire(import.meta.url).resolve("workerd/package.json"));
  const arch = process.arch === "x64" ? "64" : process.arch;
  const program = resolve(`@cloudflare/workerd-${process.platform}-${arch}/bin/workerd`);
  const child = spawn(program, ["serve", join(folder, "workerd.capnp"), "--control-fd=3"], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const ended = new Promise((resolved) => child.once("exit", resolved));
  const port = await new Promise((resolved, reject) => {
    let said = "";
    child.once("exit", (code) => reject(new Error(`workerd has ended with exit code ${code}`)));
    child.stdio[3]?.on("data", (chunk) => {
      said += chunk;
      const found = /"event":"listen".*"port":(\d+)/.exec(said);
      if (found) resolved(found[1]);
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { waiting: { type: "string", default: "100000" }, objects: { type: "string", default: "5" } },
  });
  const { send, receive } = await measureWake({ waiting: Number(values.waiting), objects: Number(values.objects) });
  const show = (/** @type {number[]} */ times) => times.map((ms) => ms.toFixed(0)).join(", ");
  console.log(`asleep with ${values.waiting} waiting: send ${show(send)} ms; then receive ${show(receive)} ms`);
}
