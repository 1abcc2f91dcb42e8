import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import { PEEKABLE } from "../../../../src/core/spec/message-states.js";
import { peek } from "../../../../src/core/view/view.js";
import { createEngine, type Engine } from "../engine-fixture.js";

describe("a message says whether it may have been handed to a handler before", () => {
  const isRedelivered = (engine: Engine, queue = engine.queue) =>
    peek(queue, { max: 99, after: 0, states: PEEKABLE }).map(({ redelivered }) => redelivered);
  const held = () => {
    const engine = createEngine({ leaseMs: 100 });
    engine.send(1);
    expect(isRedelivered(engine)).toEqual([false]);
    engine.deliver("a", 1, "g");
    expect(isRedelivered(engine)).toEqual([false]);
    return engine;
  };

  test.each<[string, boolean, (engine: Engine) => void]>([
    ["it was retried", true, (engine) => engine.settle("a", "g", [1, 1], { type: "retry", delayMs: 0 })],
    ["it was given back", true, (engine) => engine.settle("a", "g", [1, 1], { type: "release" })],
    [
      "it was given back by a client that never started it",
      false,
      (engine) => engine.settle("a", "g", [1, 1], { type: "release", unstarted: true }),
    ],
    ["its client died", true, (engine) => engine.run({ type: "client-gone", client: "a" })],
    [
      "it never reached its client, for all that is known",
      true,
      (engine) => engine.run({ type: "reclaim", client: "a", held: [] }),
    ],
    [
      "its lease ended",
      true,
      (engine) => {
        engine.now += 100;
        engine.run({ type: "expire", grants: ["g"], jitter: 0 });
      },
    ],
    [
      "it was redriven",
      true,
      (engine) => {
        engine.settle("a", "g", [1, 1], { type: "dead", reason: "bad" });
        expect(isRedelivered(engine)).toEqual([true]);
        engine.run({ type: "redrive", queue: "orders", filter: {} });
      },
    ],
  ])("%s: %s", async (_, expected, happens) => {
    const engine = held();
    happens(engine);
    const { queues } = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
    expect(isRedelivered(engine, queues.get("orders"))).toEqual([expected]);
    engine.now += 1;
    engine.deliver("b", 1, "h");
    expect(engine.queue.leased.get(1)).toMatchObject({ attempts: expect.any(Number), redelivered: expected });
    // What a client never started stays what it was before.
    engine.settle("b", "h", [1, 1], { type: "release", unstarted: true });
    expect(isRedelivered(engine)).toEqual([expected]);
  });

  test("one that had no room, and is redriven, was never handed out", () => {
    const engine = createEngine({ maxMessages: 1, overflow: "dead-letter" });
    engine.send(2);
    engine.configure({ maxMessages: 9 });
    engine.run({ type: "redrive", queue: "orders", filter: {} });
    expect(isRedelivered(engine)).toEqual([false, false]);
  });
});
