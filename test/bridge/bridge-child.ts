// Bridges from two queues on a server to two streams, in a process of its own, to be killed.

import { bridge } from "../../src/bridge.js";
import { toJetStream } from "../../src/bridge-jetstream.js";
import { connect } from "../../src/index.js";
import { BRIDGE_USER, STREAMS } from "./streams.js";

const [url = "", servers = ""] = process.argv.slice(2);
const account = { user: BRIDGE_USER, pass: BRIDGE_USER };
const connection = await connect({ url });
for (const stream of STREAMS) {
  const queue = await connection.openQueue(stream);
  bridge(queue, toJetStream({ servers, connection: account, stream, subject: `${stream}.all` }));
}
// Told so, its clock jumps.
const { now } = Date;
process.on("message", (shiftMs: number) => {
  Date.now = () => now() + shiftMs;
});
process.once("disconnect", () => process.exit());
process.send?.("ready");
