// A connection to a database of this server, in its own process: the same client, over a port.

import { createClient } from "../client/connection/client.js";
import { type Connection, createPublicConnection } from "../client/connection/connection.js";
import { whole } from "../client/connection/whole.js";
import { runtime } from "../client/runtime/runtime.js";
import { createHearing } from "../link/finding/hearing.js";
import type { Database } from "./databases.js";

/** Connects to the host that there is, and to the next when it has ended. */
export async function connectHere(open: () => Promise<Database>): Promise<Connection> {
  let current: Database | undefined;
  /** Missing while nobody listens. */
  let stopHearing: (() => void) | undefined;
  const hearing = createHearing(() => hearAgain());
  /** The host that there is now is heard, as long as somebody listens. */
  const hearAgain = () => {
    stopHearing?.();
    stopHearing = hearing.isHeard() ? current?.hear({ announce: hearing.tell }) : undefined;
  };
  const client = createClient({
    runtime,
    locks: undefined,
    presenceLock: String,
    rest: async () => whole,
    openNotices: hearing.openChannel,
    async openPort() {
      current = await open();
      hearAgain();
      const { port1, port2 } = new MessageChannel();
      current.host.connect(port2);
      return { port: port1, lock: undefined };
    },
  });
  await client.connected();
  return createPublicConnection(client, { isLazy: false, persisted: undefined });
}
