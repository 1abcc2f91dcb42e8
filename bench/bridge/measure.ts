// What a bridge to JetStream takes, against publishes of nats.js with the same window, in one worker or process: the same
// messages, in an order that changes with each round.

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { bridge } from "../../src/bridge.js";
import { toJetStream } from "../../src/bridge-jetstream.js";
import type { Connection, Delivery } from "../../src/index.js";

export interface Plan {
  readonly servers: string;
  readonly messages: number;
  readonly window: number;
}

/** In ms. */
export interface Times {
  /** Publishes of nats.js. */
  readonly raw: number;
  /** From the bridge's beginning until the last message is confirmed and acknowledged. */
  readonly bridge: number;
  /** The acknowledgements of as many messages alone, in batches that follow each other as a bridge's do. */
  readonly acks: number;
}

const STREAM = "BENCH";
const bodyOf = (i: number) => ({ order: i, shop: "north", sku: "tea-green-250", quantity: 2, note: "x".repeat(150) });

async function emptyStream(nc: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(nc);
  await manager.streams.delete(STREAM).catch(() => {});
  await manager.streams.add({ name: STREAM, subjects: ["bench.>"] });
}

async function publishRaw(nc: NatsConnection, { messages, window }: Plan): Promise<number> {
  const client = jetstream(nc);
  const startedAt = performance.now();
  let next = 0;
  const publish = async () => {
    while (next < messages) {
      const i = next++;
      await client.publish("bench.a", JSON.stringify(bodyOf(i)), { msgID: `raw-${i}` });
    }
  };
  await Promise.all(Array.from({ length: window }, publish));
  return performance.now() - startedAt;
}

const BATCH = 1_000;
async function filled(connection: Connection, name: string, messages: number) {
  const queue = await connection.openQueue<unknown>(name, { maxMessages: 1_000_000, durability: "relaxed" });
  for (let i = 0; i < messages; i += BATCH) {
    await queue.sendBatch(Array.from({ length: BATCH }, (_, j) => ({ body: bodyOf(i + j) })));
  }
  return queue;
}

async function forward(connection: Connection, { servers, messages, window }: Plan): Promise<number> {
  const queue = await filled(connection, `up-${performance.now()}`, messages);
  const startedAt = performance.now();
  const up = bridge(queue, toJetStream({ servers, stream: STREAM, subject: "bench.a" }), { inFlight: window });
  await new Promise<void>((resolve) => {
    up.addEventListener("forwarded", () => {
      if (up.stats().forwarded === messages) resolve();
    });
  });
  await queue.whenIdle();
  const took = performance.now() - startedAt;
  await up.close();
  await queue.delete();
  return took;
}

async function acknowledge(connection: Connection, { messages }: Plan): Promise<number> {
  const queue = await filled(connection, `acks-${performance.now()}`, messages);
  const held: Delivery[] = [];
  while (held.length < messages) held.push(...(await queue.receive({ max: BATCH })));
  const startedAt = performance.now();
  const acks: Promise<void>[] = [];
  for (let i = 0; i < held.length; i += 200) {
    for (const delivery of held.slice(i, i + 200)) acks.push(delivery.ack());
    await Promise.resolve();
  }
  await Promise.all(acks);
  const took = performance.now() - startedAt;
  await queue.delete();
  return took;
}

/** One round. */
export async function measure(
  plan: Plan,
  nc: NatsConnection,
  connection: Connection,
  isRawFirst: boolean,
): Promise<Times> {
  const raw = async () => {
    await emptyStream(nc);
    return publishRaw(nc, plan);
  };
  const across = async () => {
    await emptyStream(nc);
    return forward(connection, plan);
  };
  const early = isRawFirst ? await raw() : undefined;
  const forwarded = await across();
  return { raw: early ?? (await raw()), bridge: forwarded, acks: await acknowledge(connection, plan) };
}
