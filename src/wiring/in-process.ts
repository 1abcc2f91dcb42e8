// The host in the same process, for runtimes without workers: in memory, gone with its last connection.
// Invariant: a connection counts once, however often it connects again.

import { QueueError } from "../core/spec/errors.js";
import { createPlatform } from "../host/engine/platform.js";
import { type Host, openHost } from "../host/host.js";
import { answerOpening } from "../link/finding/answering.js";
import type { OpenedPort } from "../link/finding/directory.js";
import { requestOpening } from "../link/finding/opening.js";
import { channelName, presenceLockName } from "../link/rpc/names.js";
import { createMemoryDisk, createMemoryStore } from "../store/memory/memory.js";

/** One host of the process, and the connections that it serves. */
interface SharedHost {
  readonly host: Promise<Host>;
  readonly users: Set<object>;
}

const hosts = new Map<string, SharedHost>();

/** One connection's way to the host of a database in memory. */
export interface InProcess {
  /** A port to the host; of the next one, when the last has ended. */
  openPort(): Promise<OpenedPort>;
  /** Gives the host up. */
  release(): Promise<void>;
}

export function createInProcess(database: string): InProcess {
  assertPossible();
  const user = {};
  let used: SharedHost | undefined;
  const leave = async (shared: SharedHost | undefined) => {
    if (!shared?.users.delete(user) || shared.users.size > 0) return;
    if (hosts.get(database) === shared) hosts.delete(database);
    // One that could not be opened, or has failed, is over anyhow.
    await shared.host.then((host) => host.close()).catch(() => {});
  };
  return {
    async openPort() {
      const shared = hosts.get(database) ?? share(database);
      const before = used;
      used = shared;
      shared.users.add(user);
      if (before !== shared) await leave(before);
      const { port1, port2 } = new MessageChannel();
      answerOpening(port2, () => shared.host);
      await requestOpening(port1, { storage: "memory", database });
      return { port: port1, lock: undefined };
    },
    release: () => leave(used),
  };
}

function share(database: string): SharedHost {
  const shared: SharedHost = { host: start(database), users: new Set() };
  hosts.set(database, shared);
  const forget = () => {
    if (hosts.get(database) === shared) hosts.delete(database);
  };
  shared.host.then((host) => host.ended).then(forget, forget);
  return shared;
}

/** Its channel is open for as long as it is: a process that Deno runs ends only when all are closed. */
async function start(database: string): Promise<Host> {
  const store = createMemoryStore({ disk: createMemoryDisk() });
  const platform = createPlatform(channelName("memory", database), { locks: undefined });
  try {
    const presenceLock = (client: string) => presenceLockName("memory", database, client);
    const host = await openHost({ kind: "in-process", store, platform, presenceLock });
    host.ended.catch(() => {}).finally(() => platform.close());
    return host;
  } catch (error) {
    platform.close();
    throw error;
  }
}

/** Every runtime has these; what stands in for a browser in tests may have taken them away. */
function assertPossible(): void {
  const missing = ["MessageChannel", "structuredClone"].filter((name) => Reflect.get(globalThis, name) === undefined);
  if (missing.length === 0) return;
  const what = `a queue in memory needs ${missing.join(" and ")}, missing here: a test environment such as Jest's takes away what its runtime has, and docs/testing.md says how to give it back`;
  throw new QueueError("unsupported", what, { detail: { missing } });
}
