// A client whose database cannot be opened for now: what waits, for how long, and what goes on by itself.

import { afterEach, expect, test, vi } from "vitest";
import { PASSING } from "../../../../src/core/spec/errors.js";
import { QueueError } from "../../../../src/index.js";
import { StoreError } from "../../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { startHost, type TestHost } from "../../host/world.js";
import { connectTo } from "../client-fixture.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0)) await close();
});

/** A second of waiting takes so many milliseconds less. */
const HURRY = 100;
/** What has to come before a call is given up has longer. */
const LESS_HURRY = 5;
const TROUBLE = "the database q cannot be opened (UnknownError: Internal error opening backing store)";

const start = async (hurry = HURRY) => {
  const disk = createMemoryDisk();
  let host: TestHost | undefined;
  let tries = 0;
  let isBroken = false;
  const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
  const { client, connection, page } = connectTo(() => {
    tries++;
    if (host) return host.port();
    throw new QueueError("storage-failed", TROUBLE, { detail: PASSING });
  }, hurry);
  closing.push(
    () => connection.close({ force: true }),
    async () => host?.host.close(),
  );
  return {
    connection,
    page,
    complaints,
    get tries() {
      return tries;
    },
    async open() {
      const store = createMemoryStore({ disk });
      const opened = await startHost({
        store: {
          ...store,
          async commit(...args) {
            if (!isBroken) return store.commit(...args);
            host = undefined;
            throw new StoreError("unavailable", TROUBLE);
          },
        },
      });
      opened.host.ended.catch(() => {});
      host = opened;
    },
    break() {
      isBroken = true;
    },
    mend() {
      isBroken = false;
    },
    /** Once the client has heard so. */
    async fail() {
      await host?.host.close();
      host = undefined;
      await expect.poll(() => client.link, { timeout: 10_000 }).toBeUndefined();
    },
    get host() {
      return host as TestHost;
    },
  };
};

test("calls wait for a database that cannot be opened, and are answered once it can", async () => {
  const world = await start(LESS_HURRY);
  const opening = world.connection.openQueue<number>("q");
  await expect.poll(() => world.tries).toBeGreaterThan(2);
  await world.open();
  const queue = await opening;
  await world.fail();
  const sent = queue.send(1);
  await expect.poll(() => world.tries).toBeGreaterThan(5);
  await world.open();
  await sent;
  expect(await queue.stats()).toMatchObject({ ready: 1 });
});

test("whoever waited for too long is told why, and of what was sent nothing is stored later", async () => {
  const world = await start();
  await world.open();
  const queue = await world.connection.openQueue<number>("q");
  await world.fail();
  await expect.poll(() => world.complaints.mock.calls.length).toBe(1);
  const told = { code: "storage-failed", message: expect.stringContaining(TROUBLE), detail: { openTimeoutMs: 30_000 } };
  const calls = [
    queue.send(1),
    queue.sendBatch([{ body: 2 }, { body: 3 }]),
    queue.stats(),
    queue.pause(),
    world.connection.openQueue("other"),
  ];
  await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(told)));
  await world.open();
  await queue.send(4);
  expect(await queue.stats()).toMatchObject({ ready: 1, paused: false });
});

test("what a host had heard of is not said to be undone", async () => {
  const world = await start();
  await world.open();
  const queue = await world.connection.openQueue<number>("q");
  world.break();
  await expect(queue.send(1)).rejects.toMatchObject({ code: "host-lost", cause: { code: "storage-failed" } });
  world.mend();
  await world.open();
  await queue.send(2);
  expect(await queue.stats()).toMatchObject({ ready: 1 });
});

test("consumers and what they settle go on by themselves, after however many calls were given up", async () => {
  const world = await start();
  await world.open();
  const queue = await world.connection.openQueue<number>("q", { leaseMs: 60_000 });
  const handled: number[] = [];
  let finish = () => {};
  queue.consume(async ({ body }) => {
    handled.push(body);
    if (body === 1)
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
  });
  await queue.send(1);
  await expect.poll(() => handled).toEqual([1]);
  await world.fail();
  await expect(queue.send(2)).rejects.toMatchObject({ code: "storage-failed" });
  finish();
  await expect(queue.stats()).rejects.toMatchObject({ code: "storage-failed" });
  await world.open();
  await queue.send(3);
  await expect.poll(() => handled).toEqual([1, 3]);
  await expect.poll(async () => (await queue.stats()).totals.acked).toBe(2);
});

test("one line says so, however often it is tried, and of one that is back at once, too", async () => {
  const world = await start();
  const opening = world.connection.openQueue<number>("q");
  await expect.poll(() => world.tries).toBeGreaterThan(4);
  expect(world.complaints).toHaveBeenCalledTimes(1);
  expect(String(world.complaints.mock.calls[0]?.[1])).toContain(TROUBLE);
  await world.open();
  await opening;
  await world.fail();
  const before = world.tries;
  await expect.poll(() => world.tries).toBeGreaterThan(before);
  expect(world.complaints).toHaveBeenCalledTimes(1);
});

test("a page that is looked at again tries at once", async () => {
  const world = await start();
  world.page.setHidden(true);
  const opening = world.connection.openQueue<number>("q");
  opening.catch(() => {});
  await expect.poll(() => world.tries).toBe(6);
  world.page.setHidden(false);
  const before = world.tries;
  await expect.poll(() => world.tries, { interval: 1, timeout: 50 }).toBeGreaterThan(before);
});
