// The way to a NATS on this machine: a queue of this browser, and a bridge from it to a stream, which is made where it is not
// there. Loaded when it is switched on.

import { jetstreamManager } from "@nats-io/jetstream";
import { wsconnect } from "@nats-io/nats-core";
import { bridge } from "../../src/bridge.js";
import { toJetStream } from "../../src/bridge-jetstream.js";
import type { Connection } from "../../src/index.js";
import type { Way } from "./way.js";

const STREAM = "ORIGINMQ_DEMO";
const SUBJECT = "originmq.demo.orders";
const MINUTE_NS = 60_000_000_000;

export async function openNats(connection: Connection, servers: string): Promise<Way> {
  const nc = await wsconnect({ servers, maxReconnectAttempts: -1 });
  const manager = await jetstreamManager(nc);
  const info = () => manager.streams.info(STREAM);
  await info().catch(() =>
    manager.streams.add({
      name: STREAM,
      subjects: ["originmq.demo.>"],
      max_age: 60 * MINUTE_NS,
      duplicate_window: 10 * MINUTE_NS,
      discard: "new",
      max_bytes: 100_000_000,
    }),
  );
  const queue = await connection.openQueue("to-nats");
  // However many tabs have it on, each message crosses once.
  const up = bridge(queue, toJetStream({ servers, stream: STREAM, subject: SUBJECT }));
  let sent = 0;
  return {
    send: (n) => queue.sendBatch(Array.from({ length: n }, () => ({ body: { order: ++sent } }))),
    async figures() {
      const { ready, leased, delayed, blocked } = await queue.stats();
      const stats = up.stats();
      const there =
        stats.state === "flowing"
          ? await info()
              .then(({ state }) => state.messages)
              .catch(() => null)
          : null;
      return { waiting: ready + leased + delayed + blocked, bridge: stats, there };
    },
    async close() {
      await up.close();
      await Promise.all([queue.close(), nc.close()]);
    },
  };
}
