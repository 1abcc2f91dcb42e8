// Records of a journal that are damaged in the browser's own database, behind everybody's back.

import { afterEach, expect, test } from "vitest";
import { type Connection, connect } from "../../src/index.js";
import { settled, withDatabase } from "./store-harness.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

// Of each connection its own, so that a host ends with it.
const worker = () => new Worker(new URL("../../src/dedicated-worker.ts", import.meta.url), { type: "module" });

const isHosted = async (database: string): Promise<boolean> =>
  ((await navigator.locks.query()).held ?? []).some(({ name }) => name?.includes(database));

async function end(connection: Connection, database: string): Promise<void> {
  await connection.close();
  await expect.poll(() => isHosted(database), { timeout: 20_000 }).toBe(false);
}

interface RawRecord {
  readonly changes: readonly { readonly type: string }[];
}

/** The record by which a message was accepted, counted from 0. */
const acceptance = async (journal: IDBObjectStore, n: number): Promise<IDBValidKey> => {
  const records: RawRecord[] = await settled(journal.getAll());
  const places = records.flatMap(({ changes }, i) => (changes.some(({ type }) => type === "accepted") ? [i] : []));
  return (await settled(journal.getAllKeys()))[places[n] as number] as IDBValidKey;
};

test.each<[string, (journal: IDBObjectStore, lsn: IDBValidKey) => IDBRequest]>([
  ["is null, as one that cannot be deserialized", (journal, lsn) => journal.put(null, lsn)],
  ["is missing", (journal, lsn) => journal.delete(lsn)],
  ["is cut off", (journal, lsn) => journal.put({ v: 1, lsn }, lsn)],
])(
  "a record that %s costs what it held, by name, and the rest goes on in its order",
  async (_, damage) => {
    const database = `damaged-${crypto.randomUUID()}`;
    const first = await connect({ database, worker });
    const queue = await first.openQueue<number>("orders");
    const ids: string[] = [];
    for (let n = 0; n < 10; n++) ids.push((await queue.send(n)).id);
    // It is in a record of its own that they were handed out, and what of.
    const [handled, ...others] = await queue.receive({ max: 10 });
    await handled?.ack();
    for (const other of others) await other.release();
    await end(first, database);
    await withDatabase(database, async (db) => {
      const tx = db.transaction("journal", "readwrite");
      await settled(damage(tx.objectStore("journal"), await acceptance(tx.objectStore("journal"), 5)));
    });
    const lost: unknown[] = [];
    const second = await connect({ database, worker });
    closing.push(() => second.close({ force: true }));
    second.addEventListener("datalost", ({ detail }) => lost.push(detail));
    const again = await second.openQueue<number>("orders");
    await expect
      .poll(() => lost, { timeout: 20_000 })
      .toEqual([{ reason: "unreadable", queue: "orders", ids: [ids[5]] }]);
    await again.send(10);
    const left = await again.peek({ max: 20 });
    expect(left.map(({ body }) => body)).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 10]);
    expect(left.slice(0, 8).map(({ id }) => id)).toEqual(ids.filter((_, n) => n !== 0 && n !== 5));
    expect(await second.check({ repair: true })).toMatchObject({ messages: 9 });
    expect((await second.check()).faults).toEqual([]);
  },
  60_000,
);
