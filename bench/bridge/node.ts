// The rounds in a process of Node: a queue in memory, JetStream over TCP. Writes its times to its parent.

import { connect as connectNats } from "@nats-io/transport-node";
import { connect } from "../../src/index.js";
import { measure, type Plan, type Times } from "./measure.js";

const plan = JSON.parse(process.argv[2] ?? "") as Plan & { readonly rounds: number };
const nc = await connectNats({ servers: plan.servers });
const connection = await connect({ storage: "memory", database: "bench" });
const rounds: Times[] = [];
for (let round = 0; round <= plan.rounds; round++) rounds.push(await measure(plan, nc, connection, round % 2 === 0));
await connection.close();
await nc.close();
// The first was to warm up.
process.send?.(rounds.slice(1));
process.disconnect?.();
