#!/usr/bin/env bash
# nats-server 2.9.10 (Debian 12), JetStream; clients @nats-io/jetstream and @nats-io/transport-node 3.4.0.
#
# The window of duplicates is given in time, here an hour, and the ids of a stream are read as remembered for that time. They
# are not stored by themselves: a server that starts reads them from the messages that are still in the stream. In a stream
# with work-queue retention an acknowledged message is gone, and its id with it: after a restart in good order the same id is
# stored and handed out again, well within the window. In a stream with limits retention the id survives the same restart.
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
const HOUR_NS = 3_600_000_000_000;
for (const [name, retention] of [["Q", "workqueue"], ["L", "limits"]]) {
  await manager.streams.add({ name, subjects: [name.toLowerCase()], retention, duplicate_window: HOUR_NS });
  await manager.consumers.add(name, { durable_name: "C", ack_policy: "explicit" });
  await js.publish(name.toLowerCase(), "a", { msgID: "a" });
  await (await (await js.consumers.get(name, "C")).next()).ackAck();
  console.log(`${retention}, acknowledged, same id: ${await told(js.publish(name.toLowerCase(), "a", { msgID: "a" }))}`);
}
const ended = new Promise((resolve) => server.once("exit", resolve));
server.kill("SIGTERM");
await ended;
server = start();
for (let isUp = false; !isUp; ) {
  isUp = await manager.streams.info("L").then(() => true, () => new Promise((resolve) => setTimeout(resolve, 200, false)));
}
for (const [name, retention] of [["Q", "workqueue"], ["L", "limits"]]) {
  console.log(`${retention}, the server restarted, same id: ${await told(js.publish(name.toLowerCase(), "a", { msgID: "a" }))}`);
}
await nc.close();
server.kill();
JS
node look.mjs | tee seen.txt
cat >expected.txt <<'TXT'
workqueue, acknowledged, same id: number 1, a duplicate
limits, acknowledged, same id: number 1, a duplicate
workqueue, the server restarted, same id: number 2
limits, the server restarted, same id: number 1, a duplicate
TXT
diff expected.txt seen.txt && echo "as seen before"
