import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import type { SendValue } from "../../../../src/core/commands/commands.js";
import { decide } from "../../../../src/core/commands/decide.js";
import { encodeId } from "../../../../src/core/log/ids.js";
import { PEEKABLE } from "../../../../src/core/spec/message-states.js";
import { isConserved } from "../../../../src/core/state/state.js";
import { peek } from "../../../../src/core/view/view.js";
import { createEngine, type Engine, TERM } from "../engine-fixture.js";

const send = (engine: Engine, ids: readonly string[], atomic = true) =>
  engine.run({
    type: "send",
    queue: "orders",
    atomic,
    segments: [{ count: ids.length, priority: 4, deduplicationIds: ids }],
    sizes: ids.map(() => 100),
  });
const answer = (outcome: ReturnType<Engine["run"]>) => (outcome as { value: SendValue }).value;
const id = (seq: number) => encodeId(TERM, seq);
const all = (engine: Engine) =>
  peek(engine.queue, { max: 99, states: PEEKABLE, after: 0 }).map(({ seq, bodySeq }) => [seq, bodySeq]);

describe("an id that is remembered", () => {
  test("stores no second message, and names the first", () => {
    const engine = createEngine();
    expect(answer(send(engine, ["a", "b"])).duplicates).toBeUndefined();
    const { changes, bodies } = decide(
      engine.state,
      {
        type: "send",
        queue: "orders",
        atomic: true,
        segments: [{ count: 1, priority: 4, deduplicationIds: ["a"] }],
        sizes: [9],
      },
      1_000,
    );
    expect([changes, bodies]).toEqual([[], []]);
    expect(answer(send(engine, ["a"]))).toMatchObject({ count: 1, duplicates: [[0, id(1)]] });
  });

  test("is seen within one send, too, and only what is new is numbered", () => {
    const engine = createEngine();
    const value = answer(send(engine, ["a", "a", "b", "a"]));
    expect(value).toMatchObject({
      seq: 1,
      count: 4,
      duplicates: [
        [1, id(1)],
        [3, id(1)],
      ],
    });
    expect(all(engine)).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test("outlives its message, a checkpoint, and the term it was accepted in", async () => {
    const engine = createEngine();
    send(engine, ["a"]);
    engine.deliver("c", 1, "g");
    engine.settle("c", "g", [1, 1], { type: "ack" });
    engine.change({ type: "took-over", term: "f".repeat(16) });
    const state = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
    const again = { type: "send", queue: "orders", atomic: true, sizes: [1] } as const;
    const segments = [{ count: 1, priority: 4, deduplicationIds: ["a"] }];
    expect(decide(state, { ...again, segments }, engine.now).outcome).toMatchObject({
      value: { duplicates: [[0, id(1)]] },
    });
  });

  test("is forgotten when its window has passed, counted from acceptance, also over a clock that was set back", () => {
    const engine = createEngine({ deduplicationWindowMs: 1_000 });
    engine.now = 10_000;
    send(engine, ["a"]);
    engine.now = 5_000;
    engine.run({ type: "set-clock-back", byMs: 5_000 });
    engine.now = 5_999;
    expect(answer(send(engine, ["a"])).duplicates).toHaveLength(1);
    engine.now = 6_000;
    expect(answer(send(engine, ["a"])).duplicates).toBeUndefined();
    expect(engine.queue.deduplication.byId.size).toBe(1);
  });
});

describe("a queue that remembers as many ids as it may", () => {
  const two = () => {
    const engine = createEngine({ maxDeduplicationIds: 2, deduplicationWindowMs: 1_000 });
    send(engine, ["a", "b"]);
    return engine;
  };
  const full = { ok: false, code: "full", detail: { queue: "orders", maxDeduplicationIds: 2 } };

  test("refuses another, still knows the old ones, and takes what has none", () => {
    const engine = two();
    expect(send(engine, ["c"])).toMatchObject(full);
    expect(answer(send(engine, ["b"])).duplicates).toHaveLength(1);
    expect(engine.send(1)).toMatchObject({ ok: true });
    engine.now += 1_000;
    expect(send(engine, ["c"])).toMatchObject({ ok: true });
  });

  test("takes the first of several, up to the one that is too many", () => {
    const engine = two();
    expect(send(engine, ["a", "c", "b"], false)).toMatchObject({
      ok: true,
      value: { count: 1, duplicates: [[0, id(1)]], refused: full },
    });
    expect(send(engine, ["a", "c"], true)).toMatchObject(full);
  });
});

test("a duplicate needs no room in a full queue", () => {
  const engine = createEngine({ maxMessages: 1 });
  send(engine, ["a"]);
  expect(send(engine, ["a"])).toMatchObject({ ok: true });
  expect(send(engine, ["a", "b", "a"], false)).toMatchObject({
    ok: true,
    value: { count: 1, refused: { code: "full" } },
  });
  expect(send(engine, ["b"], false)).toMatchObject({ ok: false, code: "full" });
});

describe("a queue that replaces", () => {
  const replacing = () => createEngine({ deduplicationMode: "replace" });

  test("gives a waiting message the new body, and lets it keep its number and place", () => {
    const engine = replacing();
    send(engine, ["a", "b"]);
    expect(answer(send(engine, ["a"]))).toMatchObject({ duplicates: [[0, id(1)]] });
    expect(all(engine)).toEqual([
      [1, 3],
      [2, 2],
    ]);
    expect(engine.queue.counters).toMatchObject({ accepted: 3, replaced: 1 });
    expect(isConserved(engine.queue)).toBe(true);
    expect(engine.deliver("c", 1, "g")).toEqual([1]);
    expect(engine.state.grants.get("g")?.leases.get(1)?.bodySeq).toBe(3);
    engine.settle("c", "g", [1, 1], { type: "ack" });
    expect(engine.state.batches.all().flatMap((batch) => engine.state.batches.liveSeqs(batch))).toEqual([2]);
  });

  test("keeps the last of several bodies of one send", () => {
    const engine = replacing();
    send(engine, ["a"]);
    const command = { type: "send", queue: "orders", atomic: true, sizes: [1, 1, 1, 1] } as const;
    const ids = ["a", "b", "a", "b"];
    const { bodies } = decide(
      engine.state,
      { ...command, segments: [{ count: 4, priority: 4, deduplicationIds: ids }] },
      engine.now,
    );
    expect(bodies).toEqual([3, 2]);
  });

  test("accepts a newer save beside one that is being handled, and from then on replaces the newer one", () => {
    const engine = replacing();
    send(engine, ["a"]);
    engine.deliver("c", 1, "g");
    expect(answer(send(engine, ["a"])).duplicates).toBeUndefined();
    engine.settle("c", "g", [1, 1], { type: "release" });
    expect(answer(send(engine, ["a"])).duplicates).toEqual([[0, id(2)]]);
    expect(all(engine)).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });

  test("replaces one that came back, if no newer one has come", () => {
    const engine = replacing();
    send(engine, ["a"]);
    engine.deliver("c", 1, "g");
    engine.settle("c", "g", [1, 1], { type: "release" });
    expect(answer(send(engine, ["a"])).duplicates).toEqual([[0, id(1)]]);
  });

  test("lets go of every body when the queue is purged", () => {
    const engine = replacing();
    send(engine, ["a", "b"]);
    send(engine, ["b"]);
    engine.run({ type: "purge", queue: "orders" });
    expect(engine.state.batches.size).toBe(0);
    expect(answer(send(engine, ["b"])).duplicates).toBeUndefined();
  });
});
