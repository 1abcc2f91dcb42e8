// The client that goes on where one has begun, on any way to a host.

import { type ClientRest, createClient } from "../client/connection/client.js";
import type { ConnectOptions } from "../client/connection/connect-options.js";
import type { Rest } from "../client/connection/early-client.js";
import { watchHost } from "../client/link/watchdog.js";
import { runtime } from "../client/runtime/runtime.js";
import { directoryName } from "../link/rpc/names.js";
import { createAsking } from "./asking.js";
import { createTransport, type Starters } from "./transport.js";

export const takesOver = (options: ConnectOptions, starters: Starters, rest: () => Promise<ClientRest>): Rest => ({
  takeOver: (begun) => createClient({ ...createTransport(options, starters), label: options.label, rest }, begun),
  watch(link, epoch, onLost) {
    const { storage = "indexeddb", database = "originmq" } = options;
    return watchHost({ link, epoch, asking: createAsking(directoryName(storage, database)), runtime }, onLost);
  },
});
