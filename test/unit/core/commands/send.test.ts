import { describe, expect, test } from "vitest";
import type { Send } from "../../../../src/core/commands/commands.js";
import { decide } from "../../../../src/core/commands/decide.js";
import { BATCH_BYTES_MAX, BATCH_COUNT_MAX, SHARED_BATCH_BYTES_MAX } from "../../../../src/core/spec/limits.js";
import { createEngine, TERM } from "../engine-fixture.js";

const sendOf = (sizes: readonly number[], over: Partial<Send> = {}): Send => ({
  type: "send",
  queue: "orders",
  atomic: true,
  segments: [{ count: sizes.length, priority: 4 }],
  sizes,
  ...over,
});

/** Messages in each batch. */
const batches = (sizes: readonly number[], over?: Partial<Send>) =>
  decide(createEngine().state, sendOf(sizes, over), 1_000).changes.flatMap((change) =>
    change.type === "stored" ? [change.count] : [],
  );

describe("bodies of one send are stored in batches", () => {
  const half = BATCH_BYTES_MAX / 2;

  test("that are filled up to their limit", () => {
    expect(batches([half, half])).toEqual([2]);
    expect(batches([half, half, 1])).toEqual([2, 1]);
    expect(batches([half, half + 1, half - 1])).toEqual([1, 2]);
  });

  test("of which a huge body has one alone", () => {
    expect(batches([10 * BATCH_BYTES_MAX])).toEqual([1]);
    expect(batches([10, 10, 10 * BATCH_BYTES_MAX, 10, 10])).toEqual([2, 1, 2]);
  });

  test("of what shares something whole runs, and less of it", () => {
    const third = SHARED_BATCH_BYTES_MAX / 3;
    const sharing = (counts: readonly number[]) => {
      const sizes = counts.flatMap((count) => new Array<number>(count).fill(third / count));
      return batches(sizes, { sharers: counts });
    };
    expect(sharing([3, 4, 5])).toEqual([12]);
    expect(sharing([3, 4, 5, 6, 7])).toEqual([12, 13]);
    expect(batches([third, third, third / 2, third / 2, third], { sharers: [1, 1, 2, 1] })).toEqual([4, 1]);
    expect(batches([third, 2 * third, third], { sharers: [2, 1] })).toEqual([2, 1]);
    // A run is never cut, nor put behind what it does not fit with.
    expect(batches([third, third, third, 1], { sharers: [1, 3] })).toEqual([1, 3]);
  });

  test("of not too many bodies, however small", () => {
    expect(batches(Array.from({ length: BATCH_COUNT_MAX + 1 }, () => 1))).toEqual([BATCH_COUNT_MAX, 1]);
  });
});

test("ids rise in the order of acceptance, over all queues", () => {
  const engine = createEngine();
  expect(engine.send(2)).toMatchObject({ ok: true, value: { term: TERM, seq: 1, count: 2 } });
  expect(engine.run(sendOf([1], { queue: "other" }))).toMatchObject({ value: { seq: 3, count: 1 } });
  expect(engine.send(1)).toMatchObject({ value: { seq: 4 } });
});

describe("a queue with room for three more", () => {
  const full = { ok: false, code: "full", message: 'queue "orders" holds 2 of at most 5 messages: no room for 4 more' };
  const twoOfFive = () => {
    const engine = createEngine({ maxMessages: 5 });
    engine.send(2);
    return engine;
  };

  test("takes none of four that belong together, and says why", () => {
    const engine = twoOfFive();
    expect(engine.send(4)).toMatchObject({ ...full, detail: { queue: "orders", maxMessages: 5, waiting: 2 } });
    expect(engine.queue.readyCount).toBe(2);
  });

  test("takes the first three of four that do not", () => {
    const engine = twoOfFive();
    const outcome = engine.run(sendOf([1, 1, 1, 1], { atomic: false }));
    expect(outcome).toMatchObject({ ok: true, value: { seq: 3, count: 3, refused: full } });
    expect(engine.send(1)).toMatchObject({ ok: false, code: "full" });
  });

  test("counts what is delayed and what is being worked on", () => {
    const engine = twoOfFive();
    engine.send(2, { delayMs: 100 });
    engine.deliver("a", 2, "g");
    expect(engine.send(2)).toMatchObject({ code: "full" });
    expect(engine.send(1)).toMatchObject({ ok: true });
    engine.settle("a", "g", [1, 2], { type: "ack" });
    expect(engine.send(2)).toMatchObject({ ok: true });
  });

  test("takes nothing at all once its limit is lower than what it holds", () => {
    const engine = twoOfFive();
    engine.configure({ maxMessages: 1 });
    expect(engine.run(sendOf([1], { atomic: false }))).toMatchObject({ ok: false, code: "full" });
  });
});

test("a message is ready at its time and not before", () => {
  const engine = createEngine();
  engine.send(1, { deliverAt: 1_500 });
  engine.send(1, { delayMs: 200 });
  engine.send(1, { deliverAt: 10 });
  expect(engine.deliver("a", 9, "g1", "receive")).toEqual([3]);
  engine.now = 1_199;
  expect(engine.deliver("a", 9, "g2", "receive")).toEqual([]);
  engine.now = 1_200;
  expect(engine.deliver("a", 9, "g3", "receive")).toEqual([2]);
  engine.now = 1_500;
  expect(engine.deliver("a", 9, "g4", "receive")).toEqual([1]);
});

test("what differs from message to message is one change, cut where delayed and ready messages meet", () => {
  const priorities = [1, 9, 9, 4];
  const times = [50, 20, 0, 0];
  const command = sendOf([1, 1, 1, 1], { segments: [{ count: 4, priority: 1, delayMs: 50 }], priorities, times });
  const { changes } = decide(createEngine().state, command, 1_000);
  const accepted = changes.filter((change) => change.type === "accepted");
  expect(accepted).toMatchObject([
    { seq: 1, count: 2, priority: 1, priorities: [1, 9], dueAt: 1_050, dueAts: [1_050, 1_020] },
    { seq: 3, count: 2, priority: 9, priorities: [9, 4] },
  ]);
  expect(accepted[1]).not.toHaveProperty("dueAt");
});

test("segments that do not match the bodies are a bug that shows", () => {
  const engine = createEngine();
  expect(() => engine.run(sendOf([1, 1], { segments: [{ count: 1, priority: 4 }] }))).toThrow(
    "broken invariant: 1 messages are sent with 2 bodies",
  );
});
