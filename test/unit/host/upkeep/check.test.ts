// What `connection.check()` finds in a store that is really damaged under a host that lives, and how it mends it.

import { afterEach, expect, test } from "vitest";
import type { Notice } from "../../../../src/link/rpc/views.js";
import type { CheckpointChunk } from "../../../../src/store/log-store.js";
import { createMemoryStore } from "../../../../src/store/memory/memory.js";
import { createMemoryDisk, type MemoryDisk } from "../../../../src/store/memory/memory-disk.js";
import { connectTo } from "../../client/client-fixture.js";
import { startHost } from "../world.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(disk: MemoryDisk, checkpointRecords = 8) {
  const world = await startHost({ store: createMemoryStore({ disk }), checkpointRecords });
  const { connection } = connectTo(world.port);
  const close = async () => {
    await connection.close({ force: true });
    await world.host.close();
  };
  closing.push(close);
  return { connection, close, notices: world.notices as Notice[] };
}

/** Messages in every place, two checkpoints behind them. */
async function fill() {
  const disk = createMemoryDisk();
  const { connection, close, notices } = await open(disk);
  const queue = await connection.openQueue<{ n: number }>("q", { maxDeliveries: 1 });
  for (let n = 0; n < 20; n++) await queue.send({ n });
  const [doomed] = await queue.receive();
  await doomed?.deadLetter("no such order");
  const [acked] = await queue.receive();
  await acked?.ack();
  await queue.send({ n: 20 }, { delayMs: 3_600_000 });
  await queue.schedules.upsert("daily", { everyMs: 86_400_000 }, { n: 21 });
  await expect.poll(() => disk.pointer.generation).toBeGreaterThan(1);
  return { disk, connection, queue, close, notices };
}

const SOUND = { faults: [], queues: 1, messages: 20 };

test("nothing is found where nothing is wrong, and what was read is counted", async () => {
  const { connection } = await fill();
  const report = await connection.check();
  expect(report).toMatchObject(SOUND);
  expect(report.batches).toBeGreaterThan(0);
  expect(report.records).toBeGreaterThan(0);
  expect(await connection.check({ repair: true })).toMatchObject(SOUND);
});

const chunksOf = (disk: MemoryDisk, generation: number) => disk.checkpoints.get(generation) as CheckpointChunk[];

test.each<[string, string, (disk: MemoryDisk) => void]>([
  ["the last checkpoint", "checkpoint", (disk) => chunksOf(disk, disk.pointer.generation).splice(1, 1, null as never)],
  [
    "the checkpoint before",
    "checkpoint",
    (disk) => chunksOf(disk, disk.pointer.generation - 1).splice(1, 1, { v: 1 } as never),
  ],
  ["a record of the journal", "journal", (disk) => disk.journal.delete([...disk.journal.keys()].at(-2) as number)],
  [
    "both checkpoints and the journal",
    "journal",
    (disk) => {
      for (const chunks of disk.checkpoints.values()) chunks[0] = null as never;
      disk.journal.delete([...disk.journal.keys()].at(-1) as number);
    },
  ],
])("%s is damaged: it is found, and stored anew from memory, and nothing is lost", async (_, kind, damage) => {
  const { disk, connection, close } = await fill();
  damage(disk);
  const found = await connection.check();
  expect(found.faults).toContainEqual(expect.objectContaining({ kind, isRepaired: false }));
  expect((await connection.check()).faults).toEqual(found.faults);
  const { faults } = await connection.check({ repair: true });
  expect(faults.length).toBeGreaterThan(0);
  expect(faults.every(({ isRepaired }) => isRepaired)).toBe(true);
  expect(await connection.check()).toMatchObject(SOUND);
  await close();
  const next = await open(disk);
  const queue = await next.connection.openQueue("q");
  expect(await queue.stats()).toMatchObject({ ready: 18, delayed: 1, dead: 1, totals: { accepted: 21, acked: 1 } });
});

