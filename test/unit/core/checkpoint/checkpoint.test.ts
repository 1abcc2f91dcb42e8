import { expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import { idOf } from "../../../../src/core/log/ids.js";
import { createState } from "../../../../src/core/state/state.js";
import { takeEndedGrants } from "../../../../src/core/view/view.js";
import { createEngine } from "../engine-fixture.js";

test("an empty state survives", async () => {
  const state = await decodeCheckpoint(structuredClone([...encodeCheckpoint(createState())]));
  expect([state.lsn, state.nextSeq, state.queues.size, state.batches.size]).toEqual([0, 1, 0, 0]);
});

test("no checkpoint is an empty state", async () => {
  expect((await decodeCheckpoint([])).nextSeq).toBe(1);
});

test("a large state is many chunks of bounded size", async () => {
  const engine = createEngine({ maxMessages: 50_000 });
  // Of different times, so that each is a run of its own.
  for (let i = 0; i < 40_000; i++, engine.now++) engine.send(1);
  const chunks = [...encodeCheckpoint(engine.state)];
  expect(chunks.filter((chunk) => chunk.kind === "runs").length).toBe(10);
  const decoded = await decodeCheckpoint(structuredClone(chunks));
  expect([decoded.queues.get("orders")?.readyCount, decoded.batches.size]).toEqual([40_000, 40_000]);
});

test("later changes do not reach a checkpoint that was taken", async () => {
  const engine = createEngine();
  engine.send(3);
  engine.deliver("a", 2, "g");
  const chunks = [...encodeCheckpoint(engine.state)];
  engine.settle("a", "g", [1, 2], { type: "ack" });
  engine.configure({ leaseMs: 123 });
  engine.send(5);
  const decoded = await decodeCheckpoint(structuredClone(chunks));
  const queue = decoded.queues.get("orders");
  expect([queue?.readyCount, queue?.leased.size, queue?.settings.leaseMs, decoded.nextSeq]).toEqual([1, 2, 30_000, 4]);
});

test("the ends of leases are awaited as before", async () => {
  const engine = createEngine({ leaseMs: 100 });
  engine.send(20);
  engine.deliver("a", 20, "g");
  const decoded = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
  expect(takeEndedGrants(decoded, 1_099)).toEqual([]);
  expect(takeEndedGrants(decoded, 1_100)).toEqual(["g"]);
});

test("terms that no message is of are left behind, the others keep naming theirs", async () => {
  const engine = createEngine();
  engine.send(2);
  const term = (n: number) => String(n).repeat(16);
  engine.change({ type: "took-over", term: term(2) });
  engine.send(1);
  engine.change({ type: "took-over", term: term(3) });
  engine.deliver("a", 2, "g");
  engine.settle("a", "g", [1, 2], { type: "ack" });
  const decoded = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
  expect(decoded.terms.map((one) => one.term)).toEqual([term(2), term(3)]);
  expect([idOf(decoded, 3), idOf(decoded, 4)]).toEqual([`${term(2)}-3`, `${term(3)}-4`]);
});

test("bodies of quarantined messages are kept, and nothing else of them", async () => {
  const engine = createEngine();
  engine.send(1);
  engine.send(1);
  engine.deliver("a", 2, "g");
  engine.run({ type: "quarantine", client: "a", held: [{ grant: "g", seqs: [1, 1] }] });
  engine.settle("a", "g", [2, 1], { type: "ack" });
  const decoded = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
  expect(decoded.batches.all().map((batch) => batch.firstSeq)).toEqual([1]);
  expect(decoded.queues.get("orders")).toMatchObject({ readyCount: 0, counters: { quarantined: 1, acked: 1 } });
});

test("the time is part of it, so that a clock set back between two hosts is noticed", async () => {
  const engine = createEngine();
  engine.now = 5_000_000;
  engine.send(1);
  const decoded = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
  expect(decoded.now).toBe(5_000_000);
});
