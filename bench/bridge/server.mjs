// A nats-server with JetStream and a mosquitto, in folders of their own, for as long as the benchmark runs.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectAsync } from "mqtt";

/** @param {string} binary */
export async function startServer(binary) {
  const folder = mkdtempSync(join(tmpdir(), "originmq-bench-nats-"));
  const [port, webSocketPort] = [await freePort(), await freePort()];
  const file = join(folder, "server.conf");
  writeFileSync(
    file,
    `host: 127.0.0.1\nport: ${port}\nwebsocket { host: 127.0.0.1, port: ${webSocketPort}, no_tls: true }\njetstream { store_dir: "${folder}/data" }\n`,
  );
  const child = spawn(binary, ["-c", file], { stdio: "ignore" });
  while (!(await answers(webSocketPort))) await sleep(25);
  return {
    url: `nats://127.0.0.1:${port}`,
    webSocketUrl: `ws://127.0.0.1:${webSocketPort}`,
    async close() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A mosquitto that takes a thousand messages at once, and one who has subscribed. @param {string} binary */
export async function startBroker(binary) {
  const folder = mkdtempSync(join(tmpdir(), "originmq-bench-mosquitto-"));
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  writeFileSync(
    file,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 0\n`,
  );
  const child = spawn(binary, ["-c", file], { stdio: "ignore" });
  while (!(await answers(port))) await sleep(25);
  const url = `mqtt://127.0.0.1:${port}`;
  const subscriber = await connectAsync(url, { protocolVersion: 5, properties: { receiveMaximum: 1_000 } });
  await subscriber.subscribeAsync("bench", { qos: 0 });
  return {
    url,
    async close() {
      await subscriber.endAsync(true);
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** @param {number} port @returns {Promise<boolean>} */
const answers = (port) =>
  new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    const end = (/** @type {boolean} */ isThere) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
