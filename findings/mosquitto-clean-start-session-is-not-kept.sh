#!/usr/bin/env bash
# mosquitto 2.0.11 (Debian 12), `persistence true`, MQTT 5, ended in good order by SIGTERM; client mqtt.js 5.16.0.
#
# A session that was begun with clean start and a session expiry of an hour is there when its client comes back after a
# disconnect (CONNACK says "session present"). After a restart of the broker it is gone, although the broker saved its
# database and the hour has hardly begun. The same session, begun without clean start, survives the same restart.
# MQTT 5 gives clean start one meaning only, to discard what was there before (section 3.1.2.4); how long the session then
# lasts is the expiry's business (3.1.2.11.2). Who begins "clean" once, to be rid of an old session, loses what was confirmed to
# publishers and waited for it.
#
# Needs mosquitto (MOSQUITTO, or where Debian puts it); 2.0.11 is what the output below was seen with.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent mqtt@5.16.0
export MOSQUITTO="${MOSQUITTO:-/usr/sbin/mosquitto}"
{ "$MOSQUITTO" -h || true; } | head -n 1
cat >look.mjs <<'JS'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { connect as dial, createServer } from "node:net";
import { userInfo } from "node:os";
import mqtt from "mqtt";

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
writeFileSync(
  "broker.conf",
  `listener ${port} 127.0.0.1\nallow_anonymous true\nuser ${userInfo().username}\npersistence true\npersistence_location ${process.cwd()}/\n`,
);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const answers = () =>
  new Promise((resolve) => {
    const socket = dial(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
let broker;
async function start() {
  broker = spawn(process.env.MOSQUITTO, ["-c", "broker.conf"], { stdio: "ignore" });
  while (!(await answers())) await pause(25);
}
async function stop() {
  broker.kill("SIGTERM");
  await once(broker, "exit");
}
/** Whether the broker says that the session was there. */
async function visit(clientId, clean) {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    ...{ clientId, clean, protocolVersion: 5, reconnectPeriod: 0, properties: { sessionExpiryInterval: 3_600 } },
  });
  const [connack] = await once(client, "connect");
  if (!connack.sessionPresent) await client.subscribeAsync("t", { qos: 1 });
  await client.endAsync();
  return connack.sessionPresent;
}

for (const clean of [true, false]) {
  for (const what of ["a disconnect", "a restart"]) {
    await start();
    await visit("device", clean);
    if (what === "a restart") {
      await stop();
      await start();
    }
    console.log(`clean start ${clean}: there after ${what}: ${await visit("device", false)}`);
    await stop();
    rmSync("mosquitto.db", { force: true });
  }
}
JS
node look.mjs | tee seen.txt
cat >expected.txt <<'TXT'
clean start true: there after a disconnect: true
clean start true: there after a restart: false
clean start false: there after a disconnect: true
clean start false: there after a restart: true
TXT
diff expected.txt seen.txt && echo "as seen before"
