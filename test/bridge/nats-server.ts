// A real nats-server with JetStream, in a folder of its own, that can be killed and started again on what it has stored.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { answers, freePort } from "../ports.js";

export interface NatsServer {
  readonly url: string;
  /** For pages. */
  readonly webSocketUrl: string;
  readonly port: number;
  /** Ends it and waits until it has gone. */
  kill(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Stopped: it answers nothing, and closes nothing. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same folder and ports, with other lines of configuration where they are given. */
  start(config?: string): Promise<void>;
  /** Has it read its configuration again while it runs, with these lines in it. */
  reload(config: string): void;
  connection(): Promise<NatsConnection>;
  /** Ends it for good. */
  close(): Promise<void>;
}

export interface NatsServerOptions {
  readonly binary: string;
  /** Further lines of configuration. */
  readonly config?: string;
  readonly webSocketPort?: number;
}

/** Whom a server that asks for names lets do everything; others do not ask. */
const ADMIN = "admin";

/** Lines of configuration: the administrator, and these, each with lines of what it may do; its password is its name. */
export const usersConfig = (users: Readonly<Record<string, string>>): string =>
  `authorization { users: [\n${Object.entries({ [ADMIN]: "", ...users })
    .map(([name, may]) => `{ user: ${name}, password: ${name} ${may && `, permissions { ${may} }`} }`)
    .join("\n")}\n] }`;

export async function startNatsServer({ binary, config = "", ...options }: NatsServerOptions): Promise<NatsServer> {
  const directory = mkdtempSync(join(tmpdir(), "originmq-nats-"));
  const [port, webSocketPort] = [await freePort(), options.webSocketPort ?? (await freePort())];
  const url = `nats://127.0.0.1:${port}`;
  const connections: NatsConnection[] = [];
  let child: ChildProcess | undefined;
  let lines = config;
  const file = join(directory, "server.conf");
  const writeConfig = () =>
    writeFileSync(
      file,
      `host: 127.0.0.1\nport: ${port}\nwebsocket { host: 127.0.0.1, port: ${webSocketPort}, no_tls: true }\n` +
        `jetstream { store_dir: "${directory}/data" }\n${lines}\n`,
    );

  const server: NatsServer = {
    url,
    webSocketUrl: `ws://127.0.0.1:${webSocketPort}`,
    port,
    async kill(signal = "SIGKILL") {
      const ending = child;
      child = undefined;
      if (ending === undefined) return;
      const ended = once(ending, "exit");
      // By its number: in Deno a child that was sent one signal takes no other.
      for (const one of ["SIGCONT", signal] as const) process.kill(ending.pid as number, one);
      await ended;
    },
    pause: () => void process.kill(child?.pid as number, "SIGSTOP"),
    resume: () => void process.kill(child?.pid as number, "SIGCONT"),
    async start(other) {
      lines = other ?? lines;
      writeConfig();
      child = spawn(binary, ["-c", file], { stdio: "ignore" });
      await answers(port);
      await answers(webSocketPort);
    },
    reload(config) {
      lines = config;
      writeConfig();
      process.kill(child?.pid as number, "SIGHUP");
    },
    async connection() {
      for (let attempt = 1; ; attempt++) {
        try {
          const nc = await connect({ servers: url, reconnect: false, user: ADMIN, pass: ADMIN });
          connections.push(nc);
          return nc;
        } catch (error) {
          // Who comes while it reads its configuration again may be turned away.
          if (attempt === 20) throw error;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    },
    async close() {
      await Promise.all(connections.map((nc) => nc.close().catch(() => {})));
      await server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}
