// The rounds in a process of Node: a queue in memory, an engine over TCP. Writes its times to its parent.

import { connect as connectNats } from "@nats-io/transport-node";
import { connect } from "../../src/index.js";
import { jetStreamEngine } from "./jetstream.js";
import { measure, type Plan, type Times } from "./measure.js";
import { mqttEngine } from "./mqtt.js";

const plan = JSON.parse(process.argv[2] ?? "") as Plan & { readonly rounds: number };
const { servers } = plan;
const engine = servers.startsWith("mqtt")
  ? await mqttEngine(servers)
  : jetStreamEngine(await connectNats({ servers }), servers);
const connection = await connect({ storage: "memory", database: "bench" });
const rounds: Times[] = [];
for (let round = 0; round <= plan.rounds; round++) {
  rounds.push(await measure(plan, engine, connection, round % 2 === 0));
}
await connection.close();
await engine.close();
// The first was to warm up.
process.send?.(rounds.slice(1));
process.disconnect?.();
