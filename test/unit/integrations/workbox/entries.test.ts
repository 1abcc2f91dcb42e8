// The entries of a Workbox queue over queues in memory. What needs a service worker is in test/outbox.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Connection, connect } from "../../../../src/index.js";
import { type Entries, openEntries, type StoredEntry } from "../../../../src/integrations/workbox/entries.js";

let connection: Connection;
let entries: Entries;
let count = 0;

beforeEach(async () => {
  let last: Promise<unknown> = Promise.resolve();
  const request = (_name: string, run: () => Promise<unknown>) => {
    const turn = last.then(run);
    last = turn.catch(() => {});
    return turn;
  };
  vi.stubGlobal("navigator", { locks: { request } });
  connection = await connect({ storage: "memory", database: `entries-${++count}` });
  entries = await openEntries(connection, "w");
});
afterEach(async () => {
  await connection.close({ force: true });
  vi.unstubAllGlobals();
});

const entry = (timestamp: number): StoredEntry => ({
  requestData: { url: `https://a.test/${timestamp}`, headers: {} },
  timestamp,
});
const all = async () => (await entries.all(() => false)).map(({ timestamp }) => timestamp);

test("what was put in front stands before what was pushed, the latest first", async () => {
  for (const timestamp of [1, 2]) await entries.push(entry(timestamp));
  for (const timestamp of [3, 4]) await entries.unshift(entry(timestamp));
  expect(await all()).toEqual([4, 3, 1, 2]);
  expect((await entries.shift(() => false))?.body.timestamp).toBe(4);
  expect(await all()).toEqual([3, 1, 2]);
});

test("what is put in front of more than a page of others stands before all of them", async () => {
  const numbers = Array.from({ length: 505 }, (_, i) => i);
  for (const timestamp of numbers) await entries.unshift(entry(timestamp));
  expect(await all()).toEqual(numbers.reverse());
}, 120_000);
