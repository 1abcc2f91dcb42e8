// The page of `npm run bench:encryption`: `?plain`, `?key` and `?generate` say how its queue is encrypted, if it is. The database is
// another for each.

import { connect, type Encryption } from "../../../src/index.js";
import { inFlight, percentiles, timed } from "../../pages/case.js";
import { inBatches, orderOf } from "../../pages/message.js";

const SETTINGS = { durability: "relaxed", maxMessages: 1_000_000 } as const;
const BATCH = 1_000;

export interface Work {
  readonly count: number;
  /** In batches, or one by one. */
  readonly isBatched: boolean;
  /** Of bodies as long as orders, which do not compress. */
  readonly isDense: boolean;
}

export interface EncryptionPage {
  /** Ms from the call of `connect` until the first send is durable. */
  readonly cold: Promise<number>;
  /** Handles what comes from now on. */
  handle(): Promise<void>;
  /** Sends messages, which are handled elsewhere; microseconds for each. */
  work(how: Work): Promise<{ readonly us: number }>;
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

const ORDER_LENGTH = JSON.stringify(orderOf(0)).length;
/** Base64 of random bytes: no stretch of it comes twice within what a store compresses at once. */
const noise = Array.from({ length: 32 }, () =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32_768)))),
).join("");
function denseOf(n: number) {
  const length = ORDER_LENGTH - 20;
  const at = (n * length) % (noise.length - length);
  return { n, text: noise.slice(at, at + length) };
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
  async work({ count, isBatched, isDense }) {
    const queue = await opened;
    const before = await queue.stats();
    const bodies = Array.from({ length: count }, (_, n) => (isDense ? denseOf(n) : orderOf(n)));
    const batches = inBatches(
      bodies.map((body) => ({ body })),
      BATCH,
    );
    const measured = await timed(count, async () => {
      if (isBatched) await inFlight(4, batches, (items) => queue.sendBatch(items));
      else await inFlight(500, bodies, (body) => queue.send(body));
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
