// A connection to a database of this server, in its own process: the same client, over a port.

import { createClient } from "../client/connection/client.js";
import { type Connection, createPublicConnection } from "../client/connection/connection.js";
import { runtime } from "../client/runtime/runtime.js";
import { hearingChannel } from "../link/finding/hearing.js";
import type { Database } from "./databases.js";

/** Connects to the host that there is, and to the next when it has ended. */
export async function connectHere(open: () => Promise<Database>): Promise<Connection> {
  const database = await open();
  const client = createClient({
    runtime,
    locks: undefined,
    presenceLock: String,
    openNotices: () =>
      hearingChannel((listener) =>
        database.hear({ announce: (data) => listener({ data } as unknown as MessageEvent) }),
      ),
    async openPort() {
      const { host } = await open();
      const { port1, port2 } = new MessageChannel();
      host.connect(port2);
      return { port: port1, lock: undefined };
    },
  });
  await client.connected();
  return createPublicConnection(client, { isLazy: false, persisted: undefined });
}
