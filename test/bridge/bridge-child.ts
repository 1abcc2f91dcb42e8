// Bridges from two queues on a server to an engine, in a process of its own, to be killed.

import { bridge } from "../../src/bridge.js";
import { toJetStream } from "../../src/bridge-jetstream.js";
import { toMqtt } from "../../src/bridge-mqtt.js";
import { connect } from "../../src/index.js";
import { STREAMS } from "./streams.js";

const [url = "", address = "", kind = "", options = "{}"] = process.argv.slice(2);
const connection = await connect({ url });
for (const name of STREAMS) {
  const queue = await connection.openQueue(name);
  const given = JSON.parse(options.replaceAll("NAME", name)) as object;
  const target =
    kind === "mqtt"
      ? toMqtt({ servers: `mqtt://${address}`, topic: name, ...given })
      : toJetStream({ servers: `nats://${address}`, stream: name, subject: `${name}.all`, ...given });
  bridge(queue, target);
}
// Told so, its clock jumps.
const { now } = Date;
process.on("message", (shiftMs: number) => {
  Date.now = () => now() + shiftMs;
});
process.once("disconnect", () => process.exit());
process.send?.("ready");
