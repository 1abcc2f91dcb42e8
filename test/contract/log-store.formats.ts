// Databases that earlier builds have written: they open, lose nothing, and are of this format from then on.

import { describe, expect, test } from "vitest";
import type { Queue } from "../../src/client/queue/queue.js";
import { FORMAT_MAJOR } from "../../src/core/spec/version.js";
import type { BodyBatch, LogStore } from "../../src/store/log-store.js";
import { connectTo } from "../unit/client/client-fixture.js";
import { startHost } from "../unit/host/world.js";
import { FORMAT_2_AT, formatTwo } from "./format-2.js";
import { FORMAT_3_AT, formatThree } from "./format-3.js";
import type { StoreHarness, TestDisk } from "./log-store.contract.js";
import { collect } from "./log-store.samples.js";

/** What waits in the queue "orders" of the database of format 2, but for what is delayed. */
const ORDERS = [
  { n: 2 },
  { n: 3, list: [1, "two", null], "line\nbreak": "a\nb" },
  new Map([["tea", new Date(86_400_000)]]),
  { n: 4, gone: undefined, zero: -0 },
  "text",
  { n: 5, state: "latest" },
  { n: 6 },
  { n: 7 },
  { n: 13 },
];

/** Since the first test: in workerd no time passes before. */
let startedAt: number | undefined;

/** `at`: when the database was left behind. */
async function start(disk: TestDisk, checkpointRecords?: number, at = FORMAT_2_AT) {
  startedAt ??= performance.now();
  const from = at - startedAt;
  const now = () => from + performance.now();
  const options = checkpointRecords === undefined ? {} : { checkpointRecords };
  const world = await startHost({ store: disk.store(), platform: { now }, ...options });
  const { connection } = connectTo(world.port);
  const end = async () => {
    await connection.close({ force: true });
    await world.host.close();
  };
  return { connection, end };
}

async function batchesOf(store: LogStore): Promise<BodyBatch[]> {
  const keys = (await collect(store.batchKeys())).flat();
  return (await store.readBatches(keys)).filter((batch) => batch !== undefined);
}

const encodingsOf = async (disk: TestDisk) => (await batchesOf(disk.store())).map(({ encoding }) => encoding);

const bodiesOf = (messages: readonly { readonly body: unknown }[]) => messages.map(({ body }) => body);

/** Everything that can be had of the queue now, and after the retries of leases that were lost. */
async function handle(queue: Queue<unknown>, count: number): Promise<unknown[]> {
  const seen: unknown[] = [];
  const consumer = queue.consume(({ body }) => void seen.push(body));
  await expect.poll(() => seen.length).toBeGreaterThanOrEqual(count);
  await consumer.stop();
  return seen;
}

const nOf = (body: unknown) => (body as { n?: number }).n;

/** By their `n`; the others are told apart by their kind. */
const sorted = (bodies: readonly unknown[]) => {
  const rank = (body: unknown) =>
    nOf(body) ?? (typeof body === "string" ? 100 : 100 + (body as Map<string, unknown>).size);
  return [...bodies].sort((a, b) => rank(a) - rank(b));
};

export function describeFormats(harness: StoreHarness) {
  describeOneCheckpoint(harness);
  describeFormatTwo(harness);
  describeFormatThree(harness);
}

/** The store of a build that keeps one checkpoint. */
function ofOneCheckpoint(disk: TestDisk): LogStore {
  const store = disk.store();
  return {
    ...store,
    async takeOver(build) {
      const tail = await store.takeOver(build);
      await disk.keepOne("take-over");
      return tail;
    },
    async checkpoint(chunks, uptoLsn) {
      await store.checkpoint(chunks, uptoLsn);
      await disk.keepOne("checkpoint");
    },
  };
}

const describeOneCheckpoint = (harness: StoreHarness) =>
  test("builds that keep one checkpoint and builds that keep two take turns on a database, and nothing is lost or comes twice", async () => {
    const disk = harness.createDisk();
    const sent: number[] = [];
    const handled: number[] = [];
    for (let turn = 0; turn < 8; turn++) {
      // Twice in a row, and in turn.
      const store = [0, 3, 4, 6].includes(turn) ? ofOneCheckpoint(disk) : disk.store();
      const world = await startHost({ store, checkpointRecords: 6 });
      const { connection } = connectTo(world.port);
      const queue = await connection.openQueue<number>("q");
      const waiting = (await queue.peek({ max: 100 })).map(({ body }) => body);
      expect(waiting, `before turn ${turn}`).toEqual(sent.filter((n) => !handled.includes(n)));
      for (let i = 0; i < 8; i++) {
        sent.push(sent.length);
        await queue.send(sent.length - 1);
      }
      for (const delivery of await queue.receive({ max: 3 })) {
        handled.push(delivery.body);
        await delivery.ack();
      }
      await connection.close();
      await world.host.close();
    }
    const log = await disk.store().open();
    // The last two turns were of one that keeps two.
    expect(await log.former()).toBeDefined();
    expect(handled).toEqual(sent.slice(0, handled.length));
  });

