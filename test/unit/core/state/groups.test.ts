import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import { decide } from "../../../../src/core/commands/decide.js";
import { idOf } from "../../../../src/core/log/ids.js";
import { isInUse } from "../../../../src/core/state/groups.js";
import { createState } from "../../../../src/core/state/state.js";
import { statsOf } from "../../../../src/core/view/view.js";
import { createEngine } from "../engine-fixture.js";

const ACK = { type: "ack" } as const;
const DEAD = { type: "dead", reason: "bad" } as const;

test("of each group one message is handed out, and the next when it is done", () => {
  const engine = createEngine();
  engine.send(5, {}, ["a", "a", "b", "", "b"]);
  expect(engine.deliver("x", 9, "g1")).toEqual([1, 3, 4]);
  expect(engine.deliver("y", 9, "g2")).toEqual([]);
  expect(statsOf(engine.queue, engine.now)).toMatchObject({ ready: 0, leased: 3, blocked: 2 });
  engine.settle("x", "g1", [1, 1], ACK);
  expect(engine.deliver("y", 9, "g3")).toEqual([2]);
});

describe("groups whose messages end together go on in the order of acceptance, wherever these stood", () => {
  /** Heads 3, 1 and 2 in this order in line, or in one hand-out; 5, 4 and 6 behind them. */
  const turned = (settings: Parameters<typeof createEngine>[0] = {}) => {
    const engine = createEngine({ maxDeliveries: 2, ...settings });
    engine.send(6, {}, ["a", "b", "c", "b", "a", "c"]);
    engine.deliver("x", 2, "g", "receive");
    engine.settle("x", "g", [1, 2], { type: "retry", delayMs: 0 });
    return engine;
  };

  test("purged by a filter, or by their names", () => {
    const ids = (engine: ReturnType<typeof createEngine>) => [1, 2, 3].map((seq) => idOf(engine.state, seq));
    for (const isNamed of [false, true]) {
      const engine = turned();
      const filter = isNamed ? { ids: ids(engine) } : ({ state: "ready" } as const);
      expect(engine.run({ type: "purge", queue: "orders", filter })).toMatchObject({ value: { purged: 3 } });
      expect(engine.deliver("x", 9, "h")).toEqual([5, 4, 6]);
    }
  });

  test("purged while they are in work", () => {
    const engine = turned();
    expect(engine.deliver("x", 2, "h")).toEqual([3, 1]);
    engine.deliver("y", 1, "i");
    const filter = { ids: [3, 2, 1].map((seq) => idOf(engine.state, seq)) };
    expect(engine.run({ type: "purge", queue: "orders", filter })).toMatchObject({ value: { purged: 3 } });
    expect(engine.deliver("x", 9, "j")).toEqual([5, 4, 6]);
  });

  test("given up when their lease ended", () => {
    const engine = turned({ leaseMs: 10 });
    engine.run({ type: "configure", queue: "orders", settings: { maxDeliveries: 1, onGroupFailure: "skip" } });
    expect(engine.deliver("x", 3, "h", "receive")).toEqual([3, 1, 2]);
    engine.now += 10;
    engine.run({ type: "expire", grants: ["h"], jitter: 0 });
    expect([...engine.queue.dead.keys()]).toEqual([1, 2, 3]);
    expect(engine.deliver("x", 9, "i")).toEqual([5, 4, 6]);
  });
});

test("groups go on in turn: who was served goes to the back", () => {
  const engine = createEngine();
  engine.send(6, {}, ["a", "a", "a", "b", "b", "c"]);
  const order: number[] = [];
  for (let i = 0; i < 6; i++) {
    const [seq] = engine.deliver("x", 1, `g${i}`);
    order.push(seq as number);
    engine.settle("x", `g${i}`, [seq as number, 1], ACK);
  }
  expect(order).toEqual([1, 4, 6, 2, 5, 3]);
});

test("a group ranks by the priority of its head, and in it priorities mean nothing", () => {
  const engine = createEngine();
  engine.send(1, { priority: 0 }, "a");
  engine.send(1, { priority: 9 }, "a");
  engine.send(1, { priority: 5 }, "b");
  expect(engine.deliver("x", 9, "g1")).toEqual([3, 1]);
  engine.send(1, { priority: 5 }, "c");
  engine.settle("x", "g1", [1, 1], ACK);
  expect(engine.deliver("x", 9, "g2")).toEqual([2, 4]);
});

