import { expect, test } from "vitest";
import { readable, withoutColumns } from "../../../../src/client/sending/earlier-hosts.js";
import type { Item } from "../../../../src/client/sending/item.js";
import { messagesOf } from "../../../../src/client/sending/messages.js";
import { itemsOf } from "../../../../src/client/sending/taken-in.js";
import { MINOR_PLACES } from "../../../../src/core/spec/version.js";

const items = (...options: readonly object[]): Item[] => itemsOf(options.map((one, n) => ({ body: { n }, ...one })));

test("messages that are alike are one segment without columns", () => {
  const { segments, bodies, ...columns } = messagesOf("orders", items({}, {}, {}));
  expect(segments).toEqual([{ count: 3, priority: 4 }]);
  expect(bodies).toBe('{"n":0}\n{"n":1}\n{"n":2}');
  expect(columns).toEqual({ queue: "orders" });
});

test("messages that differ in priority or time alone are one segment with columns", () => {
  const mixed = items({ priority: 9, delayMs: 5 }, { delayMs: 0 }, { priority: 1, delayMs: 7 });
  expect(messagesOf("orders", mixed)).toMatchObject({
    segments: [{ count: 3, priority: 9, delayMs: 5 }],
    priorities: [9, 4, 1],
    times: [5, 0, 7],
  });
});

test("a delay, an instant and neither are segments of their own, and so is another time to live", () => {
  const mixed = items({ delayMs: 5 }, { deliverAt: 1_000 }, {}, { ttlMs: 10 });
  const { segments, times, priorities } = messagesOf("orders", mixed);
  expect(segments.map(({ count }) => count)).toEqual([1, 1, 1, 1]);
  expect(times).toEqual([5, 1_000, 0, 0]);
  expect(priorities).toBeUndefined();
});

test("a host that knows no columns gets a segment for each message, and values for texts", () => {
  const mixed = items(
    { priority: 9, delayMs: 5, deduplicationId: "a" },
    { delayMs: 3, deduplicationId: "b", groupId: "g" },
    { deliverAt: 1_000, groupId: "g" },
    {},
  );
  expect(withoutColumns(messagesOf("orders", mixed))).toEqual({
    queue: "orders",
    bodies: [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }],
    segments: [
      { count: 1, priority: 9, delayMs: 5, deduplicationIds: ["a"] },
      { count: 1, priority: 4, delayMs: 3, deduplicationIds: ["b"] },
      { count: 1, priority: 4, deliverAt: 1_000 },
      { count: 1, priority: 4 },
    ],
    groups: ["", "g", "g", ""],
  });
  expect(withoutColumns(messagesOf("orders", items({}, {}))).segments).toEqual([{ count: 2, priority: 4 }]);
});

test("a host that knows no places is asked to redrive by the time alone, a later one by places alone", () => {
  const part = { type: "redrive", queue: "orders", filter: {}, max: 2, diedBy: 5 } as const;
  const later = { ...part, beforePlace: 7 };
  expect(readable(later, MINOR_PLACES)).toEqual({ ...later, diedBy: Number.MAX_SAFE_INTEGER });
  // Strictly: not even a member without a value.
  expect(readable(later, MINOR_PLACES - 1)).toStrictEqual(part);
});