test("what the log says is not what the host has: it is found, and the host is right", async () => {
  const { disk, connection, queue, close } = await fill();
  const isInJournal = () => ([...disk.journal.keys()].at(-1) as number) > disk.pointer.uptoLsn;
  await connection.check({ repair: true });
  await queue.send({ n: 30 });
  expect(isInJournal()).toBe(true);
  const last = [...disk.journal.keys()].at(-1) as number;
  disk.journal.set(last, { ...disk.journal.get(last), changes: [] } as never);
  const { faults } = await connection.check({ repair: true });
  expect(faults).toEqual([expect.objectContaining({ kind: "books", queue: "q", isRepaired: true })]);
  expect(await connection.check()).toMatchObject({ faults: [], messages: 21 });
  await close();
  const next = await open(disk);
  expect(await (await next.connection.openQueue("q")).stats()).toMatchObject({ ready: 19 });
});

test("bodies that are gone: their messages are named, and taken out of their queue by a repair, and of no other", async () => {
  const { disk, connection, queue, close, notices } = await fill();
  const lost = () => notices.flatMap(({ queues }) => queues.q?.datalost?.ids ?? []);
  const [waits, delayed] = [(await queue.peek())[3], (await queue.peek({ state: "delayed" }))[0]];
  const [dead] = await queue.deadLetters.list();
  const ids = [waits, delayed, dead].map((message) => message?.id as string);
  const damaged = [5, 20, 0, 21].map((n) => JSON.stringify({ n }));
  for (const [key, { bodies, seqs, ...batch }] of disk.bodies) {
    if (typeof bodies === "string") {
      const lines = bodies.split("\n").map((line) => (damaged.includes(line) ? "{damaged" : line));
      disk.bodies.set(key, { ...batch, seqs, bodies: lines.join("\n") } as never);
    } else {
      const kept = bodies.flatMap((body, i) =>
        damaged.includes(typeof body === "string" ? body : JSON.stringify(body)) ? [] : [i],
      );
      const of = (list: unknown) => (Array.isArray(list) ? kept.map((i) => list[i]) : list);
      disk.bodies.set(key, { ...batch, seqs: of(seqs), bodies: of(bodies), sentAt: of(batch.sentAt) } as never);
    }
  }
  const found = await connection.check();
  expect(found.faults.map(({ kind }) => kind)).toEqual(["body", "body", "body"]);
  expect(found.faults.flatMap(({ ids = [] }) => ids).sort()).toEqual([...ids, "daily"].sort());
  expect(lost()).toEqual([]);
  const { faults } = await connection.check({ repair: true });
  expect(faults.every(({ queue, isRepaired }) => queue === "q" && isRepaired)).toBe(true);
  expect(lost().sort()).toEqual([...ids].sort());
  expect(await connection.check()).toMatchObject({ faults: [], messages: 17 });
  expect(await queue.schedules.list()).toEqual([]);
  expect(await queue.stats()).toMatchObject({ ready: 17, delayed: 0, dead: 0 });
  await close();
});

test("a batch that belongs to no message is found, and deleted", async () => {
  const { disk, connection, close } = await fill();
  const [batch] = disk.bodies.values();
  disk.bodies.set(9_000, { ...batch, firstSeq: 9_000 } as never);
  expect((await connection.check()).faults).toEqual([expect.objectContaining({ kind: "orphan", isRepaired: false })]);
  expect((await connection.check({ repair: true })).faults).toEqual([
    expect.objectContaining({ kind: "orphan", isRepaired: true }),
  ]);
  expect(disk.bodies.has(9_000)).toBe(false);
  await close();
});

test("what is sent while it reads waits, and is stored after; a wrong option is named", async () => {
  const { connection, queue, close } = await fill();
  const [report] = await Promise.all([
    connection.check({ repair: true }),
    queue.send({ n: 30 }),
    queue.send({ n: 31 }),
  ]);
  expect(report.faults).toEqual([]);
  expect(await connection.check()).toMatchObject({ faults: [], messages: 22 });
  await expect(connection.check({ mend: true } as never)).rejects.toMatchObject({ code: "invalid-argument" });
  await close();
});

test("a client of a server with rights to its queues may not", async () => {
  const { host, port } = await startHost();
  const { connection } = connectTo(() =>
    port({ client: "anna", queues: { "*": ["manage", "send", "consume", "peek"] } }),
  );
  await expect(connection.check()).rejects.toMatchObject({ code: "denied" });
  await connection.close({ force: true });
  await host.close();
});
