// What tests of bridges to MQTT have in common: what a subscriber gets, and how it confirms.

import { type EventEmitter, once } from "node:events";
import { createConnection } from "node:net";
import type { IClientOptions, IPublishPacket, MqttClient } from "mqtt";
import { expect } from "vitest";
import { WebSocketServer } from "ws";
import type { Bridge } from "../../src/bridge.js";
import type { Mosquitto } from "./mosquitto.js";

interface Socket extends EventEmitter {
  send(data: Buffer): void;
  close(): void;
}
interface Sockets extends EventEmitter {
  on(event: "connection", listener: (socket: Socket) => void): this;
  address(): { readonly port: number };
  close(callback: () => void): void;
}

/** The broker over WebSockets, of which not every build of mosquitto has any; a pipe, since frames are a stream to MQTT. */
export async function startWebSocket(broker: Mosquitto): Promise<{ readonly url: string; close(): Promise<void> }> {
  // Its declarations here are of what the package itself uses.
  const Server = WebSocketServer as unknown as new (options: object) => Sockets;
  const server = new Server({ port: 0, host: "127.0.0.1", handleProtocols: () => "mqtt" });
  await once(server, "listening");
  server.on("connection", (ws) => {
    const socket = createConnection(Number(new URL(broker.url).port), "127.0.0.1");
    socket.on("data", (chunk) => ws.send(chunk));
    socket.on("close", () => ws.close());
    socket.on("error", () => {});
    ws.on("message", (data: Buffer) => socket.write(data));
    ws.on("close", () => socket.destroy());
  });
  const { port } = server.address();
  return {
    url: `ws://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export interface Got {
  readonly topic: string;
  readonly id: string;
  readonly headers: Record<string, unknown>;
  readonly contentType: string | undefined;
  readonly payload: Buffer;
  readonly packet: IPublishPacket;
}

export interface Subscriber {
  readonly client: MqttClient;
  readonly got: Got[];
  /** JSON bodies. */
  readonly bodies: unknown[];
}

export async function subscriber(
  broker: Mosquitto,
  topic: string,
  options: IClientOptions = {},
  qos: 1 | 2 = 1,
): Promise<Subscriber> {
  const got: Got[] = [];
  const client = await broker.client({ properties: { receiveMaximum: 1_000 }, ...options });
  client.on("message", (from, payload, packet) => {
    const { contentType, userProperties = {} } = packet.properties ?? {};
    const headers = { ...userProperties };
    got.push({ topic: from, id: String(headers["originmq-id"] ?? ""), headers, contentType, payload, packet });
  });
  await client.subscribeAsync(topic, { qos });
  return {
    client,
    got,
    get bodies() {
      return got.map(({ payload }) => JSON.parse(String(payload)) as unknown);
    },
  };
}

/** Answers with why it has stalled. */
export async function stalledBy(bridge: Bridge): Promise<string> {
  await expect.poll(() => bridge.stats().state, { timeout: 20_000 }).toBe("stalled");
  return bridge.stats().error?.message ?? "";
}

/** The codes and words of its warnings. */
export function warningsOf(bridge: Bridge): { readonly code: string; readonly message: string }[] {
  const warnings: { code: string; message: string }[] = [];
  bridge.addEventListener("warning", ({ detail }) => void warnings.push(detail));
  return warnings;
}
