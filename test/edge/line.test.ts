// A server over SQLite and its clients, over a line that fails as lines do, under load: the history checker judges what became
// of each message. What waits longer: `line.long.test.ts`.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Device } from "./device.js";
import { repeatsOf, type Scene, underLoad } from "./line-scene.js";
import { until } from "./recorder.js";
import { hasServer, type ServerProcess, startServerProcess } from "./server-process.js";

describe.skipIf(!hasServer)("over a line under load nothing is lost, and nothing delivered twice", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServerProcess();
  });
  afterAll(() => server.close());

  const faults: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
    async "that is cut again and again"({ proxy, progress }) {
      for (let i = 0; i < 8; i++) {
        proxy.cut();
        await progress(10);
      }
    },
    async "that ends for the clients, while the server is not told"({ proxy, progress }) {
      for (let i = 0; i < 2; i++) {
        proxy.vanish("client");
        await progress();
      }
    },
    async "that delivers what an older connection sent after a newer one has begun"({ proxy, progress }) {
      for (let i = 0; i < 3; i++) {
        await proxy.overtake(100);
        await progress(20);
      }
    },
    async "that is gone, and nobody is told"({ proxy, devices }) {
      const [till] = devices as [Device];
      proxy.vanish("nobody");
      const sent = till.send(1);
      await until("both have come back", () => proxy.count === 4);
      expect(await sent).toEqual([]);
    },
  };
  test.concurrent.each(Object.entries(faults))("%s", async (_, breakLine) => {
    expect(repeatsOf(await underLoad(server, breakLine))).toEqual({});
  });
});
