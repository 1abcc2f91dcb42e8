// The page of `npm run bench:encryption`: `?plain`, `?key` and `?generate` say how its queue is encrypted, if it is. The database is
// another for each.

import { connect, type Encryption } from "../../../src/index.js";
import { inFlight, percentiles, timed } from "../../pages/case.js";
import { batchesOf, orderOf, orders } from "../../pages/message.js";

const SETTINGS = { durability: "relaxed", maxMessages: 1_000_000 } as const;
const BATCH = 1_000;

export interface EncryptionPage {
  /** Ms from the call of `connect` until the first send is durable. */
  readonly cold: Promise<number>;
  /** Handles what comes from now on. */
  handle(): Promise<void>;
  /** Sends so many messages, which are handled elsewhere, in batches or one by one; microseconds for each. */
  work(count: number, isBatched: boolean): Promise<{ readonly us: number }>;
  /** Sends one message after the other, and handles it here; ms from the call to the handler. */
  latency(samples: number): Promise<{ readonly p50: number; readonly p99: number }>;
}

declare global {
  var encrypting: EncryptionPage;
}

const way = location.search.slice(1);

/** As a server gives it after log-in: the same each time. */
const fromServer = () =>
  crypto.subtle.importKey("raw", new Uint8Array(32).fill(7), "AES-GCM", false, ["encrypt", "decrypt"]);

async function encryption(): Promise<{ encryption?: Encryption }> {
  if (way === "key") return { encryption: { key: await fromServer() } };
  return way === "generate" ? { encryption: { generate: true } } : {};
}

const options = { database: `bench-encryption-${way}`, ...(await encryption()) };
const began = performance.now();
const opened = connect(options).then((connection) => connection.openQueue("orders", SETTINGS));
/** Nobody handles it. */
const first = opened.then((queue) => queue.send(orderOf(0), { delayMs: 86_400_000 }));

globalThis.encrypting = {
  cold: first.then(() => performance.now() - began),
  async handle() {
    (await opened).consume(() => {}, { concurrency: 1, prefetch: BATCH });
  },
  async work(count, isBatched) {
    const queue = await opened;
    const before = await queue.stats();
    const measured = await timed(count, async () => {
      if (isBatched) {
        const batches = batchesOf(count, BATCH).map((bodies) => bodies.map((body) => ({ body })));
        await inFlight(4, batches, (items) => queue.sendBatch(items));
      } else await inFlight(500, orders(count), (body) => queue.send(body));
      await queue.whenIdle();
    });
    const { totals } = await queue.stats();
    const acked = totals.acked - before.totals.acked;
    if (acked !== count) throw new Error(`${acked} of ${count} messages were acknowledged`);
    return measured;
  },
  async latency(samples) {
    const queue = await opened;
    const taken: number[] = [];
    let arrived = () => {};
    const consumer = queue.consume(() => arrived());
    for (let n = 0; n < samples; n++) {
      const start = performance.now();
      const handled = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      await Promise.all([queue.send(orderOf(n)), handled.then(() => taken.push(performance.now() - start))]);
    }
    await queue.whenIdle();
    await consumer.stop();
    return percentiles(taken);
  },
};