const describeFormatTwo = (harness: StoreHarness) =>
  describe("a database of format 2, which holds values alone,", () => {
    const open = async (checkpointRecords?: number) => {
      const disk = harness.createDisk();
      await disk.restore(formatTwo());
      return { disk, ...(await start(disk, checkpointRecords)) };
    };

    test("is of this format from the take-over on, and keeps every message until it is delivered", async () => {
      const { disk, connection, end } = await open();
      expect((await disk.dump()).format).toMatchObject({ major: FORMAT_MAJOR });
      expect(new Set(await encodingsOf(disk))).toEqual(new Set(["clone"]));
      const orders = await connection.openQueue<unknown>("orders");
      const shown = await orders.peek();
      expect(sorted(bodiesOf(shown))).toStrictEqual(sorted([...ORDERS, { n: 10 }]));
      expect(shown).toMatchObject([{ body: { n: 2 } }, { headers: { kind: "plain" } }, {}, {}, {}, {}, {}, {}, {}, {}]);
      const doomed = await connection.openQueue<unknown>("doomed");
      expect(await doomed.deadLetters.list()).toMatchObject([{ body: { n: 11 }, reason: "no such order" }]);
      expect(await orders.schedules.list()).toMatchObject([{ id: "leap day", body: { n: 12 } }]);
      const handled = await handle(orders, ORDERS.length);
      expect(sorted(handled)).toStrictEqual(sorted(ORDERS));
      const ofGroup = handled.map(nOf).filter((n) => n === 6 || n === 7);
      expect(ofGroup).toEqual([6, 7]);
      expect(await handle(await connection.openQueue<unknown>("news/a"), 2)).toEqual([{ n: 8 }, { n: 9 }]);
      expect(await handle(await connection.openQueue<unknown>("news/b"), 1)).toEqual([{ n: 8 }]);
      expect(await orders.stats()).toMatchObject({ delayed: 1, ready: 0, leased: 0, totals: { quarantined: 0 } });
      await end();
    });

    test("holds texts beside the values once something is sent, and another host reads both", async () => {
      const { disk, connection, end } = await open();
      const orders = await connection.openQueue<unknown>("orders");
      await orders.send({ n: 20 });
      await orders.send(new Map([["new", 1]]));
      await end();
      const encodings = await encodingsOf(disk);
      expect(encodings.filter((encoding) => encoding === "json")).toHaveLength(1);
      expect(encodings.filter((encoding) => encoding === "clone").length).toBeGreaterThan(8);
      const next = await start(disk);
      const all = [...ORDERS, { n: 20 }, new Map([["new", 1]])];
      const handled = await handle(await next.connection.openQueue<unknown>("orders"), all.length);
      expect(sorted(handled)).toStrictEqual(sorted(all));
      await next.end();
    });

    test("is rewritten with what was sent since into one batch of values, and nothing is lost", async () => {
      const { disk, connection, end } = await open(12);
      const orders = await connection.openQueue<unknown>("orders");
      const added = Array.from({ length: 30 }, (_, i) => ({ n: 20 + i }));
      for (const body of added) await orders.send(body);
      const joined = async () => (await batchesOf(disk.store())).find(({ seqs }) => seqs !== undefined);
      await expect.poll(joined).toMatchObject({ encoding: "clone" });
      const bodies = (await joined())?.bodies;
      expect(bodies).toEqual(
        expect.arrayContaining([{ n: 3, list: [1, "two", null], "line\nbreak": "a\nb" }, { n: 20 }]),
      );
      await end();
      const next = await start(disk);
      const queue = await next.connection.openQueue<unknown>("orders");
      const handled = await handle(queue, ORDERS.length + added.length);
      expect(sorted(handled)).toStrictEqual(sorted([...ORDERS, ...added]));
      expect(await queue.stats()).toMatchObject({ delayed: 1, ready: 0, leased: 0, totals: { quarantined: 0 } });
      await next.end();
    });
  });

