// A JetStream server to be tortured, with a stream for each queue.

import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { addStream, jsonOf, MINUTE_NS, readStream } from "../jetstream.js";
import { startNatsServer, usersConfig } from "../nats-server.js";
import { BRIDGE_USER, STREAMS } from "../streams.js";
import type { Engine } from "./engine.js";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export async function startJetStream(binary: string): Promise<Engine> {
  const everyone = usersConfig({ [BRIDGE_USER]: "" });
  const nats = await startNatsServer({ binary, config: everyone });
  const admin = async <T>(run: (nc: NatsConnection) => Promise<T>): Promise<T> => {
    const nc = await nats.connection();
    return run(nc).finally(() => nc.close());
  };
  const limit = (max: number) =>
    admin(async (nc) => {
      const manager = await jetstreamManager(nc);
      const { state } = await manager.streams.info("grouped");
      await manager.streams.update("grouped", { max_msgs: max || state.messages + 5 });
    });
  const config = { max_age: 60 * MINUTE_NS, duplicate_window: 20 * MINUTE_NS, discard: "new" } as const;
  for (const name of STREAMS) await admin((nc) => addStream(nc, { ...config, name }));
  return {
    address: new URL(nats.url).host,
    target: ["jetstream", JSON.stringify({ connection: { user: BRIDGE_USER, pass: BRIDGE_USER } })],
    kill: nats.kill,
    start: () => nats.start(),
    pause: nats.pause,
    resume: nats.resume,
    async fill() {
      await limit(0);
      return () => limit(-1);
    },
    async revoke(forMs) {
      nats.reload(usersConfig({}));
      await pause(forMs);
      nats.reload(everyone);
    },
    count: () => admin(async (nc) => (await (await jetstreamManager(nc)).streams.info("plain")).state.messages),
    arrived: (name) =>
      admin(async (nc) =>
        (await readStream(nc, name)).map((message) => ({ body: String(jsonOf(message)), id: message.id })),
      ),
    isOrdered: true,
    close: nats.close,
  };
}
