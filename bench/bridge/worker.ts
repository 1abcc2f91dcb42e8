// The rounds in a worker of a tab: a queue in IndexedDB, whose host is another worker, and JetStream over a WebSocket.

import { wsconnect } from "@nats-io/nats-core";
import { connect } from "../../src/index.js";
import { jetStreamEngine } from "./jetstream.js";
import { measure, type Plan, type Times } from "./measure.js";

addEventListener("message", async ({ data }: MessageEvent<Plan & { readonly rounds: number }>) => {
  const engine = jetStreamEngine(await wsconnect({ servers: data.servers }), data.servers);
  const connection = await connect({ database: "bench" });
  const rounds: Times[] = [];
  for (let round = 0; round <= data.rounds; round++)
    rounds.push(await measure(data, engine, connection, round % 2 === 0));
  postMessage(rounds.slice(1));
});
