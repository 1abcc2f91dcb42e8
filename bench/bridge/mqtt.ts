// An MQTT broker, by a client of mqtt.js, and somebody who has subscribed, so that it has something to do.

import { connectAsync } from "mqtt";
import { toMqtt } from "../../src/bridge-mqtt.js";
import type { Engine } from "./measure.js";

export async function mqttEngine(servers: string): Promise<Engine> {
  const client = await connectAsync(servers, { protocolVersion: 5 });
  return {
    empty: async () => {},
    publish: (text, id) =>
      client.publishAsync("bench", text, { qos: 1, properties: { userProperties: { "originmq-id": id } } }),
    target: () => toMqtt({ servers, topic: "bench" }),
    close: () => client.endAsync(),
  };
}
