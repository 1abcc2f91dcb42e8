// What a tab does in the cases of `npm run bench:scale`; `bench/scale/` calls it. One connection a tab, one queue a
// browser.

import { type Connection, type Consumer, connect, type HostKind, type Queue } from "../../../src/index.js";
import { inFlight, timed } from "../case.js";
import { type Order, orderOf } from "../message.js";
import { batchesOf, type Load, ordersOf } from "./loads.js";
import { checkpointGeneration } from "./stored.js";

const DATABASE = "bench-scale";
const SETTINGS = { durability: "relaxed", maxMessages: 100_000_000 } as const;
const CONSUMING = { concurrency: 1, prefetch: 1_000 } as const;
const BATCHES_IN_FLIGHT = 4;
const SENDS_IN_FLIGHT = 500;
/** Messages after which a consumer tells `sendAlongside` how far it is. */
const PROGRESS = 500;
/** Messages by which it may be behind its sender. */
const AHEAD_MAX = 4_000;
/** Single sends in which a checkpoint must come. */
const SENDS_TO_CHECKPOINT_MAX = 50_000;

type Us = { readonly us: number };

export interface Scale {
  /** Connects to the host, which starts if there is none, and opens the queue. */
  open(): Promise<void>;
  /** The same, until the first message has arrived, which then goes back. */
  openToFirstDelivery(): Promise<{ readonly ms: number; readonly kind: HostKind; readonly epoch: number }>;
  stats(): Promise<{ readonly ready: number; readonly delayed: number }>;
  /** Sends, until all is durable. */
  send(load: Load): Promise<Us>;
  sendSingly(count: number, inFlightMax?: number): Promise<Us>;
  /** Resolves when all is acknowledged. */
  untilIdle(): Promise<void>;
  /** Sends what others consume meanwhile, until all is acknowledged. */
  sendUntilIdle(load: Load): Promise<Us>;
  /** Handles exactly so many, until all of them are acknowledged. */
  consume(count: number): Promise<Us>;
  /** Sends so many while another tab does `consume`, and never gets far ahead of it: the depth of the queue stays. */
  sendAlongside(count: number): Promise<Us>;
  startConsuming(): Promise<void>;
  /** Returns how many were handled. */
  stopConsuming(): Promise<number>;
  /** Sends one at a time, a commit each, until the host has written another checkpoint. */
  sendUntilCheckpoint(): Promise<void>;
}

declare global {
  var scale: Scale;
}

let opened: { readonly connection: Connection; readonly queue: Queue<Order> } | undefined;
let consuming: { readonly consumer: Consumer; readonly handled: () => number } | undefined;
const progress = new BroadcastChannel("bench-scale-progress");

async function connectAndOpen() {
  const connection = await connect({ database: DATABASE });
  opened = { connection, queue: await connection.openQueue<Order>("orders", SETTINGS) };
  return opened;
}

function queue(): Queue<Order> {
  if (opened === undefined) throw new Error("this tab has opened no queue");
  return opened.queue;
}

/** Runs what must acknowledge so many messages, and makes sure that it did. */
async function acknowledging(count: number, work: () => Promise<void>): Promise<Us> {
  const before = await queue().stats();
  const measured = await timed(count, work);
  const { totals } = await queue().stats();
  const acked = totals.acked - before.totals.acked;
  if (acked !== count) throw new Error(`${acked} of ${count} messages were acknowledged`);
  return measured;
}

const nextProgress = () => new Promise((resolve) => progress.addEventListener("message", resolve, { once: true }));

const sendAll = (load: Load) => inFlight(BATCHES_IN_FLIGHT, batchesOf(load), (items) => queue().sendBatch(items));

globalThis.scale = {
  async open() {
    await connectAndOpen();
  },
  async openToFirstDelivery() {
    const start = performance.now();
    const { connection, queue } = await connectAndOpen();
    const [delivery] = await queue.receive({ waitMs: 60_000 });
    const ms = performance.now() - start;
    if (delivery === undefined || connection.host === undefined) throw new Error("nothing was delivered in a minute");
    await delivery.release();
    return { ms, ...connection.host };
  },
  stats: () => queue().stats(),
  send: (load) => timed(load.count, () => sendAll(load)),
  sendSingly: (count, inFlightMax = SENDS_IN_FLIGHT) =>
    timed(count, () => inFlight(inFlightMax, ordersOf(count), (body) => queue().send(body))),
  untilIdle: () => queue().whenIdle(),
  sendUntilIdle: (load) =>
    acknowledging(load.count, async () => {
      await sendAll(load);
      await queue().whenIdle();
    }),
  consume: (count) =>
    acknowledging(count, () => {
      let handled = 0;
      return new Promise((resolve, reject) => {
        const consumer = queue().consume(() => {
          handled++;
          if (handled % PROGRESS === 0) progress.postMessage(handled);
          if (handled === count) consumer.stop().then(resolve, reject);
        }, CONSUMING);
      });
    }),
  async sendAlongside(count) {
    let handled = 0;
    const onProgress = ({ data }: MessageEvent<number>) => {
      handled = data;
    };
    progress.addEventListener("message", onProgress);
    const measured = await timed(count, async () => {
      const sends: Promise<void>[] = [];
      let sent = 0;
      for (const items of batchesOf({ kind: "plain", count })) {
        while (sent + items.length - handled > AHEAD_MAX) await nextProgress();
        sent += items.length;
        sends.push(
          queue()
            .sendBatch(items)
            .then(() => {}),
        );
      }
      await Promise.all(sends);
    });
    progress.removeEventListener("message", onProgress);
    return measured;
  },
  async startConsuming() {
    let handled = 0;
    const consumer = queue().consume(() => {
      handled++;
    }, CONSUMING);
    consuming = { consumer, handled: () => handled };
  },
  async stopConsuming() {
    if (consuming === undefined) throw new Error("this tab does not consume");
    const { consumer, handled } = consuming;
    consuming = undefined;
    await consumer.stop();
    return handled();
  },
  async sendUntilCheckpoint() {
    const before = await checkpointGeneration(DATABASE);
    for (let n = 1; n <= SENDS_TO_CHECKPOINT_MAX; n++) {
      await queue().send(orderOf(n));
      if (n % 50 === 0 && (await checkpointGeneration(DATABASE)) > before) return;
    }
    throw new Error(`no checkpoint was written within ${SENDS_TO_CHECKPOINT_MAX} sends`);
  },
};
