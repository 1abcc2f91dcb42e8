// Times that are given in milliseconds: fractions of them, and more than a timer counts.

import { afterEach, expect, test } from "vitest";
import { type Connection, connect } from "../../../src/index.js";

const DAY_MS = 86_400_000;

let connection: Connection | undefined;
let databases = 0;
const open = async () => {
  connection = await connect({ storage: "memory", database: `spans-${databases++}` });
  return connection;
};
afterEach(() => connection?.close());

test("fractions of a millisecond differ within a turn, and nothing beside them is refused", async () => {
  const { openQueue } = await open();
  const queue = await openQueue<number>("q");
  const other = await openQueue<number>("other");
  const receipts = await Promise.all([
    queue.send(1, { delayMs: 0.5 }),
    queue.send(2, { delayMs: 1.5 }),
    queue.sendBatch([
      { body: 3, delayMs: 0.25 },
      { body: 4, deliverAt: 2.5 },
    ]),
    other.send(5),
    other.pause(),
  ]);
  expect(receipts[3]).toMatchObject({ duplicate: false });
  const received: number[] = [];
  while (received.length < 4) for (const one of await queue.receive({ max: 4, waitMs: 5_000 })) received.push(one.body);
  expect(received.sort()).toEqual([1, 2, 3, 4]);
});

test("a delay of more than 24.8 days is kept: of a send, of a retry, of a release, and a time to live", async () => {
  const { openQueue } = await open();
  const queue = await openQueue<string>("q", { ttlMs: 400 * DAY_MS });
  const before = Date.now();
  await queue.sendBatch([{ body: "retried" }, { body: "released" }, { body: "sent", delayMs: 60.5 * DAY_MS }]);
  const [retried, released] = await queue.receive({ max: 2 });
  await Promise.all([retried?.retry({ delayMs: 90 * DAY_MS }), released?.release({ delayMs: 30 * DAY_MS })]);
  const views = await queue.peek({ state: "delayed" });
  const days = Object.fromEntries(views.map(({ body, deliverAt }) => [body, ((deliverAt ?? 0) - before) / DAY_MS]));
  expect(days.sent).toBeCloseTo(60.5, 2);
  expect(days.retried).toBeCloseTo(90, 2);
  expect(days.released).toBeCloseTo(30, 2);
  for (const { expiresAt, sentAt } of views) expect((expiresAt ?? 0) - sentAt).toBe(400 * DAY_MS);
});
