import { expect, test } from "vitest";
import { readEntry } from "../../../../src/integrations/workbox/workbox-entry.js";

const requestData = { url: "https://shop.example/orders", method: "POST", headers: {}, body: new ArrayBuffer(2) };
const stored = { id: 1, queueName: "orders", requestData, timestamp: 5, metadata: { tries: 1 } };

test("an entry of Workbox's is read with its queue, its key and what makes it one of its kind", () => {
  expect(readEntry(stored)).toEqual({
    ...{ id: 1, queueName: "orders", deduplicationId: "workbox-import:1:5" },
    entry: { requestData, timestamp: 5, metadata: { tries: 1 } },
  });
});

test.each([
  ["nothing", undefined],
  ["text", "entry"],
  ["no key", { ...stored, id: undefined }],
  ["no request", { ...stored, requestData: undefined }],
  ["no address", { ...stored, requestData: { ...requestData, url: "http://" } }],
  ["a method that is none", { ...stored, requestData: { ...requestData, method: "a b" } }],
  ["a queue without a name", { ...stored, queueName: 7 }],
  ["a queue whose name is too long", { ...stored, queueName: "x".repeat(10_000) }],
  ["no time", { ...stored, timestamp: "today" }],
])("%s is no entry: no request could be made of it", (_, value) => {
  expect(readEntry(value)).toBeUndefined();
});
