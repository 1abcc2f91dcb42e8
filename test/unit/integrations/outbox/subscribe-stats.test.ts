import { afterEach, expect, test } from "vitest";
import type { QueueStats } from "../../../../src/index.js";
import { createOutbox, type Outbox, type OutboxOptions } from "../../../../src/outbox.js";

const outboxes: Outbox[] = [];
afterEach(async () => {
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
});
const open = (options: OutboxOptions = {}): Outbox => {
  const outbox = createOutbox({ database: crypto.randomUUID(), replay: false, mode: "queue-first", ...options });
  outboxes.push(outbox);
  return outbox;
};

test("statistics of an outbox come now, and when a request is stored, until they are ended", async () => {
  const outbox = open({ storage: "memory" });
  const seen: QueueStats[] = [];
  const end = outbox.subscribeStats((stats) => seen.push(stats), { everyMs: 1 });
  await expect.poll(() => seen.at(-1)).toMatchObject({ ready: 0 });
  await outbox.fetch("http://127.0.0.1:9/a", { method: "POST", body: "x" });
  await expect.poll(() => seen.at(-1)).toMatchObject({ ready: 1 });
  end();
  const count = seen.length;
  await outbox.fetch("http://127.0.0.1:9/b", { method: "POST", body: "x" });
  await expect.poll(() => outbox.stats()).toMatchObject({ ready: 2 });
  expect(seen).toHaveLength(count);
});

test("they end with why the queue could not be opened, unless they were ended before", async () => {
  // In Node nothing can host what is not in memory.
  const outbox = open();
  const reasons: unknown[] = [];
  outbox.subscribeStats(() => {}, { onEnded: () => reasons.push("ended before") })();
  outbox.subscribeStats(() => {}, { onEnded: (reason) => reasons.push(reason) });
  await expect.poll(() => reasons).toMatchObject([{ code: "unsupported" }]);
  expect(() => outbox.subscribeStats("no function" as never)).toThrow("callback");
});
