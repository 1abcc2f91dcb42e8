#!/usr/bin/env bash
# mqtt.js 5.16.0, a session that the broker has kept (clean: false), QoS 1, against mosquitto 2.0.11.
#
# What waited in the session is emitted as `message`, and acknowledged to the broker, before the client emits `connect` and before
# `connectAsync` resolves. The usual order of a program, connect and then listen, misses all of it, and nobody sends it again:
# it was acknowledged. Only a listener that is attached in the same turn as `mqtt.connect()` gets it.
#
# Why: the broker may send what it kept together with its CONNACK. On CONNACK the client first reads its store of unconfirmed
# publishes to the end, which takes turns of the event loop, and emits `connect` after that; it reads the socket meanwhile, and a
# message for which there is no listener counts as handled.
#
# Source: github.com/mqttjs/MQTT.js, `_onConnect` in src/lib/client.ts. Needs mosquitto (MOSQUITTO, or where Debian puts it).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent mqtt@5.16.0
export MOSQUITTO="${MOSQUITTO:-/usr/sbin/mosquitto}"
cat >look.mjs <<'JS'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect as dial, createServer } from "node:net";
import mqtt from "mqtt";

const COUNT = 10;
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const broker = spawn(process.env.MOSQUITTO, ["-p", String(port)], { stdio: "ignore" });
const answers = () =>
  new Promise((resolve) => {
    const socket = dial(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
while (!(await answers())) await pause(25);

const url = `mqtt://127.0.0.1:${port}`;
const session = {
  ...{ clientId: "device", clean: false, protocolVersion: 5, reconnectPeriod: 0 },
  properties: { sessionExpiryInterval: 600 },
};
const first = await mqtt.connectAsync(url, session);
await first.subscribeAsync("t", { qos: 1 });
await first.endAsync();
const sender = await mqtt.connectAsync(url, { protocolVersion: 5 });

async function comeBack(when) {
  let count = 0;
  const client = mqtt.connect(url, session);
  const listen = () => client.on("message", () => count++);
  if (when === "at once") listen();
  await once(client, "connect");
  if (when !== "at once") listen();
  await pause(1_000);
  await client.endAsync();
  return count;
}

for (const when of ["after connect", "at once"]) {
  for (let i = 0; i < COUNT; i++) await sender.publishAsync("t", String(i), { qos: 1 });
  console.log(`listening ${when}: ${await comeBack(when)} of ${COUNT} seen, ${await comeBack("at once")} more sent again`);
}
await sender.endAsync();
broker.kill();
JS
node look.mjs | tee seen.txt
cat >expected.txt <<'TXT'
listening after connect: 0 of 10 seen, 0 more sent again
listening at once: 10 of 10 seen, 0 more sent again
TXT
diff expected.txt seen.txt && echo "as seen before"
