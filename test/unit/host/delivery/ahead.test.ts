import { expect, test } from "vitest";
import type { Seq } from "../../../../src/core/log/journal.js";
import { nextUp } from "../../../../src/core/view/next-up.js";
import { createBodies } from "../../../../src/host/delivery/bodies.js";
import type { BodyBatch, LogStore } from "../../../../src/store/log-store.js";
import { createEngine } from "../../core/engine-fixture.js";

const SIZE = 2_000;
const COUNT = 10_000;

/** A queue of 20 MB by estimate, of which neighbours are due at any time, and a store that says how often it is read. */
function createLab() {
  const engine = createEngine({ maxMessages: COUNT, maxInFlight: null });
  const times = Array.from({ length: COUNT }, (_, i) => 2_000 + ((i * 7_919) % COUNT));
  const segments = [{ count: COUNT, priority: 4, deliverAt: 2_000 }];
  const sizes = times.map(() => SIZE);
  engine.run({ type: "send", queue: "orders", atomic: true, segments, sizes, times });
  let reads = 0;
  let isFailing = false;
  const batchOf = (firstSeq: Seq): BodyBatch => {
    const batch = engine.state.batches.find(firstSeq);
    const bodies = Array.from({ length: batch?.count ?? 0 }, (_, i) => `${firstSeq + i}`).join("\n");
    return { v: 1, encoding: "json", firstSeq, sentAt: 1_000, bodies };
  };
  const store = {
    async readBatches(keys: readonly Seq[]) {
      reads += keys.length;
      const hasFailed = isFailing;
      isFailing = false;
      if (hasFailed) throw new Error("the disk is away");
      return keys.map(batchOf);
    },
  } as unknown as LogStore;
  const bodies = createBodies({ store, index: () => engine.state.batches, exclusive: (task) => task() });
  const failNext = () => {
    isFailing = true;
  };
  return { engine, bodies, times, readCount: () => reads, failNext };
}

test("what is due in another order than it was stored is read a few times, not once for each hand-out", async () => {
  const { engine, bodies, readCount } = createLab();
  const all = engine.state.batches.size;
  const inOrder: number[] = [];
  for (let hundred = 0; hundred < COUNT / 100; hundred++) {
    engine.now = 2_000 + hundred * 100 + 99;
    const seqs = engine.deliver("tab", 100, `grant ${hundred}`);
    const found = await bodies.take(seqs, (bytes) => nextUp(engine.queue, bytes));
    expect(found.map((message) => Number(message?.body))).toEqual(seqs);
    inOrder.push(...seqs);
    engine.settle(
      "tab",
      `grant ${hundred}`,
      seqs.flatMap((seq) => [seq, 1]),
      { type: "ack" },
    );
  }
  expect(new Set(inOrder).size).toBe(COUNT);
  expect(readCount()).toBeLessThan(4 * all);
});

test("a hand-out waits for what is being read ahead, which has its bodies, and reads none itself", async () => {
  const { engine, bodies, readCount } = createLab();
  engine.now = 2_000 + COUNT;
  const taken = ["first", "second", "third"].map(async (grant) => {
    const seqs = engine.deliver("tab", 100, grant);
    const found = await bodies.take(seqs, (bytes) => nextUp(engine.queue, bytes));
    expect(found.map((message) => Number(message?.body))).toEqual(seqs);
  });
  await Promise.all(taken);
  expect(readCount()).toBe(engine.state.batches.size);
});

test("what could not be read ahead is read by the next who wants it", async () => {
  const { engine, bodies, failNext } = createLab();
  engine.now = 2_000 + COUNT;
  failNext();
  const taken = ["first", "second"].map((grant) =>
    bodies.take(engine.deliver("tab", 100, grant), (bytes) => nextUp(engine.queue, bytes)),
  );
  await expect(taken[0]).rejects.toThrow("the disk is away");
  expect(await taken[1]).not.toContain(undefined);
});

test("what is handed out next is what is ready, by priority and in order, then what is due, by its time", () => {
  const engine = createEngine();
  engine.send(2, { delayMs: 50 });
  engine.send(2, { priority: 1 });
  engine.send(1, { delayMs: 20 });
  engine.send(2, { priority: 8 });
  expect(nextUp(engine.queue, 1_000)).toEqual([6, 7, 3, 4, 5, 1, 2]);
  expect(nextUp(engine.queue, 300)).toEqual([6, 7, 3]);
  expect(nextUp(engine.queue, 500)).toEqual([6, 7, 3, 4, 5]);
});
