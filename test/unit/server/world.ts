// A real server in memory, and clients that are closed with it.

import { afterEach } from "vitest";
import { type Connection, type ConnectOptions, connect } from "../../../src/index.js";
import { type ServeOptions, type Server, serve } from "../../../src/server.js";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

export const atEnd = (end: () => Promise<void>): void => void ends.push(end);

export async function startServer(options: ServeOptions = {}): Promise<Server> {
  const server = await serve({ memory: true, port: 0, ...options });
  atEnd(() => server.close());
  return server;
}

export async function join(url: string, options: ConnectOptions = {}): Promise<Connection> {
  const connection = await connect({ url, ...options });
  atEnd(() => connection.close({ force: true }));
  return connection;
}
