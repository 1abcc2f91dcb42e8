// One client of OriginMQ, over a socket: the process that sends, or the one that handles.

import { type Connection, type Consumer, connect, type Queue } from "../../../src/index.js";
import { type Durability, inFlight, percentiles } from "../../pages/case.js";
import { batchesOf, type Order, orderOf } from "../../pages/message.js";
import { answer, nowMs } from "./answer.js";

/** What a latency is measured with. */
type Timed = Order & { readonly sentAt?: number };
interface Batches {
  readonly durability: Durability;
  readonly batches: number;
  readonly limit: number;
}

const BATCH_SIZE = 1_000;
const CLEARING_MS = 5;

let connection: Connection;
const queues = new Map<Durability, Promise<Queue<Timed>>>();
let consumer: Consumer | undefined;
/** Numbers of the messages that were handled, and how late. */
let handled: number[] = [];
let lateMs: number[] = [];

function queueOf(durability: Durability): Promise<Queue<Timed>> {
  const known = queues.get(durability) ?? connection.openQueue(durability, { durability, maxMessages: 1_000_000 });
  queues.set(durability, known);
  return known;
}

function itemsOf(batches: number) {
  return batchesOf(BATCH_SIZE * batches, BATCH_SIZE).map((bodies) => bodies.map((body) => ({ body })));
}

answer({
  async connect({ url, token }: { url: string; token?: string }) {
    connection = await connect({ url, ...(token !== undefined && { token: () => token }) });
  },
  /** Resolves with when it began and ended: after the commit of the last acknowledgement. */
  async endToEnd({ durability, batches, limit }: Batches) {
    const queue = await queueOf(durability);
    const before = await queue.stats();
    const work = itemsOf(batches);
    const from = nowMs();
    await inFlight(limit, work, (items) => queue.sendBatch(items));
    await queue.whenIdle();
    const ms = nowMs() - from;
    const { totals } = await queue.stats();
    const acked = totals.acked - before.totals.acked;
    if (acked !== batches * BATCH_SIZE) throw new Error(`${acked} messages were acknowledged`);
    return { us: ms / batches };
  },
  async send({ durability, batches, limit, isKept = false }: Batches & { readonly isKept?: boolean }) {
    const queue = await queueOf(durability);
    const work = itemsOf(batches);
    const from = nowMs();
    await inFlight(limit, work, (items) => queue.sendBatch(items));
    const ms = nowMs() - from;
    if (!isKept) await queue.purge();
    return { us: ms / batches };
  },
  /** One message at a time, each after the last one was handled and acknowledged. */
  async sendSingly({ durability, count }: { durability: Durability; count: number }) {
    const queue = await queueOf(durability);
    for (let n = 0; n < count; n++) {
      await queue.send({ ...orderOf(n), sentAt: nowMs() });
      await new Promise((resolve) => setTimeout(resolve, CLEARING_MS));
    }
    await queue.whenIdle();
  },
  async consume({ durability, queue: name }: { durability: Durability; queue?: string }) {
    const queue = name === undefined ? await queueOf(durability) : await connection.openQueue<Timed>(name);
    handled = [];
    lateMs = [];
    consumer = queue.consume(
      ({ body }) => {
        if (body.sentAt !== undefined) lateMs.push(nowMs() - body.sentAt);
        handled.push(body.n);
      },
      { concurrency: 1, prefetch: 1_000 },
    );
  },
  /** How many messages were handled, how many of them once, and how late they were. */
  async stop() {
    await consumer?.stop();
    return { handled: handled.length, distinct: new Set(handled).size, latency: percentiles(lateMs) };
  },
  close: () => connection.close(),
});
