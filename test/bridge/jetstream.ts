// What tests of bridges to JetStream have in common: streams, what lies in them, and a queue to forward from.

import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type StreamConfig } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { expect } from "vitest";
import type { Bridge } from "../../src/bridge.js";
import { type Connection, connect, type Queue, type QueueOptions } from "../../src/index.js";

export const MINUTE_NS = 60_000_000_000;

export async function addStream(nc: NatsConnection, config: Partial<StreamConfig> & { readonly name: string }) {
  const manager = await jetstreamManager(nc);
  return manager.streams.add({ subjects: [`${config.name.toLowerCase()}.>`], ...config } as StreamConfig);
}

export interface Stored {
  readonly subject: string;
  readonly id: string;
  readonly headers: Record<string, string>;
  readonly bytes: Uint8Array;
  readonly seq: number;
}

/** All that lies in a stream, in order. */
export async function readStream(nc: NatsConnection, stream: string): Promise<Stored[]> {
  const manager = await jetstreamManager(nc);
  const { state } = await manager.streams.info(stream);
  if (state.messages === 0) return [];
  const { name } = await manager.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    mem_storage: true,
    inactive_threshold: MINUTE_NS,
  });
  const consumer = await jetstream(nc).consumers.get(stream, name);
  const stored: Stored[] = [];
  while (stored.length < state.messages) {
    for await (const message of await consumer.fetch({ max_messages: 5_000, expires: 2_000 })) {
      const headers: Record<string, string> = {};
      for (const [key, values] of message.headers ?? []) headers[key] = values[0] ?? "";
      stored.push({
        subject: message.subject,
        id: headers["Nats-Msg-Id"] ?? "",
        headers,
        bytes: new Uint8Array(message.data),
        seq: message.seq,
      });
      if (stored.length === state.messages) break;
    }
  }
  await manager.consumers.delete(stream, name);
  return stored;
}

export const jsonOf = ({ bytes }: Stored): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** Queues and bridges of one test, closed together. */
export function createScene() {
  const connections: Connection[] = [];
  const bridges: Bridge[] = [];
  let count = 0;
  const scene = {
    async open<Body>(options: QueueOptions = {}, database = `scene-${Date.now()}-${++count}`): Promise<Queue<Body>> {
      const connection = await connect({ storage: "memory", database });
      connections.push(connection);
      return connection.openQueue<Body>("orders", options);
    },
    with(bridge: Bridge): Bridge {
      bridges.push(bridge);
      return bridge;
    },
    async close() {
      await Promise.all(bridges.splice(0).map((one) => one.close({ waitMs: 0 })));
      await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
    },
  };
  return scene;
}

export const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Nothing waits, nothing is in work. */
export const drained = (queue: Queue) =>
  expect.poll(() => queue.stats(), { timeout: 30_000 }).toMatchObject({ ready: 0, leased: 0, delayed: 0, blocked: 0 });
