// A queue that was opened before the part that receives has come.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { asBegun } from "../../../../src/client/connection/as-begun.js";
import { createEarlyQueue } from "../../../../src/client/connection/early-queue.js";
import { whole as part, type Whole } from "../../../../src/client/connection/whole.js";
import { later } from "../../../../src/client/runtime/later.js";
import { createIntake } from "../../../../src/client/sending/intake.js";
import { withFilesRead } from "../../../../src/client/sending/reading.js";
import type { Queue } from "../../../../src/index.js";
import { type Deferred, deferred } from "../../../../src/link/rpc/deferred.js";
import { startHosts } from "../client-fixture.js";

let hosts: Awaited<ReturnType<typeof startHosts>>;
let loads: Deferred<Whole>[] = [];
let queue: Queue<number>;
/** It arrives. */
const arrive = () => loads.at(-1)?.resolve(part);
const all = async (pages: AsyncIterable<unknown>) => {
  const list: unknown[] = [];
  for await (const page of pages) list.push(page);
  return list;
};
const onClosed = vi.fn(async () => {});

beforeEach(async () => {
  hosts = await startHosts();
  const { client } = hosts.connect();
  loads = [];
  onClosed.mockClear();
  const whole = later(() => {
    loads.push(deferred<Whole>());
    return (loads.at(-1) as Deferred<Whole>).promise;
  });
  queue = createEarlyQueue<number, number>({
    ...{ name: "q", client: asBegun(client), happenings: client, database: client.pipeline.database },
    ...{ whole, intake: createIntake(withFilesRead), schema: undefined, onClosed },
  });
});
afterEach(() => hosts.close());

test("sends without it", async () => {
  const [single, batch] = await Promise.all([queue.send(1), queue.sendBatch([{ body: 2 }])]);
  expect([single.duplicate, batch.length, loads.length]).toEqual([false, 1, 0]);
});

describe("called before, a member does what it does after", () => {
  test.each<[string, () => unknown, unknown]>([
    ["consume", () => new Promise((resolve) => queue.consume(({ body }) => resolve(body))), 1],
    ["receive", async () => (await queue.receive()).map(({ body }) => body), [1]],
    ["deliveries", async () => (await queue.deliveries().next()).value.body, 1],
    ["readable", async () => (await queue.readable().getReader().read()).value?.body, 1],
    ["peek", async () => (await queue.peek()).map(({ body }) => body), [1, 2]],
    ["peekPages", async () => (await all(queue.peekPages({ pageSize: 1 }))).length, 2],
    ["stats", async () => (await queue.stats()).ready, 2],
    ["subscribeStats", () => new Promise((resolve) => queue.subscribeStats(({ ready }) => resolve(ready))), 2],
    ["purge", () => queue.purge(), { purged: 2 }],
    ["delete", () => queue.delete(), { deleted: 2 }],
    ["deadLetters.list", () => queue.deadLetters.list(), []],
    ["deadLetters.pages", () => all(queue.deadLetters.pages()), []],
    ["schedules.list", () => queue.schedules.list(), []],
    ["consumeUntilEmpty", () => queue.consumeUntilEmpty(() => {}), { handled: 2, remaining: 0 }],
    ["pause", async () => [await queue.pause(), (await queue.stats()).paused], [undefined, true]],
  ])("%s", async (_, call, expected) => {
    await queue.sendBatch([{ body: 1 }, { body: 2 }]);
    const called = call();
    await Promise.resolve();
    arrive();
    expect(await called).toEqual(expected);
    expect(loads).toHaveLength(1);
  });

  test.each<[string, () => unknown]>([
    ["consume(handler)", () => queue.consume(1 as never)],
    ["consume().prefetch", () => queue.consume(() => {}, { prefetch: 0 })],
    ["deliveries().prefetch", () => queue.deliveries({ prefetch: 0 })],
    ["readable().prefetch", () => queue.readable({ prefetch: 0 })],
    ["writable().inFlight", () => queue.writable({ inFlight: 0 })],
    ["peekPages().pageSize", () => queue.peekPages({ pageSize: 0 })],
    ["subscribeStats().everyMs", () => queue.subscribeStats(() => {}, { everyMs: 0 })],
    ["deadLetters.pages().pageSize", () => queue.deadLetters.pages({ pageSize: 0 })],
  ])("refuses a wrong %s at once", (name, call) => {
    expect(call).toThrow(expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(name) }));
  });
});

