import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import { createEngine, type Engine } from "../engine-fixture.js";

const waiting = (engine: Engine) => engine.deliver("reader", 100, "reader");

describe("estimated bytes", () => {
  test("are those of what waits or is in work, and none when the queue is empty", async () => {
    const engine = createEngine();
    const sizes = [10, 11, 13];
    engine.run({ type: "send", queue: "orders", atomic: true, segments: [{ count: 3, priority: 4 }], sizes });
    expect(engine.queue.bytes).toBe(33);
    engine.deliver("a", 2, "g");
    expect(engine.queue.bytes).toBe(33);
    const decoded = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
    expect(decoded.queues.get("orders")?.bytes).toBe(33);
    engine.settle("a", "g", [1, 1], { type: "ack" });
    engine.settle("a", "g", [2, 1], { type: "dead", reason: "bad" });
    engine.run({ type: "purge", queue: "orders" });
    expect(engine.queue.bytes).toBe(0);
  });

  test("limit what is sent and what is redriven", () => {
    const engine = createEngine({ maxBytes: 250 });
    engine.send(2);
    expect(engine.send(1)).toMatchObject({ ok: false, code: "full", detail: { maxBytes: 250, bytes: 200 } });
    engine.deliver("a", 1, "g");
    engine.settle("a", "g", [1, 1], { type: "dead", reason: "bad" });
    expect(engine.send(1)).toMatchObject({ ok: true });
    expect(engine.run({ type: "redrive", queue: "orders", filter: {} })).toMatchObject({ ok: false, code: "full" });
  });
});

describe("a full queue that drops the oldest", () => {
  test("drops as many as make room, whatever their priority, and counts them", () => {
    const engine = createEngine({ maxMessages: 3, overflow: "drop-oldest" });
    engine.send(1, { priority: 9 });
    engine.send(2);
    expect(engine.send(2)).toMatchObject({ ok: true, value: { count: 2 } });
    expect(engine.queue.counters.dropped).toBe(2);
    expect(waiting(engine)).toEqual([3, 4, 5]);
  });

  test("drops none that is in work, and refuses when that is not enough", () => {
    const engine = createEngine({ maxMessages: 2, overflow: "drop-oldest" });
    engine.send(2);
    engine.deliver("a", 1, "g");
    engine.send(1);
    expect([...engine.queue.leased.keys()]).toEqual([1]);
    expect(engine.send(2)).toMatchObject({ ok: false, code: "full" });
    expect(waiting(engine)).toEqual([3]);
  });

  test("takes delayed ones after the ready ones, and then those behind the heads of their groups", () => {
    const engine = createEngine({ maxMessages: 4, overflow: "drop-oldest" });
    engine.send(2, {}, "a");
    engine.deliver("x", 1, "g");
    engine.send(1, { delayMs: 500 });
    engine.send(1);
    engine.send(1, { delayMs: 900 });
    expect(engine.queue).toMatchObject({ readyCount: 0, delayedCount: 2, blockedCount: 1 });
    engine.send(1, { delayMs: 900 });
    expect(engine.queue).toMatchObject({ readyCount: 0, delayedCount: 2, blockedCount: 1 });
    engine.send(3);
    expect(engine.queue).toMatchObject({ readyCount: 3, delayedCount: 0, blockedCount: 0 });
  });

  test("lets a group go on whose head was dropped", () => {
    const engine = createEngine({ maxMessages: 3, overflow: "drop-oldest" });
    engine.send(3, {}, "a");
    engine.send(1);
    expect(waiting(engine)).toEqual([2, 4]);
  });

  test("keeps the newest of single messages that are more than it holds", () => {
    const engine = createEngine({ maxMessages: 2, overflow: "drop-oldest" });
    const sizes = Array.from({ length: 5 }, () => 1);
    const send = { type: "send", queue: "orders", segments: [{ count: 5, priority: 4 }], sizes } as const;
    expect(engine.run({ ...send, atomic: true })).toMatchObject({ ok: false, code: "full" });
    expect(engine.run({ ...send, atomic: false })).toMatchObject({ ok: true, value: { count: 5 } });
    expect(waiting(engine)).toEqual([4, 5]);
  });
});

describe("a full queue with dead letters for what overflows", () => {
  test("keeps what it has, and buries what does not fit", () => {
    const engine = createEngine({ maxMessages: 2, overflow: "dead-letter" });
    expect(engine.send(3)).toMatchObject({ ok: true, value: { count: 3 } });
    expect([...engine.queue.dead.values()]).toMatchObject([{ seq: 3, reason: "overflow", attempts: 0 }]);
    expect(waiting(engine)).toEqual([1, 2]);
  });

  test("refuses what it has no room to bury", () => {
    const engine = createEngine({ maxMessages: 1, maxDeadLetters: 1, overflow: "dead-letter" });
    engine.send(2);
    expect(engine.send(1)).toMatchObject({ ok: false, code: "full" });
  });

  test("keeps the place of an overflowed message in its group", () => {
    const engine = createEngine({ maxMessages: 1, overflow: "dead-letter" });
    engine.send(2, {}, "a");
    const [first] = engine.deliver("x", 1, "g");
    engine.settle("x", "g", [first as number, 1], { type: "ack" });
    engine.send(1, {}, "a");
    expect(engine.deliver("x", 1, "g2")).toEqual([]);
    engine.run({ type: "purge-dead", queue: "orders", filter: {} });
    expect(engine.deliver("x", 1, "g3")).toEqual([3]);
  });
});
