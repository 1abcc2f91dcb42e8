// How long a Durable Object that sleeps takes to answer, with many messages waiting in it: from the call of a client that has
// stayed connected to its answer. `node bench/edge/wake.mjs [--waiting 100000] [--objects 5]` prints the times, in milliseconds.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleForNode } from "../../scripts/bundle-for-node.mjs";
import { ROOT } from "../../scripts/package-layout.mjs";
import { startWorkerd } from "../../scripts/workerd.mjs";

const IDLE_MS = 500;
/** Until an object rests, ten seconds until workerd lets it go, and a little. */
const ASLEEP_MS = IDLE_MS + 12_500;
const BATCH = 1_000;
const ORDER = { sku: "tea", note: "x".repeat(180), quantity: 2 };

/**
 * Milliseconds that each of so many objects took, one after the other, to answer a `send` and then a `receive`. Throws when
 * one had not slept. The first is the first that its process, started for this, ever wakes.
 * @returns {Promise<{ send: number[], receive: number[] }>}
 */
export async function measureWake({ waiting = 100_000, objects = 5 } = {}) {
  const { connect } = await import(await bundleForNode(join(ROOT, "src/index.ts")));
  const workerd = await startWorkerd("bench/edge/programs/object.ts", { variables: { IDLE_MS: `${IDLE_MS}` } });
  const lives = async () => Number(await (await fetch(`${workerd.httpUrl}/lives`)).text());
  try {
    const clients = await Promise.all(
      Array.from({ length: objects }, (_, i) => connect({ url: `${workerd.url}/mq/wake-${i}`, token: () => "bench" })),
    );
    const queues = await Promise.all(clients.map((client) => client.openQueue("q", { maxMessages: 10 * waiting })));
    const bodies = Array.from({ length: BATCH }, (_, i) => ({ body: { ...ORDER, order: i } }));
    for (const queue of queues) for (let sent = 0; sent < waiting; sent += BATCH) await queue.sendBatch(bodies);
    await sleep(ASLEEP_MS);
    const before = await lives();
    const times = { send: /** @type {number[]} */ ([]), receive: /** @type {number[]} */ ([]) };
    for (const queue of queues) {
      times.send.push(await timed(() => queue.send({ ...ORDER, order: 0 })));
      times.receive.push(await timed(() => queue.receive({ max: 1 })));
    }
    if ((await lives()) !== before + objects) throw new Error("not every object had slept");
    await Promise.all(clients.map((client) => client.close({ force: true })));
    return times;
  } finally {
    await workerd.close();
  }
}

/** @param {() => Promise<unknown>} act */
async function timed(act) {
  const before = performance.now();
  await act();
  return performance.now() - before;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { waiting: { type: "string", default: "100000" }, objects: { type: "string", default: "5" } },
  });
  const { send, receive } = await measureWake({ waiting: Number(values.waiting), objects: Number(values.objects) });
  const show = (/** @type {number[]} */ times) => times.map((ms) => ms.toFixed(0)).join(", ");
  console.log(`asleep with ${values.waiting} waiting: send ${show(send)} ms; then receive ${show(receive)} ms`);
}
