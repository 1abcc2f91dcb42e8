// From one tab to another: this page sends, the other one handles each message and acknowledges it. Over when the host
// says that the queue is idle, which it does only after the commit of the last acknowledgement.

import { type Arrivals, onArrival } from "../arrivals.js";
import { type Case, type Durability, inFlight, percentiles, timed } from "../case.js";
import { howMany } from "../limits/raw-write.js";
import { batchesOf, orderOf, orders } from "../message.js";
import { queueOf } from "./queues.js";

const LATENCY_SAMPLES = 300;

async function endToEnd(durability: Durability, messages: number, send: () => Promise<void>): Promise<{ us: number }> {
  const queue = await queueOf(durability);
  const before = await queue.stats();
  const measured = await timed(messages, async () => {
    await send();
    await queue.whenIdle();
  });
  const { totals } = await queue.stats();
  const acked = totals.acked - before.totals.acked;
  if (acked !== messages) throw new Error(`${acked} of ${messages} messages were acknowledged`);
  return measured;
}

export const endToEndBatches = (durability: Durability, batchSize: number, batches: number, limit: number): Case => ({
  id: `end-to-end-${batchSize}x${limit}-${durability}`,
  group: "originmq",
  label: `end to end, two tabs, sendBatch of ${batchSize}, ${howMany(limit)}`,
  durability,
  helper: "consume",
  async measure() {
    const queue = await queueOf(durability);
    const work = batchesOf(batchSize * batches, batchSize).map((bodies) => bodies.map((body) => ({ body })));
    return endToEnd(durability, batchSize * batches, () => inFlight(limit, work, (items) => queue.sendBatch(items)));
  },
});

/** A hundred thousand messages that are not alike: what is stored and remembered of them does not fit into few runs. */
const UNLIKE = {
  groups: { label: "each in a group of its own", options: (n: number) => ({ groupId: `customer ${n}` }) },
  priorities: { label: "mixed priorities", options: (n: number) => ({ priority: n % 10 }) },
} as const;

export const endToEndUnlike = (durability: Durability, kind: keyof typeof UNLIKE): Case => ({
  id: `end-to-end-${kind}-${durability}`,
  group: "originmq",
  label: `end to end, two tabs, sendBatch of 1000, ${UNLIKE[kind].label}`,
  durability,
  helper: "consume",
  async measure() {
    const queue = await queueOf(durability);
    const { options } = UNLIKE[kind];
    const work = batchesOf(100_000, 1_000).map((bodies) => bodies.map((body) => ({ body, ...options(body.n) })));
    return endToEnd(durability, 100_000, () => inFlight(4, work, (items) => queue.sendBatch(items)));
  },
});

export const endToEndSingle = (durability: Durability, messages: number, limit: number): Case => ({
  id: `end-to-end-single-x${limit}-${durability}`,
  group: "originmq",
  label: `end to end, two tabs, single send, ${howMany(limit)}`,
  durability,
  helper: "consume",
  async measure() {
    const queue = await queueOf(durability);
    const work = orders(messages);
    return endToEnd(durability, messages, () => inFlight(limit, work, (body) => queue.send(body)));
  },
});

export const latency = (arrivals: Arrivals, durability: Durability): Case => ({
  id: `latency-${durability}`,
  group: "originmq",
  label: "latency, send to handler in another tab",
  durability,
  helper: "consume",
  async measure() {
    const queue = await queueOf(durability);
    return percentiles(await arrivals.sample(LATENCY_SAMPLES, (n) => queue.send(orderOf(n))));
  },
});

/** The other page's part. */
export async function startConsumer(durability: Durability, tellArrivals: boolean): Promise<() => Promise<void>> {
  const queue = await queueOf(durability);
  const consumer = queue.consume(
    ({ body }) => {
      if (tellArrivals) onArrival(body.n);
    },
    { concurrency: 1, prefetch: 1_000 },
  );
  return () => consumer.stop();
}
