#!/usr/bin/env bash
# nats-server 2.9.10 (Debian 12), JetStream; clients @nats-io/jetstream and @nats-io/transport-node 3.4.0.
#
# A publish may say what it expects of its stream: the last sequence number, that of its subject, the last message id. Read as a
# compare-and-set, a wrong expectation is refused. Not where the message's id (`Nats-Msg-Id`) is still in the window of
# duplicates: that is looked at first, and the answer is a success with `duplicate: true`, whatever was expected; only the name
# of the stream is checked before. Who takes a confirmation for "the stream was as I expected" is wrong for each publish that
# is repeated. And a refused publish leaves no id behind: the same id with the right expectation is stored.
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
await manager.streams.add({ name: "S", subjects: ["s"] });
console.log(`an id that is new, expecting number 7: ${await told(js.publish("s", "a", { msgID: "a", expect: { lastSequence: 7 } }))}`);
console.log(`the same id, expecting nothing: ${await told(js.publish("s", "a", { msgID: "a" }))}`);
for (const [what, expect] of [
  ["number 7", { lastSequence: 7 }],
  ["number 7 of its subject", { lastSubjectSequence: 7 }],
  ["another last id", { lastMsgID: "z" }],
  ["another stream", { streamName: "T" }],
]) {
  console.log(`again, expecting ${what}: ${await told(js.publish("s", "a", { msgID: "a", expect }))}`);
}
await nc.close();
server.kill();
JS
node look.mjs | tee seen.txt
cat >expected.txt <<'TXT'
an id that is new, expecting number 7: refused: wrong last sequence: 0
the same id, expecting nothing: number 1
again, expecting number 7: number 1, a duplicate
again, expecting number 7 of its subject: number 1, a duplicate
again, expecting another last id: number 1, a duplicate
again, expecting another stream: refused: expected stream does not match
TXT
diff expected.txt seen.txt && echo "as seen before"