describe("a consumer that has not begun", () => {
  const handler = vi.fn();
  beforeEach(() => void handler.mockClear());
  const begun = async () => {
    arrive();
    await queue.send(1);
    return queue.peek();
  };

  test.each<[string, (consumer: ReturnType<typeof queue.consume>, abort: () => void) => unknown]>([
    ["it is stopped", (consumer) => consumer.stop()],
    ["its signal aborts", (_, abort) => abort()],
  ])("never does when %s", async (_, end) => {
    const controller = new AbortController();
    const consumer = queue.consume(handler, { signal: controller.signal });
    await end(consumer, () => controller.abort());
    await consumer.closed;
    expect(await begun()).toMatchObject([{ state: "ready" }]);
    expect([consumer.active, handler.mock.calls]).toEqual([0, []]);
  });

  test("ends with its queue", async () => {
    const consumer = queue.consume(handler);
    await queue.close();
    await consumer.closed;
    expect(onClosed).toHaveBeenCalledOnce();
    arrive();
    await expect(queue.receive()).rejects.toMatchObject({ code: "closed" });
  });

  test("begins paused when it was paused, and can be resumed", async () => {
    const consumer = queue.consume(handler);
    consumer.pause();
    expect(await begun()).toMatchObject([{ state: "ready" }]);
    consumer.resume();
    await vi.waitFor(() => expect(handler).toHaveBeenCalledOnce());
    await consumer.stop();
    await consumer.closed;
  });

  test("gives way to a later one of its key", async () => {
    const first = queue.consume(handler, { key: "k" });
    const second = vi.fn();
    queue.consume(second, { key: "k" });
    await begun();
    await first.closed;
    await vi.waitFor(() => expect(second).toHaveBeenCalledOnce());
    expect(handler).not.toHaveBeenCalled();
  });
});

describe("when it cannot be loaded", () => {
  const fail = () => loads.at(-1)?.reject(new TypeError("Failed to fetch dynamically imported module"));

  test("who has asked hears of it, and who asks next has it loaded again", async () => {
    const stats = queue.stats();
    fail();
    await expect(stats).rejects.toMatchObject({ name: "QueueError", code: "unsupported" });
    const again = queue.stats();
    arrive();
    expect(await again).toMatchObject({ ready: 0 });
    expect(loads).toHaveLength(2);
    expect(await queue.send(1)).toMatchObject({ duplicate: false });
  });

  test("a consumer ends with that, on the console unless somebody waits for its end", async () => {
    const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
    const [unheard, heard] = [queue.consume(() => {}), queue.consume(() => {})];
    const closed = heard.closed;
    fail();
    await expect(closed).rejects.toMatchObject({ code: "unsupported" });
    expect(complaint).toHaveBeenCalledOnce();
    await expect(unheard.closed).rejects.toMatchObject({ code: "unsupported" });
    complaint.mockRestore();
  });

  test("streams, loops and subscriptions end with that", async () => {
    const onEnded = vi.fn();
    queue.subscribeStats(() => {}, { onEnded });
    const [next, read] = [queue.deliveries().next(), queue.readable().getReader().read()];
    fail();
    await expect(next).rejects.toMatchObject({ code: "unsupported" });
    await expect(read).rejects.toMatchObject({ code: "unsupported" });
    expect(onEnded).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "unsupported" }));
  });
});

test("loops that wait for it end with their queue, and can be left", async () => {
  const left = queue.deliveries();
  const waiting = queue.deliveries().next();
  await queue.close();
  arrive();
  expect(await left.return?.()).toEqual({ done: true, value: undefined });
  await expect(waiting).resolves.toMatchObject({ done: true });
});
