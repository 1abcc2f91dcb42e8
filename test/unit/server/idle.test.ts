import { describe, expect, test } from "vitest";
import { createSurroundings } from "../../../src/host/engine/platform.js";
import { createDatabases, type Databases } from "../../../src/server/databases.js";
import { connectHere } from "../../../src/server/local.js";
import type { LogStore } from "../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore, type MemoryDisk } from "../../../src/store/memory/memory.js";
import { startFaultyLine } from "../../edge/proxy.js";
import { atEnd, join, startServer } from "./world.js";

const IDLE_MS = 50;

/** Databases in memory that say which stores were opened and closed, and which refuse to be. */
function start(idleMs: number, disk = disks()) {
  const log: string[] = [];
  const reported: unknown[] = [];
  const open = new Set<string>();
  let onClose = async () => {};
  let refusals = 0;
  let ahead = 0;
  const databases = createDatabases({
    async openStore(name) {
      if (open.has(name)) throw new Error("one process has it open at a time");
      if (refusals > 0) {
        refusals--;
        throw new Error("the disk is full");
      }
      open.add(name);
      log.push(`${name} opened`);
      const store: LogStore = createMemoryStore({ disk: disk(name) });
      return {
        ...store,
        async close() {
          await onClose();
          await store.close();
          open.delete(name);
          log.push(`${name} closed`);
        },
      };
    },
    reconnectMs: 100,
    idleMs,
    surroundings: { ...createSurroundings(), now: () => Date.now() + ahead },
    report: (error) => reported.push(error),
  });
  atEnd(() => databases.close());
  return {
    ...{ databases, log, reported, disk },
    holdClose(wait: () => Promise<void>) {
      onClose = wait;
    },
    /** The clock shows so much more, and timers run on as they did. */
    skip(ms: number) {
      ahead += ms;
    },
    /** So many stores, from now on. */
    refuse(count: number) {
      refusals = count;
    },
  };
}

type Disks = (name: string) => MemoryDisk;
function disks(): Disks {
  const known = new Map<string, MemoryDisk>();
  return (name) => {
    const disk = known.get(name) ?? createMemoryDisk();
    known.set(name, disk);
    return disk;
  };
}

async function leaveDue(databases: Databases, name: string, delayMs: number): Promise<void> {
  const here = await connectHere(() => databases.open(name));
  await (await here.openQueue("q")).send(1, { delayMs });
  await here.close();
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
      await expect.poll(health).toBe("ok\ndatabases open: 0\n");
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

  test("stays open while somebody may come back to what it holds", async () => {
    const server = await startServer({ idleMs: IDLE_MS, reconnectMs: 600, metricsPort: 0 });
    const line = await startFaultyLine(server.url);
    const queue = await (await join(`${line.url}/mq/shop`)).openQueue("q");
    await queue.send(1);
    await queue.receive({ leaseMs: 600_000 });
    await line.close();
    const open = async () => /\d+/.exec(await (await fetch(`${server.metricsUrl}/health`)).text())?.[0];
    await expect.poll(open).toBe("0");
    // What was held went back before: nothing is due in it any more.
    const here = await server.connect({ database: "shop" });
    expect(await (await here.openQueue("q")).stats()).toMatchObject({ ready: 1, leased: 0 });
    await here.close();
  });

  test("is open again before something is due, with nobody there", async () => {
    const { databases, log, holdClose, skip } = start(IDLE_MS);
    await leaveDue(databases, "shop", 60_000);
    holdClose(async () => skip(49_500));
    // Ten seconds before.
    await expect.poll(() => log).toEqual(["shop opened", "shop closed", "shop opened"]);
    holdClose(async () => {});
    skip(10_500);
    const again = await databases.open("shop");
    await expect
      .poll(async () => (await again.host.figures()).queues[0]?.stats)
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
    await expect.poll(() => isClosing).toBe(true);
    const waiting = [databases.open("shop"), databases.open("shop")];
    expect(log).toEqual(["shop opened"]);
    holdClose(async () => {});
    finish();
    const [one, two] = await Promise.all(waiting);
    expect(one).toBe(two);
    expect(log).toEqual(["shop opened", "shop closed", "shop opened"]);
  });
});