test("a head that is retried, released or delayed keeps its group back", () => {
  const engine = createEngine();
  engine.send(2, {}, "a");
  engine.deliver("x", 1, "g1");
  engine.settle("x", "g1", [1, 1], { type: "retry", delayMs: 50 });
  expect(engine.deliver("x", 9, "g2")).toEqual([]);
  engine.now += 50;
  expect(engine.deliver("x", 9, "g3")).toEqual([1]);
  engine.settle("x", "g3", [1, 1], { type: "release", delayMs: 50 });
  expect(engine.deliver("x", 9, "g4")).toEqual([]);
  engine.now += 50;
  expect(engine.deliver("x", 9, "g5")).toEqual([1]);
});

test("one that waited behind its head for longer than its delay is ready at once, one that did not is delayed", () => {
  const engine = createEngine();
  engine.send(1, {}, "a");
  engine.send(1, { delayMs: 10 }, "a");
  engine.send(1, { delayMs: 100 }, "a");
  engine.deliver("x", 1, "g1");
  engine.now += 20;
  engine.settle("x", "g1", [1, 1], ACK);
  expect(engine.deliver("x", 1, "g2")).toEqual([2]);
  engine.settle("x", "g2", [2, 1], ACK);
  expect(engine.queue).toMatchObject({ readyCount: 0, delayedCount: 1, blockedCount: 0 });
});

test("messages of a client that died keep the order of their groups", () => {
  const engine = createEngine();
  engine.send(4, {}, ["a", "b", "a", "b"]);
  for (const client of ["dead", "dead too"]) {
    expect(engine.deliver(client, 9, client)).toEqual([1, 2]);
    engine.run({ type: "client-gone", client });
  }
  expect(engine.deliver("x", 9, "g1")).toEqual([1]);
  expect(engine.deliver("y", 9, "g2")).toEqual([2]);
  engine.settle("x", "g1", [1, 1], ACK);
  expect(engine.deliver("x", 9, "g3")).toEqual([3]);
});

describe("a dead letter", () => {
  test("keeps its place, until it is redriven to it", () => {
    const engine = createEngine();
    engine.send(3, {}, "a");
    engine.deliver("x", 1, "g1");
    engine.settle("x", "g1", [1, 1], DEAD);
    expect(engine.deliver("x", 9, "g2")).toEqual([]);
    expect(engine.queue.blockedCount).toBe(2);
    engine.run({ type: "redrive", queue: "orders", filter: {} });
    expect(engine.deliver("x", 9, "g3")).toEqual([1]);
  });

  test("keeps it across a restart from a checkpoint", async () => {
    const engine = createEngine();
    engine.send(2, {}, "a");
    engine.deliver("x", 1, "g1");
    engine.settle("x", "g1", [1, 1], DEAD);
    const queue = (await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]))).queues.get("orders");
    expect(queue).toMatchObject({ readyCount: 0, blockedCount: 1 });
    expect(queue?.groups.get("a")).toMatchObject({ hasHead: false, dead: [1] });
  });

  test("lets the next one go on when it is purged, or its queue is told to skip what dies", () => {
    const engine = createEngine();
    engine.send(4, {}, ["a", "a", "b", "b"]);
    engine.deliver("x", 2, "g1");
    engine.settle("x", "g1", [1, 1, 3, 1], DEAD);
    const [first] = [...engine.queue.dead.keys()];
    expect(first).toBe(1);
    engine.run({ type: "purge-dead", queue: "orders", filter: { ids: ["0123456789abcdef-1"] } });
    expect(engine.deliver("x", 9, "g2")).toEqual([2]);
    engine.configure({ onGroupFailure: "skip" });
    expect(engine.deliver("x", 9, "g3")).toEqual([4]);
  });

  test("that was skipped goes back behind the head that its group has by then", () => {
    const engine = createEngine({ onGroupFailure: "skip" });
    engine.send(3, {}, "a");
    engine.deliver("x", 1, "g1");
    engine.settle("x", "g1", [1, 1], DEAD);
    engine.run({ type: "redrive", queue: "orders", filter: {} });
    expect(engine.deliver("x", 1, "g2")).toEqual([2]);
    engine.settle("x", "g2", [2, 1], ACK);
    expect(engine.deliver("x", 1, "g3")).toEqual([1]);
  });

  test("of a message that expired keeps nobody waiting", () => {
    const engine = createEngine();
    engine.send(1, { ttlMs: 10 }, "a");
    engine.send(1, {}, "a");
    engine.now += 10;
    engine.run({ type: "expire-messages" });
    expect(engine.deliver("x", 9, "g1")).toEqual([2]);
    expect(engine.queue.dead.get(1)).toMatchObject({ groupId: "a", reason: "expired" });
  });
});

