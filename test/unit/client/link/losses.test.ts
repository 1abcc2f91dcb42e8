// A client that lives through the loss of its database hears of it, whatever the next host knows.

import { afterEach, expect, test } from "vitest";
import { createLossReader } from "../../../../src/client/link/losses.js";
import { deferred } from "../../../../src/link/rpc/deferred.js";
import type { DataLoss } from "../../../../src/link/rpc/views.js";
import type { Welcome } from "../../../../src/link/rpc/wire.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { startHost, type TestHost } from "../../host/world.js";
import { connectTo } from "../client-fixture.js";

const opened: { close(): Promise<unknown> }[] = [];
const clients: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  // Clients first: without a host they would wait for the next one.
  for (const one of [...clients.splice(0), ...opened.splice(0)]) await one.close();
});

const start = async (disk = createMemoryDisk()) => {
  const world = await startHost({ store: createMemoryStore({ disk }) });
  opened.push(world.host);
  return { disk, ...world };
};

const connect = async (current: () => TestHost) => {
  const { connection, page } = connectTo(() => current().port());
  clients.push({ close: () => connection.close({ force: true }) });
  const queue = await connection.openQueue<number>("q");
  const heard: string[] = [];
  connection.addEventListener("hostchange", () => heard.push("hostchange"));
  queue.addEventListener("datalost", ({ detail }) => heard.push(detail.reason));
  return { connection, queue, heard, page };
};

test("in every tab, when the next host has another database, however far that has come", async () => {
  let current: TestHost = await start();
  const tabs = [await connect(() => current), await connect(() => current)];
  await tabs[0]?.queue.send(1);
  const first = current;
  const disk = createMemoryDisk();
  // Beyond the terms and the numbers of the one that is gone.
  for (let i = 0; i < 3; i++) {
    const { connect: raw, host } = await startHost({ store: createMemoryStore({ disk }) });
    const other = await raw("other");
    await other.submit({
      number: i + 1,
      command: {
        type: "send",
        queue: "q",
        atomic: true,
        segments: [{ count: 5, priority: 4 }],
        bodies: [1, 2, 3, 4, 5],
      },
    });
    await host.close();
  }
  current = await start(disk);
  await first.host.close();
  for (const { heard } of tabs) await expect.poll(() => heard).toEqual(["hostchange", "wiped"]);
});

test("and once, where the host finds it out itself, before or after it has taken the client in, whenever somebody listens", async () => {
  const { promise, resolve: answer } = deferred<number>();
  const world = await startHost({ platform: { canary: { read: () => promise, write: async () => {} } } });
  opened.push(world.host);
  const before = await connect(() => world);
  answer(7);
  await expect.poll(() => before.heard).toEqual(["wiped"]);
  const later: string[] = [];
  before.queue.addEventListener("datalost", ({ detail }) => later.push(detail.reason));
  await expect.poll(() => later).toEqual(["wiped"]);
  // The same host takes a client that was asleep in again.
  before.page.suspend();
  before.page.resume();
  await before.queue.send(1);
  const after = await connect(() => world);
  await expect.poll(() => after.heard).toEqual(["wiped"]);
  expect(before.heard).toEqual(["wiped"]);
});

test("by a word that overtakes the welcome, or one of a host that the client knew to have another database", () => {
  const wiped = { reason: "wiped", ids: [] } as const;
  const welcomeOf = (instance: string, database: string, losses: readonly DataLoss[]): Welcome => {
    return { instance, database, losses, epoch: 1, kind: "shared-worker" };
  };
  const overtaken = createLossReader();
  expect(overtaken.found({ instance: "a", losses: [wiped] })).toEqual([wiped]);
  expect(overtaken.news(welcomeOf("a", "one", [wiped]))).toEqual([]);
  // Of the next host it is news again.
  expect(overtaken.news(welcomeOf("b", "two", []))).toEqual([wiped]);
  expect(overtaken.found({ instance: "b", losses: [wiped] })).toEqual([]);
  const unreadable = { reason: "unreadable", queue: "q", ids: ["1"] } as const;
  expect(overtaken.found({ instance: "b", losses: [wiped, unreadable] })).toEqual([unreadable]);
  expect(overtaken.news(welcomeOf("b", "two", [wiped, unreadable]))).toEqual([]);
});

test("and never when the next host has the same, from the journal or from a checkpoint", async () => {
  const disk = createMemoryDisk();
  let current: TestHost = await start(disk);
  const { queue, heard } = await connect(() => current);
  for (let changes = 1; changes <= 2; changes++) {
    await queue.send(changes);
    const { host } = current;
    await host.close();
    current = await startHost({ store: createMemoryStore({ disk }), checkpointRecords: 1 });
    opened.push(current.host);
    await expect.poll(() => heard.length).toBe(changes);
    await expect.poll(() => disk.checkpoints.size).toBeGreaterThan(0);
  }
  expect(heard).toEqual(["hostchange", "hostchange"]);
});
