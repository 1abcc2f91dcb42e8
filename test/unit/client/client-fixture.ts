// A client over hosts in this process, one after the other on the same disk, as when a host dies and the next begins.

import { createClient, type Lifecycle } from "../../../src/client/connection/client.js";
import { createPublicConnection } from "../../../src/client/connection/connection.js";
import { whole } from "../../../src/client/connection/whole.js";
import { runtime } from "../../../src/client/runtime/runtime.js";
import type { Platform } from "../../../src/host/engine/platform.js";
import type { LogStore } from "../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore, type MemoryDisk } from "../../../src/store/memory/memory.js";
import { startHost, type TestHost } from "../host/world.js";

export interface Hosts {
  readonly current: TestHost;
  /** Where all of them store. */
  readonly disk: MemoryDisk;
  /** Ends the host and starts the next one. */
  change(platform?: Partial<Platform>): Promise<void>;
  /** `hurry`: how many times faster its timers run. `through`: what stands between it and the host. */
  connect(hurry?: number, through?: (port: MessagePort) => MessagePort): ReturnType<typeof connectTo>;
  close(): Promise<void>;
}

/** `faulty`: the store as the hosts see it. */
export async function startHosts(faulty: (store: LogStore) => LogStore = (store) => store): Promise<Hosts> {
  const disk = createMemoryDisk();
  const start = (platform?: Partial<Platform>) =>
    startHost({ store: faulty(createMemoryStore({ disk })), ...(platform && { platform }) });
  let current = await start();
  const clients: ReturnType<typeof connectTo>[] = [];
  return {
    disk,
    get current() {
      return current;
    },
    async change(platform) {
      await current.host.close();
      current = await start(platform);
    },
    connect(hurry = 1, through = (port) => port) {
      const connected = connectTo(() => through(current.port()), hurry);
      clients.push(connected);
      return connected;
    },
    async close() {
      await Promise.all(clients.map(({ connection }) => connection.close({ force: true })));
      await current.host.close();
    },
  };
}

export function connectTo(openPort: () => MessagePort, hurry = 1) {
  const names: string[] = [];
  let events: Parameters<Lifecycle["listen"]>[0] | undefined;
  const client = createClient({
    runtime: {
      ...runtime,
      setTimer: (callback, ms) => runtime.setTimer(callback, ms / hurry),
      uuid() {
        const name = runtime.uuid();
        names.push(name);
        return name;
      },
    },
    locks: undefined,
    presenceLock: (name) => name,
    rest: async () => whole,
    openNotices: () => undefined,
    openPort: async () => ({ port: openPort(), lock: undefined }),
    lifecycle: {
      listen(page) {
        events = page;
        return () => {};
      },
    },
  });
  const connection = createPublicConnection(client, { isLazy: false, persisted: undefined });
  return { client, connection, name: names[0] as string, page: events as Parameters<Lifecycle["listen"]>[0] };
}
