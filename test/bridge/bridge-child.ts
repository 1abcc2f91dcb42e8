// Bridges from two queues on a server to two streams, in a process of its own, to be killed.

import { bridge } from "../../src/bridge.js";
import { toJetStream } from "../../src/bridge-jetstream.js";
import { connect } from "../../src/index.js";
import { STREAMS } from "./streams.js";

const [url = "", servers = ""] = process.argv.slice(2);
const connection = await connect({ url });
for (const stream of STREAMS) {
  const queue = await connection.openQueue(stream);
  bridge(queue, toJetStream({ servers, stream, subject: `${stream}.all` }));
}
process.once("disconnect", () => process.exit());
process.send?.("ready");
