import { describe, expect, test } from "vitest";
import { createSurroundings } from "../../../src/host/engine/platform.js";
import { createDatabases } from "../../../src/server/databases.js";
import { connectHere } from "../../../src/server/local.js";
import type { LogStore } from "../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { atEnd, join, startServer } from "./world.js";

const IDLE_MS = 50;

/** Databases in memory that say which stores were opened and closed. */
function start(idleMs: number, now: () => number = Date.now) {
  const log: string[] = [];
  const disk = createMemoryDisk();
  let isOpen = false;
  let onClose = async () => {};
  const databases = createDatabases({
    async openStore(name) {
      if (isOpen) throw new Error("one process has it open at a time");
      isOpen = true;
      log.push(`${name} opened`);
      const store: LogStore = createMemoryStore({ disk });
      return {
        ...store,
        async close() {
          await onClose();
          await store.close();
          isOpen = false;
          log.push(`${name} closed`);
        },
      };
    },
    reconnectMs: 100,
    idleMs,
    surroundings: { ...createSurroundings(), now },
  });
  atEnd(() => databases.close());
  const holdClose = (wait: () => Promise<void>) => {
    onClose = wait;
  };
  return { databases, log, holdClose };
}

describe("a database that nobody uses", () => {
  test("is closed after a while, and opened again by who comes, with all that was accepted", async () => {
    const server = await startServer({ idleMs: IDLE_MS, metricsPort: 0 });
    const health = async () => (await fetch(`${server.metricsUrl}/health`)).text();
    const url = `${server.url}/mq/shop`;
    for (let round = 0; round < 3; round++) {
      const connection = await join(url);
      const queue = await connection.openQueue<number>("q");
      await queue.send(round);
      expect(await health()).toBe("ok\ndatabases open: 1\n");
      await connection.close();
      await expect.poll(health, { timeout: 5_000 }).toBe("ok\ndatabases open: 0\n");
    }
    expect(await (await fetch(`${server.metricsUrl}/metrics`)).text()).toContain("\noriginmq_databases_open 0\n");
    const queue = await (await join(url)).openQueue<number>("q");
    expect((await queue.peek()).map(({ body }) => body)).toEqual([0, 1, 2]);
  });

  test("stays open while somebody is connected, and while something is due soon", async () => {
    const server = await startServer({ idleMs: IDLE_MS });
    const here = await server.connect({ database: "a" });
    const epoch = here.host?.epoch;
    const other = await server.connect({ database: "b" });
    await (await other.openQueue("q")).send(1, { delayMs: 5_000 });
    const before = other.host?.epoch;
    await other.close();
    await new Promise((resolve) => setTimeout(resolve, 10 * IDLE_MS));
    expect(here.host?.epoch).toBe(epoch);
    const again = await server.connect({ database: "b" });
    expect(again.host?.epoch).toBe(before);
    await Promise.all([here.close(), again.close()]);
  });

  test("is open again before something is due, with nobody there", async () => {
    let ahead = 0;
    const { databases, log } = start(IDLE_MS, () => Date.now() + ahead);
    const here = await connectHere(() => databases.open("shop"));
    await (await here.openQueue("q")).send(1, { delayMs: 10_800 });
    await here.close();
    await expect.poll(() => log, { timeout: 5_000 }).toEqual(["shop opened", "shop closed"]);
    // Ten seconds before.
    await expect.poll(() => log, { timeout: 5_000 }).toEqual(["shop opened", "shop closed", "shop opened"]);
    ahead = 10_800;
    const again = await databases.open("shop");
    await expect
      .poll(async () => (await again.host.figures()).queues[0]?.stats, { timeout: 5_000 })
      .toMatchObject({
        ready: 1,
        delayed: 0,
      });
  });

  test("is waited for by who comes while it is being closed, and opened once", async () => {
    const { databases, log, holdClose } = start(IDLE_MS);
    await databases.open("shop");
    let finish = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let isClosing = false;
    holdClose(() => {
      isClosing = true;
      return held;
    });
    await expect.poll(() => isClosing, { timeout: 5_000 }).toBe(true);
    const waiting = [databases.open("shop"), databases.open("shop")];
    expect(log).toEqual(["shop opened"]);
    holdClose(async () => {});
    finish();
    const [one, two] = await Promise.all(waiting);
    expect(one).toBe(two);
    expect(log).toEqual(["shop opened", "shop closed", "shop opened"]);
  });
});

test("one that cannot be opened when something is due in it is tried again", async () => {
  const disk = createMemoryDisk();
  let opens = 0;
  const databases = createDatabases({
    async openStore() {
      if (++opens === 2) throw new Error("the disk is full for a moment");
      return createMemoryStore({ disk });
    },
    reconnectMs: 100,
    idleMs: 50,
  });
  atEnd(() => databases.close());
  const here = await connectHere(() => databases.open("shop"));
  await (await here.openQueue("orders")).send(1, { delayMs: 10_800 });
  await here.close();
  await expect.poll(() => opens, { timeout: 8_000 }).toBe(3);
});
