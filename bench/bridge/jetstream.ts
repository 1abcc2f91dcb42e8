// JetStream, by an open connection of nats.js.

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { toJetStream } from "../../src/bridge-jetstream.js";
import type { Engine } from "./measure.js";

const STREAM = "BENCH";

export function jetStreamEngine(nc: NatsConnection, servers: string): Engine {
  const client = jetstream(nc);
  return {
    async empty() {
      const manager = await jetstreamManager(nc);
      await manager.streams.delete(STREAM).catch(() => {});
      await manager.streams.add({ name: STREAM, subjects: ["bench.>"] });
    },
    publish: (text, id) => client.publish("bench.a", text, { msgID: id }),
    target: () => toJetStream({ servers, stream: STREAM, subject: "bench.a" }),
    close: () => nc.close(),
  };
}
