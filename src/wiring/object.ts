// The way of a Worker to a Durable Object of its own: a socket over the binding, which no network sees. Invariant: it is a client
// like any other: the object asks what its token is worth.

import type { ConnectOptions } from "../client/connection/connect-options.js";
import type { Connection } from "../client/connection/connection.js";
import { QueueError } from "../core/spec/errors.js";
import { SUBPROTOCOL } from "../link/socket/greeting.js";
import type { Socket } from "../link/socket/line.js";
import { CONNECTS_ONLY } from "./offered-sealing.js";
import { createSocketWay, MEANS, type SocketOptions } from "./socket.js";
import { createWholeApi } from "./whole-api.js";

/** What is used of a Durable Object's stub. */
export interface ObjectStub {
  fetch(request: Request): Promise<Response>;
}

/** What `connectQueues` takes beside the binding and the name. */
export type ObjectConnectOptions = Pick<ConnectOptions, "token" | "lazy" | "encryption" | "signal">;

/** What Workers have and others have not. */
type WorkerSocket = Socket & { accept(): void };

export function connectObject(
  object: ObjectStub,
  database: string,
  options: ObjectConnectOptions,
): Promise<Connection> {
  const means = { ...MEANS, openSocket: (url: string) => openSocket(object, url) };
  const socket = async (socketOptions: SocketOptions) => createSocketWay(socketOptions, means);
  const api = createWholeApi({ socket, ...CONNECTS_ONLY });
  return api.connect({ ...options, url: `wss://originmq/mq/${encodeURIComponent(database)}` });
}

async function openSocket(object: ObjectStub, url: string): Promise<Socket> {
  const headers = { upgrade: "websocket", "sec-websocket-protocol": SUBPROTOCOL };
  const response = await object.fetch(new Request(url.replace("wss:", "https:"), { headers }));
  const { webSocket } = response as Response & { readonly webSocket?: WorkerSocket | null };
  if (!webSocket) {
    const what = `the object answered ${response.status}: ${(await response.text()).trim()}`;
    throw new QueueError(response.status === 404 ? "invalid-argument" : "host-lost", what);
  }
  webSocket.accept();
  return webSocket;
}
