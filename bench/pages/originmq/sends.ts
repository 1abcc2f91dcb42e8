// Sends alone, from one tab: batches, and single sends that the client coalesces.

import { type Case, type Durability, inFlight, timed } from "../case.js";
import { howMany } from "../limits/raw-write.js";
import { batchesOf, orders } from "../message.js";
import { queueOf } from "./queues.js";

export const sendBatch = (durability: Durability, batchSize: number, batches: number, limit: number): Case => ({
  id: `send-batch-${batchSize}x${limit}-${durability}`,
  group: "originmq",
  label: `sendBatch of ${batchSize}, ${howMany(limit)}`,
  durability,
  async measure() {
    const queue = await queueOf(durability);
    const work = batchesOf(batchSize * batches, batchSize).map((bodies) => bodies.map((body) => ({ body })));
    const measured = await timed(batchSize * batches, () => inFlight(limit, work, (items) => queue.sendBatch(items)));
    await queue.purge();
    return measured;
  },
});

export const singleSend = (durability: Durability, messages: number, limit: number): Case => ({
  id: `send-x${limit}-${durability}`,
  group: "originmq",
  label: `single send, ${howMany(limit)}`,
  durability,
  async measure() {
    const queue = await queueOf(durability);
    const work = orders(messages);
    const measured = await timed(messages, () => inFlight(limit, work, (body) => queue.send(body)));
    await queue.purge();
    return measured;
  },
});
