import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import type { StateChunk } from "../../../../src/core/checkpoint/checkpoint-format.js";
import type { SendSegment, Verdict } from "../../../../src/core/commands/commands.js";
import { idOf } from "../../../../src/core/log/ids.js";
import { CHUNK_TEXT_MAX } from "../../../../src/core/spec/limits.js";
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

test("what failed with long texts is many chunks, none of them of much more text than it may have", async () => {
  const engine = createEngine({
    maxDeliveries: 2,
    backoff: { type: "fixed", baseMs: 60_000, maxMs: 60_000, jitter: "none" },
  });
  const failure = { name: "Error", message: "x".repeat(10_000) };
  engine.send(600);
  const seqs = engine.deliver("a", 600, "g");
  engine.settle("a", "g", [1, 200], { type: "dead", reason: "y".repeat(10_000), failure });
  engine.settle("a", "g", [201, 400], { type: "retry", failure });
  engine.now += 60_000;
  engine.deliver("b", 200, "again");
  expect(seqs.length).toBe(600);
  const chunks = [...encodeCheckpoint(engine.state)];
  const lengths = chunks.map((chunk) => JSON.stringify(chunk).length);
  expect(Math.max(...lengths)).toBeLessThan(2.2 * CHUNK_TEXT_MAX);
  expect(chunks.filter(({ kind }) => kind === "dead").length).toBe(4);
  const decoded = await decodeCheckpoint(structuredClone(chunks));
  expect(decoded.queues.get("orders")?.dead).toEqual(engine.queue.dead);
  expect(decoded.queues.get("orders")?.leased.size).toBe(engine.queue.leased.size);
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

describe("a message whose body a later term replaced keeps its id", () => {
  test.each<[where: string, verdict?: Verdict]>([
    ["while it is handled"],
    ["when it waits again", { type: "release" }],
    ["when it is dead", { type: "dead", reason: "rejected" }],
  ])("%s", async (_, verdict) => {
    const engine = createEngine();
    engine.send(1);
    const id = idOf(engine.state, 1);
    engine.change({ type: "took-over", term: "2".repeat(16) });
    engine.run({ type: "replace", queue: "orders", id, isDead: false, sizes: [100] });
    engine.deliver("a", 1, "g");
    if (verdict) engine.settle("a", "g", [1, 1], verdict);
    const decoded = await decodeCheckpoint(structuredClone([...encodeCheckpoint(engine.state)]));
    expect(idOf(decoded, 1)).toBe(id);
  });
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

describe("of several queues", () => {
  /** Something of every kind, in each of three queues and in one more that has nothing. */
  function createFull() {
    const engine = createEngine();
    const failure = { name: "E", message: "no" };
    engine.run({ type: "subscribe", topic: "news", subscription: "a", filter: { kind: "some" } });
    for (const queue of ["one", "two", "three"]) {
      const settings = {
        deduplicationMode: "replace",
        maxDeliveries: 2,
        rateLimit: { limit: 3, intervalMs: 60_000, per: "group" },
      } as const;
      engine.run({ type: "configure", queue, settings });
      const send = (segment: Partial<SendSegment>, groups?: string) =>
        engine.run({
          type: "send",
          queue,
          atomic: true,
          segments: [{ count: 1, priority: 4, ...segment }],
          sizes: Array.from({ length: segment.count ?? 1 }, () => 100),
          groups,
        });
      const deliver = (grant: string, max: number) => {
        engine.run({ type: "deliver", queue, client: "c", mode: "consume", max, grant: `${grant} of ${queue}` });
        return [...(engine.state.grants.get(`${grant} of ${queue}`)?.leases.keys() ?? [])];
      };
      const settle = (grant: string, seqs: readonly number[], verdict: Verdict) =>
        engine.settle(
          "c",
          `${grant} of ${queue}`,
          seqs.flatMap((seq) => [seq, 1]),
          verdict,
        );
      send({ count: 3 }, "g");
      settle("dead", deliver("dead", 1), { type: "dead", reason: "bad", failure });
      send({ count: 6 });
      const seqs = deliver("back", 5);
      settle("back", seqs.slice(0, 1), { type: "retry", failure });
      settle("back", seqs.slice(1, 2), { type: "release", suspect: true });
      settle("back", seqs.slice(2, 3), { type: "dead", reason: "worse" });
      settle("back", seqs.slice(3, 4), { type: "release" });
      engine.run({ type: "redrive", queue, filter: { reason: "worse" } });
      send({ delayMs: 500, ttlMs: 10_000, priority: 9 }, "h");
      send({ deduplicationIds: ["id"] });
      send({ deduplicationIds: ["id"] });
      const spec = { everyMs: 1_000, catchUp: "none", priority: 4 } as const;
      engine.run({ type: "schedule", queue, id: "tick", spec, sizes: [50] });
    }
    engine.run({ type: "pause", queue: "two", paused: true });
    return engine;
  }

  const kindsOf = (chunks: readonly StateChunk[]) => new Set(chunks.map(({ kind }) => kind));

  test.each([1, 3, 7, 4_096])("pieces of %i entries at most give the same state", async (entriesMax) => {
    const { state } = createFull();
    const whole = [...encodeCheckpoint(state)];
    expect([...kindsOf(whole)].sort()).toEqual(
      [
        ...["batches", "buckets", "dead", "grants", "head", "ids", "places", "queues", "replaced", "runs", "schedules"],
      ].sort(),
    );
    const decoded = await decodeCheckpoint(structuredClone([...encodeCheckpoint(state, entriesMax)]));
    expect([...encodeCheckpoint(decoded)]).toEqual(whole);
    for (const queue of state.queues.values()) {
      const { counters, bytes, readyCount, delayedCount, blockedCount, settings } = queue;
      expect(decoded.queues.get(queue.name)).toMatchObject({
        ...{ counters, bytes, readyCount, delayedCount, blockedCount, settings },
      });
    }
  });

  test("no piece is of more entries than it may be", () => {
    const { state } = createFull();
    for (const chunk of encodeCheckpoint(state, 3)) {
      if ("queue" in chunk) expect(chunk.queue.length).toBeLessThanOrEqual(3);
      else if (chunk.kind === "queues") expect(chunk.queues).toHaveLength(1);
      else if (chunk.kind === "grants") expect(chunk.grants).toHaveLength(1);
    }
  });

  test("3,000 queues with a message each are a few pieces, and each has its own", async () => {
    const engine = createEngine();
    const segments = [{ count: 1, priority: 4 }];
    for (let i = 0; i < 3_000; i++) {
      engine.run({ type: "send", queue: `q${i}`, atomic: true, segments, sizes: [i] });
    }
    const chunks = [...encodeCheckpoint(engine.state)];
    expect(chunks.length).toBeLessThanOrEqual(12);
    const decoded = await decodeCheckpoint(structuredClone(chunks));
    expect(decoded.queues.size).toBe(3_001);
    for (const i of [0, 1, 1_023, 1_024, 2_999]) {
      expect(decoded.queues.get(`q${i}`)).toMatchObject({ readyCount: 1, bytes: i, counters: { accepted: 1 } });
    }
  });

  test("3,000 queues that were used and have nothing are a few pieces", () => {
    const engine = createEngine();
    for (let i = 0; i < 3_000; i++) engine.run({ type: "configure", queue: `q${i}`, settings: {} });
    expect([...encodeCheckpoint(engine.state)].length).toBeLessThanOrEqual(6);
  });

  test("what a queue was not told is as the build said that wrote it, not as this one would have it", async () => {
    const engine = createEngine({ maxMessages: 7 });
    const chunks = structuredClone([...encodeCheckpoint(engine.state)]).map((chunk) =>
      chunk.kind === "queues" ? { ...chunk, settings: { ...chunk.settings, leaseMs: 77, maxMessages: 5 } } : chunk,
    );
    expect((await decodeCheckpoint(chunks)).queues.get("orders")?.settings).toMatchObject({
      leaseMs: 77,
      maxMessages: 7,
    });
  });
});

test.each(["lsn", "epoch", "nextSeq", "now"])(
  "a checkpoint whose head has no number for %s is refused",
  async (name) => {
    const [head, ...others] = encodeCheckpoint(createState());
    await expect(decodeCheckpoint([{ ...head, [name]: [] }, ...others])).rejects.toThrow("has its numbers");
  },
);

test.each([1, 2, 2.5])("a checkpoint that would give a number away again is refused: %s", async (nextSeq) => {
  const engine = createEngine();
  engine.send(2);
  const [head, ...others] = encodeCheckpoint(engine.state);
  await expect(decodeCheckpoint([{ ...head, nextSeq }, ...others])).rejects.toThrow("none that was given away");
});

interface Odd {
  readonly count?: number;
  readonly firstSeq?: number;
  readonly seqs?: readonly number[];
}

test.each([
  ["has a count that none can have", { count: 2 ** 31 }],
  ["has no whole count", { count: 1.5 }],
  ["begins nowhere", { firstSeq: -1 }],
  ["names a stretch that none can have", { count: 2, seqs: [1, 1e15] }],
  ["names stretches that are none", { count: 2, seqs: [1, -1e15, 5, 1e15 + 2] }],
])(
  "a checkpoint with a batch that %s is refused, and keeps nobody counting",
  async (_, { count = 2, firstSeq = 1, seqs }: Odd) => {
    const [head] = encodeCheckpoint(createState());
    const bytes = Float64Array.of(10);
    const columns = { firstSeq: Float64Array.of(firstSeq), count: Float64Array.of(count), bytes };
    const batches = { v: 3, kind: "batches", ...columns, seqs: seqs ? [[0, seqs]] : [] };
    const decoding = decodeCheckpoint([{ ...head, nextSeq: Number.MAX_SAFE_INTEGER }, batches]);
    await expect(decoding).rejects.toThrow(/a batch has as many bodies as fit into one|has its numbers/);
  },
);

test("as many bodies that cannot be read as a large queue has come back", async () => {
  const state = createState();
  const count = 300_000;
  state.batches.add({ firstSeq: 1, count, bytes: 10 });
  for (let seq = 1; seq <= count; seq++) state.quarantined.push(seq);
  state.nextSeq = count + 1;
  const decoded = await decodeCheckpoint(encodeCheckpoint(state));
  expect([decoded.quarantined.length, decoded.quarantined.at(-1)]).toEqual([count, count]);
});

test("a checkpoint that names more unreadable bodies than there can be is refused", async () => {
  const [head, ...others] = encodeCheckpoint(createState());
  await expect(decodeCheckpoint([{ ...head, quarantined: [1, 1e15] }, ...others])).rejects.toThrow("named one by one");
});

type Piece = Readonly<Record<string, unknown>>;
const column = (name: string, value: unknown) => (piece: Piece) => ({
  ...piece,
  [name]: Array.from(piece[name] as Float64Array, () => value),
});

test.each<[string, string, (piece: Piece) => Piece]>([
  ["a priority that no queue has", "runs", column("priority", 10)],
  ["half a message", "runs", column("seq", 0.5)],
  ["no number", "runs", column("seq", 2 ** 53)],
  ["no body", "runs", column("bodySeq", -1)],
  ["a count that is none", "runs", column("count", -1)],
  ["half a message in a count", "runs", column("count", 1.5)],
  ["a time that is none", "runs", column("readyAt", Number.NaN)],
  ["attempts that are none", "runs", column("attempts", "1")],
  ["a size that is none", "dead", ({ dead, ...rest }) => ({ ...rest, dead: [{ ...(dead as object[])[0], size: -1 }] })],
  [
    "a message without a number",
    "grants",
    ({ grants, ...rest }) => {
      const [grant] = grants as { leases: object[] }[];
      return { ...rest, grants: [{ ...grant, leases: [{ ...grant?.leases[0], seq: undefined }] }] };
    },
  ],
])("a checkpoint with %s is refused: of %s", async (_, kind, damage) => {
  const engine = createEngine();
  engine.send(3);
  engine.deliver("a", 2, "g");
  engine.settle("a", "g", [1, 1], { type: "dead", reason: "no use" });
  const chunks = structuredClone([...encodeCheckpoint(engine.state)]);
  await expect(decodeCheckpoint(chunks)).resolves.toBeDefined();
  const damaged = chunks.map((chunk) => (chunk.kind === kind ? damage(chunk as unknown as Piece) : chunk));
  await expect(decodeCheckpoint(damaged)).rejects.toThrow("a piece of a checkpoint has its numbers");
});

test("a checkpoint with a schedule that does not say when it ticks is refused", async () => {
  const schedule = { id: "tick", spec: { everyMs: 0, catchUp: "one", priority: 4 }, bodySeq: 1, size: 1, nextAt: 1 };
  const engine = createEngine();
  engine.send(1);
  const chunks = [...encodeCheckpoint(engine.state)];
  const schedules = { v: 3, kind: "schedules", queue: Uint32Array.of(0), schedules: [schedule] };
  await expect(decodeCheckpoint([...chunks, schedules])).rejects.toThrow("schedule tick says when it ticks");
});

test("a checkpoint with more bodies than were numbered is refused", async () => {
  const engine = createEngine();
  engine.send(2);
  const pieces = structuredClone([...encodeCheckpoint(engine.state)]);
  const batches = pieces.find((piece) => piece.kind === "batches") as StateChunk & { count: Float64Array };
  batches.count[0] = 100;
  await expect(decodeCheckpoint(pieces)).rejects.toThrow("none that was given away");
});