test("messages that expire behind their head leave no trace in their group", () => {
  const engine = createEngine();
  engine.send(1, {}, "a");
  for (let i = 0; i < 500; i++) {
    engine.send(1, { ttlMs: 10 }, "a");
    engine.now += 10;
    engine.run({ type: "expire-messages" });
  }
  expect(engine.queue.groups.get("a")?.blocked?.length ?? 0).toBeLessThan(4);
  expect(engine.queue.blockedCount).toBe(0);
});

test("a purge takes what is blocked, too", () => {
  const engine = createEngine();
  engine.send(3, {}, "a");
  engine.deliver("x", 1, "g1");
  expect(engine.run({ type: "purge", queue: "orders" })).toMatchObject({ value: { purged: 2 } });
  engine.settle("x", "g1", [1, 1], { type: "release" });
  expect(engine.deliver("x", 9, "g2")).toEqual([1]);
});

test("groups that are empty are forgotten", () => {
  const engine = createEngine({ maxMessages: 10_000 });
  for (let round = 0; round < 20; round++) {
    const groups = Array.from({ length: 500 }, (_, i) => `${round}-${i}`);
    engine.send(500, {}, groups);
    engine.deliver("x", 500, `g${round}`);
    engine.settle("x", `g${round}`, [round * 500 + 1, 500], ACK);
  }
  expect([...engine.queue.groups.values()].filter(isInUse)).toEqual([]);
  expect(engine.queue.groups.size).toBeLessThan(1_500);
});

test("a thousand messages of a thousand groups are one change", () => {
  const groups = Array.from({ length: 1_000 }, (_, i) => `g${i}`);
  const sizes = groups.map(() => 1);
  const segments = [{ count: 1_000, priority: 4 }];
  const { changes } = decide(createState(), { type: "send", queue: "q", atomic: true, segments, sizes, groups }, 1);
  expect(changes.map((change) => change.type)).toEqual(["stored", "accepted"]);
});

describe("the first of several groups wait together", () => {
  const ids = Array.from({ length: 600 }, (_, i) => `group ${i}`);
  const loaded = () => {
    const engine = createEngine();
    engine.send(600, {}, ids);
    return engine;
  };

  test("in few runs, of which each is in a group of its own", () => {
    const engine = loaded();
    expect(engine.queue.lanes[4]?.tail.runs).toBeLessThan(5);
    expect(engine.deliver("x", 100, "g")).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    engine.send(2, {}, ["group 0", "group 300"]);
    expect(statsOf(engine.queue, engine.now)).toMatchObject({ ready: 500, leased: 100, blocked: 2 });
    engine.settle("x", "g", [1, 100], ACK);
    expect(engine.deliver("x", 1_000, "h")).toEqual([...Array.from({ length: 500 }, (_, i) => i + 101), 601]);
    engine.settle("x", "h", [301, 1], ACK);
    expect(engine.deliver("x", 1_000, "i")).toEqual([602]);
  });

  test("one of them that goes takes no other with it, and its group goes on", () => {
    const engine = loaded();
    engine.deliver("x", 2, "g");
    engine.send(1, {}, ["group 4"]);
    const filter = { ids: [idOf(engine.state, 5), idOf(engine.state, 7)] };
    expect(engine.run({ type: "purge", queue: "orders", filter })).toMatchObject({ value: { purged: 2 } });
    expect(statsOf(engine.queue, engine.now)).toMatchObject({ ready: 597, leased: 2, blocked: 0 });
    expect(engine.deliver("x", 4, "h")).toEqual([3, 4, 6, 8]);
    engine.configure({ overflow: "drop-oldest", maxMessages: 600 });
    engine.send(3, {}, ["a", "b", "c"]);
    expect(engine.deliver("x", 1, "i")).toEqual([11]);
    expect(engine.deliver("x", 1_000, "j")).toHaveLength(593);
  });

  test("as before once a checkpoint was read", async () => {
    const engine = loaded();
    engine.deliver("x", 3, "g");
    const state = await decodeCheckpoint(encodeCheckpoint(engine.state));
    expect(state.queues.get("orders")?.groups.get("group 599")).toMatchObject({ hasHead: true });
    expect(statsOf(state.queues.get("orders") ?? engine.queue, engine.now)).toMatchObject({ ready: 597, leased: 3 });
  });
});
