// What a bridge to an engine takes, against publishes of the engine's client with the same window, in one worker or process:
// the same messages, in an order that changes with each round.

import { type BridgeTarget, bridge } from "../../src/bridge.js";
import type { Connection, Delivery } from "../../src/index.js";

/** What is forwarded to. */
export interface Engine {
  /** Before each measurement. */
  empty(): Promise<void>;
  /** Resolves once it is confirmed. */
  publish(text: string, id: string): Promise<unknown>;
  target(): BridgeTarget;
  close(): Promise<void>;
}

export interface Plan {
  readonly servers: string;
  readonly messages: number;
  readonly window: number;
}

/** In ms. */
export interface Times {
  /** Publishes of the client. */
  readonly raw: number;
  /** From the bridge's beginning until the last message is confirmed and acknowledged. */
  readonly bridge: number;
  /** The acknowledgements of as many messages alone, in batches that follow each other as a bridge's do. */
  readonly acks: number;
}

const bodyOf = (i: number) => ({ order: i, shop: "north", sku: "tea-green-250", quantity: 2, note: "x".repeat(150) });

async function publishRaw(engine: Engine, { messages, window }: Plan): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const publish = async () => {
    while (next < messages) {
      const i = next++;
      await engine.publish(JSON.stringify(bodyOf(i)), `raw-${i}`);
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

async function forward(engine: Engine, connection: Connection, { messages, window }: Plan): Promise<number> {
  const queue = await filled(connection, `up-${performance.now()}`, messages);
  const startedAt = performance.now();
  const up = bridge(queue, engine.target(), { inFlight: window });
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
export async function measure(plan: Plan, engine: Engine, connection: Connection, isRawFirst: boolean): Promise<Times> {
  const raw = async () => {
    await engine.empty();
    return publishRaw(engine, plan);
  };
  const across = async () => {
    await engine.empty();
    return forward(engine, connection, plan);
  };
  const early = isRawFirst ? await raw() : undefined;
  const forwarded = await across();
  return { raw: early ?? (await raw()), bridge: forwarded, acks: await acknowledge(connection, plan) };
}
