#!/usr/bin/env bash
# nats-server 2.9.10 (Debian 12), JetStream; clients @nats-io/jetstream and @nats-io/transport-node 3.4.0.
#
# `discard: "new"` refuses what comes when a stream is full, so that nothing that was confirmed is dropped. That holds for
# publishes only: when `max_msgs` is lowered below what the stream holds, the update is accepted without a word, and the OLDEST
# messages are dropped to fit. Who "closes" a stream by setting its limit to the count that was read a moment before loses as
# many of the oldest as came in between, and no publisher or consumer hears of it.
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
const server = spawn(process.env.NATS_SERVER, ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", `${process.cwd()}/data`], {
  stdio: "ignore",
});
const nc = await connect({ servers: `nats://127.0.0.1:${port}`, waitOnFirstConnect: true, reconnectTimeWait: 100 });
const manager = await jetstreamManager(nc);
await manager.streams.add({ name: "S", subjects: ["s"], discard: "new" });
for (let n = 1; n <= 5; n++) await jetstream(nc).publish("s", String(n));
await manager.streams.update("S", { max_msgs: 2 });
const { state } = await manager.streams.info("S");
console.log(`limit lowered from none to 2: ${state.messages} of 5 left, the first is number ${state.first_seq}`);
const refused = await jetstream(nc).publish("s", "6").then(() => "taken", (error) => error.message);
console.log(`one more: ${refused}`);
await nc.close();
server.kill();
JS
node look.mjs | tee seen.txt
cat >expected.txt <<'TXT'
limit lowered from none to 2: 2 of 5 left, the first is number 4
one more: maximum messages exceeded
TXT
diff expected.txt seen.txt && echo "as seen before"
