import { describe, expect, test } from "vitest";
import { apply } from "../../../../src/core/commands/apply.js";
import type { Command } from "../../../../src/core/commands/commands.js";
import { decide, decideOnce } from "../../../../src/core/commands/decide.js";
import type { QueueSettings } from "../../../../src/core/spec/settings.js";
import { createEngine } from "../engine-fixture.js";

describe("settings", () => {
  const configured = (engine: ReturnType<typeof createEngine>, settings: object) =>
    decide(engine.state, { type: "configure", queue: "orders", settings } as Command, engine.now).changes;

  test("that are left out keep what is stored, those of the backoff too", () => {
    const engine = createEngine({ leaseMs: 700, backoff: { type: "fixed", baseMs: 5, maxMs: 9, jitter: "none" } });
    engine.configure({
      maxDeliveries: 2,
      leaseMs: undefined,
      backoff: { baseMs: 6 },
    } as unknown as Partial<QueueSettings>);
    expect(engine.queue.settings).toMatchObject({
      leaseMs: 700,
      maxDeliveries: 2,
      backoff: { type: "fixed", baseMs: 6, maxMs: 9, jitter: "none" },
    });
  });

  test("that are what is stored already change nothing", () => {
    const engine = createEngine({ leaseMs: 700, backoff: { type: "fixed", baseMs: 5, maxMs: 9, jitter: "none" } });
    expect(configured(engine, { leaseMs: 700, backoff: { baseMs: 5 } })).toEqual([]);
    expect(configured(engine, {})).toEqual([]);
    expect(configured(engine, { backoff: { baseMs: 6 } })).toHaveLength(1);
  });

  test("make a queue that is not there yet", () => {
    const engine = createEngine();
    engine.run({ type: "configure", queue: "new", settings: {} });
    expect(engine.state.queues.get("new")?.settings.leaseMs).toBe(30_000);
  });
});

test("pausing twice changes something once, and an unknown queue is not paused", () => {
  const engine = createEngine();
  const pause = (queue: string, paused: boolean) => decide(engine.state, { type: "pause", queue, paused }, 0).changes;
  expect(pause("orders", true)).toHaveLength(1);
  engine.run({ type: "pause", queue: "orders", paused: true });
  expect(pause("orders", true)).toEqual([]);
  expect(pause("unknown", false)).toEqual([]);
});

test("a purge takes what waits and leaves what is leased", () => {
  const engine = createEngine();
  engine.send(3);
  engine.send(1, { delayMs: 10 });
  engine.deliver("a", 1, "g");
  expect(engine.run({ type: "purge", queue: "orders" })).toEqual({ ok: true, value: { purged: 3 } });
  expect(engine.run({ type: "purge", queue: "orders" })).toEqual({ ok: true, value: { purged: 0 } });
  expect(engine.settle("a", "g", [1, 1], { type: "ack" })).toMatchObject({ value: { lost: [] } });
  expect(engine.state.batches.size).toBe(0);
});

test("a deleted queue is gone with all it held, settings and totals too, and what was leased is lost", () => {
  const engine = createEngine({ maxDeliveries: 1, leaseMs: 700 });
  engine.send(4);
  engine.send(1, { delayMs: 10 });
  engine.deliver("a", 2, "g");
  engine.settle("a", "g", [1, 1], { type: "dead", reason: "bad" });
  expect(engine.run({ type: "delete", queue: "orders" })).toEqual({ ok: true, value: { deleted: 5 } });
  expect([engine.state.queues.size, engine.state.batches.size, engine.state.grants.size]).toEqual([0, 0, 0]);
  expect(engine.state.clients.get("a")).toMatchObject({ held: 0, suspectsHeld: 0 });
  expect(engine.settle("a", "g", [2, 1], { type: "ack" })).toMatchObject({ value: { lost: [{ grant: "g" }] } });
  expect(engine.run({ type: "delete", queue: "orders" })).toEqual({ ok: true, value: { deleted: 0 } });
  engine.send(1);
  expect(engine.queue.settings.leaseMs).toBe(30_000);
});

describe("a numbered command", () => {
  const send = {
    type: "send",
    queue: "orders",
    atomic: true,
    segments: [{ count: 1, priority: 4 }],
    sizes: [1],
  } as const;
  const once = (
    engine: ReturnType<typeof createEngine>,
    number: number,
    confirmed: number,
    command: Command = send,
  ) => {
    const decision = decideOnce(engine.state, { client: "a", number, confirmed }, command, engine.now);
    for (const change of decision.changes) apply(engine.state, change, engine.now);
    return decision;
  };

  test("is decided once, until its answer is confirmed and for ever after", () => {
    const engine = createEngine();
    const first = once(engine, 1, 0);
    expect(once(engine, 1, 0)).toEqual({ changes: [], outcome: first.outcome });
    once(engine, 2, 1);
    expect(engine.state.clients.get("a")?.outcomes.size).toBe(1);
    expect(once(engine, 1, 1)).toMatchObject({ changes: [], outcome: { ok: false, code: "host-lost" } });
    expect(engine.queue.counters.accepted).toBe(2);
  });

  test("of another client is another command", () => {
    const engine = createEngine();
    once(engine, 1, 0);
    const other = decideOnce(engine.state, { client: "b", number: 1, confirmed: 0 }, send, engine.now);
    expect(other.outcome).toMatchObject({ value: { seq: 2 } });
  });

  test("that changed nothing leaves nothing behind, and is decided again", () => {
    const engine = createEngine({ maxMessages: 1 });
    once(engine, 1, 0);
    expect(once(engine, 2, 0)).toMatchObject({ changes: [], outcome: { code: "full" } });
    engine.run({ type: "purge", queue: "orders" });
    expect(once(engine, 2, 0).outcome).toMatchObject({ ok: true });
  });
});
