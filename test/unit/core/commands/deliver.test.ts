import { describe, expect, test } from "vitest";
import { createEngine } from "../engine-fixture.js";

test("high priorities leave first, and each in the order of acceptance", () => {
  const engine = createEngine();
  engine.send(2, { priority: 0 });
  engine.send(2, { priority: 4 });
  engine.send(1, { priority: 9 });
  engine.send(1, { priority: 4 });
  expect(engine.deliver("a", 4, "g1")).toEqual([5, 3, 4, 6]);
  expect(engine.deliver("b", 4, "g2")).toEqual([1, 2]);
});

test("what is released goes ahead of what never left, in its old order", () => {
  const engine = createEngine();
  engine.send(5);
  engine.deliver("a", 3, "g1");
  engine.settle("a", "g1", [3, 1, 1, 1], { type: "release" });
  expect(engine.deliver("b", 4, "g2")).toEqual([1, 3, 4, 5]);
});

test("what is retried queues up behind what is ready", () => {
  const engine = createEngine();
  engine.send(2);
  engine.deliver("a", 1, "g1");
  engine.settle("a", "g1", [1, 1], { type: "retry", delayMs: 0 });
  expect(engine.deliver("a", 2, "g2")).toEqual([2, 1]);
});

test("what falls due together leaves in the order of its times", () => {
  const engine = createEngine();
  engine.send(1, { delayMs: 30 });
  engine.send(1, { delayMs: 10 });
  engine.send(1, { delayMs: 20 });
  engine.now += 40;
  engine.send(1);
  expect(engine.deliver("a", 9, "g1")).toEqual([2, 3, 1, 4]);
});

test("a paused queue hands out nothing, and goes on where it was", () => {
  const engine = createEngine();
  engine.send(1);
  engine.run({ type: "pause", queue: "orders", paused: true });
  expect(engine.deliver("a", 1, "g1")).toEqual([]);
  engine.run({ type: "pause", queue: "orders", paused: false });
  expect(engine.deliver("a", 1, "g2")).toEqual([1]);
});

test("a queue with as many dead letters as it may keep hands out nothing until some are gone", () => {
  const engine = createEngine({ maxDeadLetters: 1 });
  engine.send(2);
  engine.deliver("a", 1, "g1");
  engine.settle("a", "g1", [1, 1], { type: "dead", reason: "bad" });
  expect(engine.deliver("a", 1, "g2")).toEqual([]);
  engine.run({ type: "purge-dead", queue: "orders", filter: {} });
  expect(engine.deliver("a", 1, "g3")).toEqual([2]);
});

test("a lease is as long as the queue says, or the receiver", () => {
  const engine = createEngine({ leaseMs: 500 });
  engine.send(2);
  engine.deliver("a", 1, "g1");
  engine.run({ type: "deliver", queue: "orders", client: "a", mode: "receive", max: 1, grant: "g2", leaseMs: 70 });
  expect([engine.queue.leased.get(1)?.until, engine.queue.leased.get(2)?.until]).toEqual([1_500, 1_070]);
});

test("there is nothing to get from an unknown queue, or for nobody", () => {
  const engine = createEngine();
  engine.run({ type: "deliver", queue: "unknown", client: "a", mode: "receive", max: 1, grant: "g" });
  expect(engine.state.queues.has("unknown")).toBe(false);
  engine.send(1);
  expect(engine.deliver("a", 0, "g")).toEqual([]);
});

describe("messages held by a client that died", () => {
  const withOrphans = () => {
    const engine = createEngine();
    engine.send(5);
    engine.deliver("dead", 4, "g0");
    engine.run({ type: "client-gone", client: "dead" });
    return engine;
  };

  test("go to whoever has room, beside others and ahead of what never left: tabs are closed all the time", () => {
    const engine = withOrphans();
    expect(engine.deliver("a", 2, "g1")).toEqual([1, 2]);
    expect(engine.deliver("a", 1, "g2")).toEqual([3]);
    expect(engine.deliver("b", 2, "g3")).toEqual([4, 5]);
    expect(engine.queue.leased.get(1)).toMatchObject({ attempts: 1, suspect: false });
  });

  test("are suspects when the next client that holds them dies too, whatever else it held", () => {
    const engine = withOrphans();
    engine.deliver("b", 5, "g1");
    engine.run({ type: "client-gone", client: "b" });
    expect(Array.from(engine.queue.suspects, ({ seq, count, attempts }) => ({ seq, count, attempts }))).toEqual([
      { seq: 1, count: 4, attempts: 0 },
    ]);
    expect(engine.queue.lanes[4]?.front.head).toMatchObject({ seq: 5, suspect: false });
  });

  test("are suspects also where the first one to hold them did not die, but let their leases end", () => {
    const engine = createEngine({ leaseMs: 100 });
    engine.send(2);
    engine.deliver("hung", 2, "g0");
    engine.now += 100;
    engine.run({ type: "expire", grants: ["g0"], jitter: 0 });
    engine.deliver("b", 2, "g1");
    engine.run({ type: "client-gone", client: "b" });
    expect(engine.deliver("c", 2, "g2")).toEqual([1]);
  });

  test("are beyond suspicion once a handler of theirs has failed", () => {
    const engine = withOrphans();
    engine.deliver("b", 1, "g1");
    engine.settle("b", "g1", [1, 1], { type: "retry", delayMs: 0, failure: { name: "E", message: "m" } });
    engine.deliver("c", 5, "g2");
    engine.run({ type: "client-gone", client: "c" });
    expect(Array.from(engine.queue.suspects, ({ seq, count }) => [seq, count])).toEqual([[2, 3]]);
  });
});

