// In which order the messages of a batch are accepted.

import { describe, expect, test } from "vitest";
import { alikeTogether } from "../../../../src/client/sending/alike.js";
import { itemsOf } from "../../../../src/client/sending/taken-in.js";
import { startHosts } from "../client-fixture.js";

const placesOf = (...options: readonly object[]) =>
  alikeTogether(itemsOf(options.map((one) => ({ body: "plain", ...one }))));

describe("the messages of a batch", () => {
  test("stay where they are when they are alike", () => {
    expect(placesOf({}, { headers: { a: "b" } }, {})).toBeUndefined();
    expect(placesOf({ delayMs: 5 }, { delayMs: 5 })).toBeUndefined();
  });

  test("go by priority, the high ones first, and keep their order within one", () => {
    expect(placesOf({}, { priority: 9 }, {}, { priority: 9 }, { priority: 0 })).toEqual([1, 3, 0, 2, 4]);
  });

  test("go by their time within a priority", () => {
    expect(placesOf({ delayMs: 9 }, {}, { delayMs: 5 }, { delayMs: 9 }, { deliverAt: 1 })).toEqual([1, 2, 0, 3, 4]);
  });

  test.each([
    ["a group", { groupId: "g" }],
    ["a deduplication id", { deduplicationId: "d" }],
    ["a body that may not be storable", { body: new Date() }],
  ])("stay where they are as soon as one has %s", (_, one) => {
    expect(placesOf({ priority: 9 }, { priority: 1 }, { priority: 9, ...one })).toBeUndefined();
  });
});

test("each receipt names the message that stood in its place, and each priority keeps its order", async () => {
  const hosts = await startHosts();
  const queue = await hosts.connect().connection.openQueue<number>("q");
  const items = Array.from({ length: 50 }, (_, n) => ({
    body: n,
    priority: (n * 7) % 10,
    delayMs: n % 3 ? 0 : 60_000,
  }));
  const receipts = await queue.sendBatch(items);
  const waiting = await queue.peek({ max: 100 });
  expect(new Map(waiting.map(({ id, body }) => [body, id]))).toEqual(
    new Map(receipts.map(({ id }, place) => [items[place]?.body, id])),
  );
  for (const { body, priority, state } of waiting) {
    expect(priority).toBe((body * 7) % 10);
    expect(state).toBe(body % 3 ? "ready" : "delayed");
  }
  const handled: number[] = [];
  await queue.consumeUntilEmpty(({ body }) => void handled.push(body));
  const expected = items.filter(({ delayMs }) => delayMs === 0).sort((a, b) => b.priority - a.priority);
  expect(handled).toEqual(expected.map(({ body }) => body));
  await hosts.close();
});