/** All that the database of format 3 holds, nothing of it taken. */
async function expectThree(
  connection: Awaited<ReturnType<typeof start>>["connection"],
  added: readonly unknown[] = [],
) {
  const [orders, mail, doomed] = await Promise.all(
    ["orders", "mail", "doomed"].map((name) => connection.openQueue<unknown>(name)),
  );
  const [a, b] = await Promise.all(["news/a", "news/b"].map((name) => connection.openQueue<unknown>(name)));
  const shown = async (queue: Queue<unknown> | undefined) => sorted(bodiesOf((await queue?.peek()) ?? []));
  expect(await shown(orders)).toStrictEqual(
    sorted([
      ...[{ n: 9 }, { n: 10 }, { n: 11, list: [1, "two", null] }, new Map([["tea", new Date(86_400_000)]])],
      ...[{ n: 12, state: "latest" }, { n: 13 }, { n: 19 }, ...added],
    ]),
  );
  expect(await orders?.stats()).toMatchObject({ delayed: 1, totals: { acked: 8, replaced: 1, quarantined: 0 } });
  expect(await orders?.schedules.list()).toMatchObject([{ id: "leap day", body: { n: 14 } }]);
  expect(await shown(mail)).toEqual([{ n: 1 }, { n: 3 }, { n: 4 }, { n: 5 }]);
  expect(await mail?.deadLetters.list()).toMatchObject([{ body: { n: 2 }, reason: "no such person", groupId: "b" }]);
  expect(await shown(doomed)).toEqual([{ n: 16 }, { n: 20 }]);
  expect(await doomed?.deadLetters.list()).toMatchObject([{ body: { n: 15 }, reason: "no such order", groupId: "g" }]);
  expect(await doomed?.stats()).toMatchObject({ paused: true, totals: { accepted: 3, redriven: 1 } });
  expect([await shown(a), await shown(b)]).toEqual([[{ n: 17 }, { n: 18 }], [{ n: 17 }]]);
  expect((await a?.peek())?.[0]).toMatchObject({ headers: { kind: "some" } });
  return { orders, mail, doomed } as { [Name in "orders" | "mail" | "doomed"]: Queue<unknown> };
}

const describeFormatThree = (harness: StoreHarness) =>
  describe("a database of format 3, with one queue to a piece of its checkpoint,", () => {
    const open = async () => {
      const disk = harness.createDisk();
      await disk.restore(formatThree());
      const openHost = (afterMs = 0, checkpointRecords?: number) =>
        start(disk, checkpointRecords, FORMAT_3_AT + afterMs);
      return { disk, openHost };
    };

    test("loses nothing, goes on, and is the same when it is read from a checkpoint of several queues to a piece", async () => {
      const { disk, openHost } = await open();
      expect((await disk.dump()).chunks).toBe(16);
      const { connection, end } = await openHost(0, 30);
      expect((await disk.dump()).format).toMatchObject({ major: FORMAT_MAJOR });
      const { orders } = await expectThree(connection);
      const added = Array.from({ length: 30 }, (_, i) => ({ n: 200 + i }));
      for (const body of added) await orders.send(body);
      // The one of format 3 is kept beside it.
      await expect.poll(async () => (await disk.dump()).chunks, { timeout: 10_000 }).toBeGreaterThan(16);
      await expectThree(connection, added);
      expect(await orders.stats()).toMatchObject({ leased: 1 });
      await end();

      // Whoever held a message is not coming back, and its lease has ended.
      const next = await openHost(60_000);
      const queues = await expectThree(next.connection, added);
      // The deduplication id is still known, and what waits under it can still be replaced.
      await queues.orders.send({ n: 12, state: "last" }, { deduplicationId: "draft" });
      const handled = await handle(queues.orders, 6 + added.length);
      expect(sorted(handled).map(nOf)).toEqual(
        sorted([{ n: 9 }, { n: 10 }, { n: 11 }, { n: 12 }, { n: 19 }, ...added, new Map([["tea", 1]])]).map(nOf),
      );
      expect(handled).toContainEqual({ n: 12, state: "last" });
      // The group goes on once its dead letter is back in its place.
      await queues.doomed.resume();
      await queues.doomed.deadLetters.redrive();
      const ofGroup = (await handle(queues.doomed, 3)).map(nOf).filter((n) => n !== 20);
      expect(ofGroup).toEqual([15, 16]);
      await next.end();
    });

    test("opens after an upgrade that was interrupted once it had taken over", async () => {
      const { disk, openHost } = await open();
      const store = disk.store();
      await store.open();
      await store.takeOver(({ epoch, lsn }) => {
        const changes = [{ type: "took-over", term: "f".repeat(16) }] as const;
        return { v: 1, lsn, epoch, at: FORMAT_3_AT, changes };
      });
      await store.close();
      expect(await disk.dump()).toMatchObject({ format: { major: FORMAT_MAJOR }, chunks: 16 });
      const { connection, end } = await openHost();
      await expectThree(connection);
      await end();
    });
  });
