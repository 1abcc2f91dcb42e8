// The host in the same process, for runtimes without workers: in memory, gone with its last connection.

import { createPlatform } from "../host/engine/platform.js";
import { type Host, openHost } from "../host/host.js";
import { answerOpening, requestOpening } from "../link/finding/opening.js";
import type { Port } from "../link/rpc/guard.js";
import { channelName, presenceLockName } from "../link/rpc/wire.js";
import { createMemoryDisk, createMemoryStore } from "../store/memory/memory.js";

interface Hosting {
  readonly host: Promise<Host>;
  users: number;
}

const hostings = new Map<string, Hosting>();

/** A port to the host of a database in memory, and what gives it up. */
export async function openInProcess(database: string): Promise<{ port: Port; release(): Promise<void> }> {
  const known = hostings.get(database);
  const hosting: Hosting = known ?? { host: start(database), users: 0 };
  hostings.set(database, hosting);
  hosting.users++;
  const { port1, port2 } = new MessageChannel();
  answerOpening(port2, () => hosting.host);
  await requestOpening(port1, { storage: "memory", database });
  return {
    port: port1,
    async release() {
      if (--hosting.users > 0) return;
      hostings.delete(database);
      await (await hosting.host).close();
    },
  };
}

function start(database: string): Promise<Host> {
  const store = createMemoryStore({ disk: createMemoryDisk() });
  const platform = createPlatform(channelName("memory", database), { locks: undefined });
  return openHost({
    kind: "in-process",
    store,
    platform,
    presenceLock: (client) => presenceLockName("memory", database, client),
  });
}
