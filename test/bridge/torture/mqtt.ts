// An MQTT broker to be tortured, and who has subscribed to what bridges send: it knows each message by its id, as receivers are
// to, and confirms it where it is asked to. A broker that is killed loses what it had confirmed: then that is needed.

import { type Mosquitto, PERSISTENT, startMosquitto } from "../mosquitto.js";
import { STREAMS, type StreamName } from "../streams.js";
import type { Arrived, Engine } from "./engine.js";

const CONFIRM_WITHIN_MS = 1_500;

export async function startMqtt(binary: string, isConfirmed: boolean): Promise<Engine> {
  const broker: Mosquitto = await startMosquitto(binary, PERSISTENT);
  const arrived: Record<StreamName, Map<string, Arrived>> = { grouped: new Map(), plain: new Map() };
  const client = await broker.client({
    ...{ clientId: "receiver", clean: false, reconnectPeriod: 100 },
    properties: { sessionExpiryInterval: 3_600, receiveMaximum: 1_000 },
  });
  client.on("message", (topic, payload, { properties }) => {
    const name = topic as StreamName;
    const id = String(properties?.userProperties?.["originmq-id"]);
    if (!arrived[name].has(id)) arrived[name].set(id, { id, body: String(JSON.parse(String(payload))) });
    if (isConfirmed) client.publish(`confirmed/${name}`, id, { qos: 1 });
  });
  await client.subscribeAsync([...STREAMS], { qos: 1 });
  return {
    address: new URL(broker.url).host,
    target: [
      "mqtt",
      JSON.stringify(isConfirmed ? { confirmBy: "confirmed/NAME", confirmWithinMs: CONFIRM_WITHIN_MS } : {}),
    ],
    kill: broker.kill,
    start: broker.start,
    pause: broker.pause,
    resume: broker.resume,
    count: async () => arrived.plain.size,
    arrived: async (name) => [...arrived[name].values()],
    isOrdered: !isConfirmed,
    close: broker.close,
  };
}