describe("messages held by two clients in a row that died", () => {
  const die = (engine: ReturnType<typeof createEngine>, max: number) => {
    for (const client of ["dead", "dead too"]) {
      engine.deliver(client, max, client);
      engine.run({ type: "client-gone", client });
    }
  };
  const withSuspects = () => {
    const engine = createEngine();
    engine.send(3);
    die(engine, 2);
    return engine;
  };

  test("are handed out one at a time, each to a client that holds nothing else of the queue", () => {
    const engine = withSuspects();
    expect(engine.deliver("a", 3, "g1")).toEqual([1]);
    expect(engine.deliver("a", 3, "g2")).toEqual([]);
    expect(engine.deliver("b", 3, "g3")).toEqual([2]);
    expect(engine.deliver("c", 3, "g4")).toEqual([3]);
  });

  test("wait for a client that is free; nobody gets more before they are taken", () => {
    const engine = createEngine();
    engine.send(4);
    engine.deliver("a", 1, "ga");
    die(engine, 2);
    expect(engine.deliver("a", 3, "g1")).toEqual([]);
    engine.settle("a", "ga", [1, 1], { type: "ack" });
    expect(engine.deliver("a", 3, "g2")).toEqual([2]);
  });

  test("did not use up an attempt, unless they were alone", () => {
    const engine = withSuspects();
    engine.deliver("a", 1, "g1");
    expect(engine.queue.leased.get(1)?.attempts).toBe(1);
    engine.run({ type: "client-gone", client: "a" });
    engine.deliver("b", 1, "g2");
    expect(engine.queue.leased.get(1)?.attempts).toBe(2);
  });

  test("are found out: the one that kills every client dies, its neighbours do not", () => {
    const engine = createEngine({ maxDeliveries: 2 });
    engine.send(4);
    engine.deliver("c0", 4, "g0");
    engine.run({ type: "client-gone", client: "c0" });
    const acked: number[] = [];
    for (let i = 1; i < 20 && engine.queue.readyCount > 0; i++) {
      const seqs = engine.deliver(`c${i}`, 4, `g${i}`);
      // Message 3 kills whoever handles it.
      if (seqs.includes(3)) engine.run({ type: "client-gone", client: `c${i}` });
      else
        engine.settle(
          `c${i}`,
          `g${i}`,
          seqs.flatMap((seq) => [seq, 1]),
          { type: "ack" },
        );
      if (!seqs.includes(3)) acked.push(...seqs);
    }
    expect(acked.sort()).toEqual([1, 2, 4]);
    expect([...engine.queue.dead.values()]).toMatchObject([
      { seq: 3, attempts: 2, reason: "max-deliveries", failure: { name: "client-gone" } },
    ]);
  });

  test("may be taken beside another queue's messages, but not beside another suspect", () => {
    const engine = withSuspects();
    const other = { queue: "other", client: "a", mode: "consume", max: 1 } as const;
    const sizes = [1, 1];
    engine.run({ type: "send", queue: "other", atomic: true, segments: [{ count: 2, priority: 4 }], sizes });
    engine.run({ type: "deliver", ...other, grant: "o1" });
    expect(engine.deliver("a", 1, "g1")).toEqual([1]);
    for (const client of ["x", "y"]) {
      engine.run({ type: "deliver", ...other, client, grant: client });
      engine.run({ type: "client-gone", client });
    }
    engine.settle("a", "o1", [4, 1], { type: "ack" });
    engine.run({ type: "deliver", ...other, grant: "o3" });
    expect(engine.state.grants.has("o3")).toBe(false);
  });
});
