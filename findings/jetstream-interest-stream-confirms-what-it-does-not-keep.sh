#!/usr/bin/env bash
# nats-server 2.9.10 (Debian 12), JetStream; clients @nats-io/jetstream and @nats-io/transport-node 3.4.0.
#
# A stream with interest retention keeps a message for as long as a consumer may want it. While there is no consumer, a publish
# is confirmed all the same, with a sequence number, and nothing is kept: a positive answer does not say that the message is
# there. The id of a message that was never kept is remembered nevertheless: the same message, sent again once there is a
# consumer, is a duplicate, with the sequence number 0, and that consumer never gets it. Whoever repeats until there is
# a consumer has to use a new id each time, or to look for consumers first.
#
# Needs nats-server (NATS_SERVER, or in the PATH).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @nats-io/jetstream@3.4.0 @nats-io/transport-node@3.4.0
export NATS_SERVER="${NATS_SERVER:-$(command -v nats-server || echo /usr/sbin/nats-server)}"
"$NATS_SERVER" --version
cat >look.mjs <<'JS'
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const start = () =>
  spawn(process.env.NATS_SERVER, ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", `${process.cwd()}/data`], {
    stdio: "ignore",
  });
let server = start();
const nc = await connect({
  servers: `nats://127.0.0.1:${port}`,
  waitOnFirstConnect: true,
  reconnectTimeWait: 100,
  maxReconnectAttempts: -1,
});
const manager = await jetstreamManager(nc);
const js = jetstream(nc);
const told = (promise) =>
  promise.then(
    ({ seq, duplicate }) => `number ${seq}${duplicate ? ", a duplicate" : ""}`,
    (error) => `refused: ${error.message}`,
  );
await manager.streams.add({ name: "S", subjects: ["s"], retention: "interest" });
console.log(`nobody consumes: ${await told(js.publish("s", "a", { msgID: "a" }))}`);
console.log(`kept: ${(await manager.streams.info("S")).state.messages}`);
await manager.consumers.add("S", { durable_name: "C", ack_policy: "explicit" });
console.log(`the same id, once somebody does: ${await told(js.publish("s", "a", { msgID: "a" }))}`);
console.log(`kept: ${(await manager.streams.info("S")).state.messages}`);
console.log(`another id: ${await told(js.publish("s", "a", { msgID: "b" }))}`);
console.log(`kept: ${(await manager.streams.info("S")).state.messages}`);
await nc.close();
server.kill();
JS
node look.mjs | tee seen.txt
cat >expected.txt <<'TXT'
nobody consumes: number 1
kept: 0
the same id, once somebody does: number 0, a duplicate
kept: 0
another id: number 2
kept: 1
TXT
diff expected.txt seen.txt && echo "as seen before"