describe("a database in which something is due", () => {
  test("is opened for that, whoever has not been able to open it before", async () => {
    const { databases, log, refuse, reported, holdClose, skip } = start(IDLE_MS);
    await leaveDue(databases, "shop", 60_000);
    holdClose(async () => skip(48_000));
    await expect.poll(() => log).toEqual(["shop opened", "shop closed"]);
    // Once for the client that comes, which hears of it, and once more when it is due.
    refuse(2);
    await expect(databases.open("shop")).rejects.toThrow("the disk is full");
    await expect.poll(() => log).toEqual(["shop opened", "shop closed", "shop opened"]);
    expect(reported).toEqual([]);
  });

  test("is opened for that, although who came while it was being closed could not open it", async () => {
    const { databases, log, refuse, holdClose, skip } = start(IDLE_MS);
    await leaveDue(databases, "shop", 60_000);
    let isClosing = false;
    let finish = () => {};
    holdClose(() => {
      isClosing = true;
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    await expect.poll(() => isClosing).toBe(true);
    skip(55_000);
    refuse(1);
    const coming = databases.open("shop");
    finish();
    await expect(coming).rejects.toThrow("the disk is full");
    await expect.poll(() => log).toEqual(["shop opened", "shop closed", "shop opened"]);
    holdClose(async () => {});
  });

  test("is opened for that by a server that starts, although who came before it was looked at could not", async () => {
    const first = start(IDLE_MS);
    await leaveDue(first.databases, "shop", 9_000);
    await first.databases.close();
    const { databases, log, refuse } = start(IDLE_MS, first.disk);
    refuse(1);
    const coming = databases.open("shop");
    await Promise.all([expect(coming).rejects.toThrow("the disk is full"), databases.lookInto(["shop"])]);
    await expect.poll(() => log).toEqual(["shop opened"]);
  });

  test("is opened for that when its host has ended meanwhile, and nobody was connected", async () => {
    const { databases, log, disk, reported } = start(IDLE_MS);
    const here = await connectHere(() => databases.open("shop"));
    await (await here.openQueue("q")).schedules.upsert("s", { everyMs: 500 }, 1);
    await here.close();
    // Another server takes it over, and ends.
    const other = start(IDLE_MS, disk);
    await other.databases.open("shop");
    await other.databases.close();
    await expect.poll(() => log).toEqual(["shop opened", "shop closed", "shop opened"]);
    expect(reported).toMatchObject([{ name: "QueueError" }]);
    const ready = async () => {
      const [open] = await databases.all();
      return (await open?.[1].host.figures())?.queues[0]?.stats.ready;
    };
    await expect.poll(ready).toBeGreaterThan(0);
  });

  test("is found by a server that starts, which keeps those open in which that is soon, and looks at one after the other", async () => {
    const first = start(IDLE_MS);
    await leaveDue(first.databases, "soon", 9_000);
    await leaveDue(first.databases, "later", 60_000);
    await leaveDue(first.databases, "refused", 9_000);
    await (await connectHere(() => first.databases.open("nothing"))).close();
    await first.databases.close();
    const { databases, log, refuse, reported } = start(IDLE_MS, first.disk);
    refuse(1);
    await databases.lookInto(["refused", "nothing", "later", "soon"]);
    const looked = ["nothing opened", "nothing closed", "later opened", "later closed", "soon opened"];
    expect(log.filter((line) => line !== "refused opened")).toEqual(looked);
    expect(reported).toMatchObject([{ message: "the disk is full" }]);
    await expect.poll(() => log).toContain("refused opened");
  });

  test("is kept open by who comes while it is being looked at", async () => {
    const { databases, log } = start(60_000);
    const looking = databases.lookInto(["shop", "other"]);
    const here = await connectHere(() => databases.open("shop"));
    await looking;
    expect(log).toEqual(["shop opened", "other opened", "other closed"]);
    await (await here.openQueue("q")).send(1);
    await here.close();
  });

  test("is looked at no more by a server that ends, and left open by none", async () => {
    const { databases, log } = start(IDLE_MS);
    void databases.lookInto(["shop", "other"]);
    while (log.length === 0) await Promise.resolve();
    await databases.close();
    expect(log).toEqual(["shop opened", "shop closed"]);
  });
});
