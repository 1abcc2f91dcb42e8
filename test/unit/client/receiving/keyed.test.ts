// Consumers with a key: of those of one page the last one works, whatever it was opened over.

import { afterEach, beforeEach, expect, test } from "vitest";
import { type Hosts, startHosts } from "../client-fixture.js";

let hosts: Hosts;
beforeEach(async () => {
  hosts = await startHosts();
});
afterEach(() => hosts.close());

const open = (name = "orders") => hosts.connect().connection.openQueue<number>(name);

/** Sends so many, and tells who handled them once all were. */
async function handledBy(queue: Awaited<ReturnType<typeof open>>, log: string[], count = 6): Promise<string[]> {
  log.length = 0;
  await queue.sendBatch(Array.from({ length: count }, (_, body) => ({ body })));
  await expect.poll(() => log.length).toBe(count);
  return [...new Set(log)].sort();
}

test("a later consumer of the same key takes the place of the earlier, three times over", async () => {
  const queue = await open();
  const log: string[] = [];
  for (const edit of ["first", "second", "third"]) {
    queue.consume(() => log.push(edit), { key: "orders" });
    expect(await handledBy(queue, log)).toEqual([edit]);
  }
});

test("it does so across queue objects and connections: a module that is evaluated again opens them again", async () => {
  const log: string[] = [];
  for (const edit of ["first", "second"]) {
    const queue = await open();
    queue.consume(() => log.push(edit), { key: "orders" });
    expect(await handledBy(queue, log)).toEqual([edit]);
  }
});

test("other keys, other queues and consumers without a key stay", async () => {
  const [orders, others] = [await open(), await open("others")];
  const log: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const handler = (name: string) => () => {
    log.push(name);
    return held;
  };
  orders.consume(handler("none"));
  orders.consume(handler("also none"));
  orders.consume(handler("a"), { key: "a" });
  orders.consume(handler("b"), { key: "b" });
  others.consume(handler("others"), { key: "a" });
  await orders.sendBatch([1, 2, 3, 4].map((body) => ({ body })));
  await others.send(5);
  await expect.poll(() => log.toSorted()).toEqual(["a", "also none", "b", "none", "others"]);
  release();
});

test("the earlier one's running handler ends in its own time, and what it had not started goes to the new one uncounted", async () => {
  const queue = await open();
  let release = () => {};
  const running = new Promise<void>((resolve) => {
    release = resolve;
  });
  const old: number[] = [];
  const first = queue.consume(
    ({ body, signal }) => {
      old.push(body);
      return running.then(() => signal.throwIfAborted());
    },
    { key: "orders", prefetch: 5 },
  );
  await queue.sendBatch([1, 2, 3, 4, 5].map((body) => ({ body })));
  await expect.poll(() => old).toEqual([1]);

  const taken: { body: number; attempt: number }[] = [];
  queue.consume(({ body, attempt }) => taken.push({ body, attempt }), { key: "orders" });
  await expect.poll(() => taken).toEqual([2, 3, 4, 5].map((body) => ({ body, attempt: 1 })));
  expect(first.active).toBe(1);
  release();
  await queue.whenIdle();
  expect(first.active).toBe(0);
  expect(old).toEqual([1]);
  expect((await queue.stats()).totals.acked).toBe(5);
});

test("the end of an earlier one leaves the later one its place", async () => {
  const queue = await open();
  const log: string[] = [];
  const first = queue.consume(() => log.push("first"), { key: "orders" });
  queue.consume(() => log.push("second"), { key: "orders" });
  await first.stop();
  queue.consume(() => log.push("third"), { key: "orders" });
  expect(await handledBy(queue, log)).toEqual(["third"]);
});

test("a key is a text of 1 to 256 characters", async () => {
  const queue = await open();
  for (const key of ["", "k".repeat(257), 1 as never]) {
    expect(() => queue.consume(() => {}, { key })).toThrow(/consume\(\)\.key must be a string of 1 to 256 characters/);
  }
});
