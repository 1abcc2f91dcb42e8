// Lines that are slow, stand still, or are gone for so long that their clients lose what they hold; and all of it in turn.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repeatsOf, type Scene, underLoad } from "./line-scene.js";
import { hasServer, type ServerProcess, startServerProcess } from "./server-process.js";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const MIXED_MS = 60_000;

describe.skipIf(!hasServer)("over a line under load nothing is lost", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServerProcess();
  });
  afterAll(() => server.close());

  const faults: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
    async "that takes long, now more, now less"({ proxy, progress }) {
      proxy.delay({ ms: 20, jitterMs: 150 });
      await progress();
      proxy.cut();
      await progress();
      proxy.mend();
    },
    async "that stands still for a while, in both directions or in one"({ proxy, progress }) {
      for (const direction of [undefined, "up", "down"] as const) {
        proxy.stall(direction);
        await sleep(1_500);
        proxy.mend();
        await progress(20);
      }
      expect(proxy.count).toBe(2);
    },
    async "that stands still for so long that both sides give it up"({ proxy, progress }) {
      for (const direction of [undefined, "up", "down"] as const) {
        proxy.stall(direction);
        await sleep(12_000);
        proxy.mend();
        await progress(20);
      }
    },
    async "that fails in every way, in any order"({ proxy, progress }) {
      const ways = [
        () => proxy.cut(),
        () => proxy.stall(),
        () => proxy.stall("up"),
        () => proxy.stall("down"),
        () => proxy.vanish("client"),
        () => proxy.delay({ ms: 30, jitterMs: 200 }),
        () => void proxy.overtake(200).catch(() => {}),
      ];
      for (const end = performance.now() + MIXED_MS; performance.now() < end; ) {
        ways[Math.floor(Math.random() * ways.length)]?.();
        await sleep(Math.random() * 1_500);
        proxy.mend();
        await progress(10);
      }
    },
  };
  test.concurrent.each(Object.entries(faults))("%s, and nothing delivered twice", async (_, breakLine) => {
    expect(repeatsOf(await underLoad(server, breakLine))).toEqual({});
  });

  test.concurrent("that is gone for longer than is waited: what was held goes to others, and whoever held it is told", async () => {
    const impatient = await startServerProcess({ reconnectMs: 200 });
    const verdict = await underLoad(
      impatient,
      async ({ proxy, progress }) => {
        for (let i = 0; i < 3; i++) {
          proxy.stall();
          proxy.vanish("server");
          await progress();
          await sleep(500);
          proxy.mend();
          await progress();
        }
      },
      // So slow that some always run.
      { everyMs: 80, handlerMs: 150 },
    );
    const { "lease-ended": ended, ...others } = repeatsOf(verdict);
    expect(ended).toBeGreaterThan(0);
    expect(others).toEqual({});
    await impatient.close();
  });
});
