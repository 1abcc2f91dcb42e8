import { expect, test } from "vitest";
import type { Settlement } from "../../../../src/core/commands/commands.js";
import { decide } from "../../../../src/core/commands/decide.js";
import { createEngine, type Engine, TERM } from "../engine-fixture.js";

const sendTo = (queue: string, sizes: readonly number[], ids?: readonly string[]) => ({
  queue,
  segments: [{ count: sizes.length, priority: 4, ...(ids && { deduplicationIds: ids }) }],
  sizes,
});
const transaction = (sends: ReturnType<typeof sendTo>[], settlements: readonly Settlement[] = []) =>
  ({ type: "transaction", client: "a", sends, settlements, jitter: 0 }) as const;
const ack = (grant: string, seq: number): Settlement => ({ grant, seqs: [seq, 1], verdict: { type: "ack" } });
const depths = ({ state }: Engine) => [...state.queues].map(([name, queue]) => [name, queue.readyCount]);

test("sends and settlements of several queues happen together, numbered one after the other", () => {
  const engine = createEngine();
  engine.send(2);
  engine.deliver("a", 2, "g");
  const outcome = engine.run(transaction([sendTo("x", [1, 1]), sendTo("y", [1])], [ack("g", 1)]));
  expect(outcome).toEqual({
    ok: true,
    value: {
      sends: [
        { term: TERM, seq: 3, count: 2 },
        { term: TERM, seq: 5, count: 1 },
      ],
    },
  });
  expect(depths(engine)).toEqual([
    ["orders", 0],
    ["x", 2],
    ["y", 1],
  ]);
  expect(engine.queue.counters.acked).toBe(1);
});

test("nothing happens when one lease has ended, or is settled twice", () => {
  const engine = createEngine();
  engine.send(2);
  engine.deliver("a", 2, "g");
  engine.settle("a", "g", [2, 1], { type: "ack" });
  const lost = { ok: false, code: "lease-lost", detail: { lost: [{ grant: "g", seqs: [2, 1] }] } };
  expect(engine.run(transaction([sendTo("x", [1])], [ack("g", 1), ack("g", 2)]))).toMatchObject(lost);
  expect(engine.run(transaction([], [ack("g", 1), ack("g", 1)]))).toMatchObject({ code: "lease-lost" });
  expect(engine.state.queues.has("x")).toBe(false);
  expect(engine.queue.leased.size).toBe(1);
});

test("nothing happens when one of the queues is full", () => {
  const engine = createEngine({ maxMessages: 2 });
  engine.send(1);
  engine.deliver("a", 1, "g");
  const outcome = engine.run(transaction([sendTo("x", [1]), sendTo("orders", [1, 1, 1])], [ack("g", 1)]));
  expect(outcome).toMatchObject({ ok: false, code: "full", detail: { queue: "orders" } });
  expect(engine.state.queues.has("x")).toBe(false);
  expect(engine.queue.leased.size).toBe(1);
});

test("a message that is acknowledged makes room for one that is sent", () => {
  const engine = createEngine({ maxMessages: 1 });
  engine.send(1);
  engine.deliver("a", 1, "g");
  expect(engine.run(transaction([sendTo("orders", [1])]))).toMatchObject({ code: "full" });
  expect(engine.run(transaction([sendTo("orders", [1])], [ack("g", 1)]))).toMatchObject({ ok: true });
  expect([engine.queue.readyCount, engine.queue.leased.size]).toEqual([1, 0]);
});

test("bodies of duplicates are left out, whichever send they are in", () => {
  const engine = createEngine();
  engine.run({ ...sendTo("x", [1], ["k"]), type: "send", atomic: true });
  const command = transaction([sendTo("y", [1, 1]), sendTo("x", [1, 1], ["k", "l"]), sendTo("z", [1])]);
  expect(decide(engine.state, command, engine.now).bodies).toEqual([0, 1, 3, 4]);
  expect(engine.run(command)).toMatchObject({
    ok: true,
    value: { sends: [{ seq: 2 }, { seq: 4, duplicates: [[0, `${TERM}-1`]] }, { seq: 5 }] },
  });
});

test("what is acknowledged makes room for what is as large, in messages and in bytes", () => {
  const engine = createEngine({ maxBytes: 250, maxMessages: 2 });
  engine.send(2);
  engine.deliver("a", 1, "g");
  expect(engine.run(transaction([sendTo("orders", [151])], [ack("g", 1)]))).toMatchObject({ code: "full" });
  expect(engine.run(transaction([sendTo("orders", [150])], [ack("g", 1)]))).toMatchObject({ ok: true });
  expect(engine.queue.bytes).toBe(250);
});
