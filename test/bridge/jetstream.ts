// What tests of bridges to JetStream have in common: streams, and what lies in them.

import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type StreamConfig } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";

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
