// A real mosquitto, in a folder of its own, that can be killed and started again on what it has stored.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { answers, freePort } from "../ports.js";

export interface Mosquitto {
  readonly url: string;
  /** Ends it and waits until it has gone. */
  kill(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Stopped: it answers nothing, and closes nothing. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same folder and port. */
  start(): Promise<void>;
  /** A client of mqtt.js, closed with the broker. */
  client(options?: IClientOptions): Promise<MqttClient>;
  /** Ends it for good. */
  close(): Promise<void>;
}

/** As docs/bridges.md says. */
export const PERSISTENT =
  "persistence true\nautosave_interval 100\nautosave_on_changes true\nmax_queued_messages 0\nmax_inflight_messages 1000\n";

/** `files` are written into its folder, which `config` calls FOLDER. */
export async function startMosquitto(
  binary: string,
  config = "",
  files: Readonly<Record<string, string>> = {},
): Promise<Mosquitto> {
  const directory = mkdtempSync(join(tmpdir(), "originmq-mosquitto-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text, { mode: 0o600 });
  const port = await freePort();
  const url = `mqtt://127.0.0.1:${port}`;
  const clients: MqttClient[] = [];
  let child: ChildProcess | undefined;

  const broker: Mosquitto = {
    url,
    async kill(signal = "SIGKILL") {
      const ending = child;
      child = undefined;
      if (ending === undefined) return;
      const ended = once(ending, "exit");
      ending.kill("SIGCONT");
      ending.kill(signal);
      await ended;
    },
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    async start() {
      const file = join(directory, "mosquitto.conf");
      const listener = `listener ${port} 127.0.0.1\npersistence_location ${directory}/\nuser ${userInfo().username}\n`;
      const access = config.includes("allow_anonymous") ? "" : "allow_anonymous true\n";
      writeFileSync(file, `${listener}${access}${config.replaceAll("FOLDER", directory)}`);
      child = spawn(binary, ["-c", file], { stdio: "ignore" });
      await answers(port);
    },
    async client(options = {}) {
      const client = await connectAsync(url, { protocolVersion: 5, ...options });
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.endAsync(true).catch(() => {})));
      await broker.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await broker.start();
  return broker;
}
