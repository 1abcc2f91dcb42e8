// What is left of a journal, replayed: as long as the journal, and not as all that waits, takes for each hand-out.

import { expect, test } from "vitest";
import { replayRemains } from "../../../../src/core/commands/replay-remains.js";
import type { Change, JournalRecord } from "../../../../src/core/log/journal.js";
import type { Group } from "../../../../src/core/state/run.js";
import { createState, isConserved, type QueueState } from "../../../../src/core/state/state.js";
import { createEngine, type Engine } from "../engine-fixture.js";

const GROUPS = 1_000;
const HAND_OUTS = 500;
const EXPIRING = 2_000;

/** The records of what is done. */
function journal(use: (engine: Engine, done: () => void) => void): JournalRecord[] {
  const engine = createEngine({ maxMessages: 10_000 });
  const { change } = engine;
  const records: JournalRecord[] = [];
  let changes: Change[] = [];
  engine.change = (one) => {
    changes.push(structuredClone(one));
    change(one);
  };
  const done = () => {
    records.push({ v: 1, lsn: records.length + 1, epoch: 1, at: ++engine.now, changes });
    changes = [];
  };
  use(engine, done);
  return records;
}

/** What is done with groups of three. */
const withGroups = (use: (engine: Engine, done: () => void) => void) =>
  journal((engine, done) => {
    const count = GROUPS * 3;
    engine.send(
      count,
      {},
      Array.from({ length: count }, (_, i) => `g${Math.floor(i / 3)}`),
    );
    done();
    use(engine, done);
  });

/** How often somebody looks at one of these. */
function countLooks<One extends object>(all: Iterable<One>, names: readonly (keyof One)[]): () => number {
  let looks = 0;
  for (const one of all)
    for (const name of names) {
      let value: unknown = one[name];
      Object.defineProperty(one, name, {
        get() {
          looks++;
          return value;
        },
        set(next) {
          value = next;
        },
      });
    }
  return () => looks;
}

const atGroups = ({ groups }: QueueState) => countLooks<Group>(groups.values(), ["id", "blocked"]);
const atRuns = ({ expiries }: QueueState) => countLooks(expiries.due(Number.POSITIVE_INFINITY), ["expiresAt"]);

/** Replays them without one, and says how often it looked at a group, or what else is counted, behind that. */
async function salvage(records: readonly JournalRecord[], missing: number, look = atGroups) {
  const { state } = createEngine({ maxMessages: 10_000 });
  const queue = () => state.queues.get("orders") as QueueState;
  let looks = () => 0;
  function* remains() {
    for (const record of records) {
      if (record.lsn === missing) looks = look(queue());
      yield { lsn: record.lsn, record: record.lsn === missing ? undefined : record };
    }
  }
  const replayed = await replayRemains(async () => state, remains(), { lastLsn: records.length + 1, lastBatch: 0 });
  expect([replayed.salvage !== undefined, isConserved(queue())]).toEqual([true, true]);
  return { queue: queue(), looks: looks() };
}

const take = (engine: Engine, grant: string, max = 1) => engine.deliver("a", max, grant);

test("a hand-out behind a record that is missing takes a few looks at groups, however many there are", async () => {
  const records = withGroups((engine, done) => {
    for (let n = 0; n < HAND_OUTS; n++) {
      const [seq = 0] = take(engine, `grant ${n}`);
      done();
      engine.settle("a", `grant ${n}`, [seq, 1], { type: "ack" });
      done();
    }
  });
  const { queue, looks } = await salvage(records, 2);
  expect(queue).toMatchObject({ counters: { acked: HAND_OUTS }, blockedCount: GROUPS * 2 - HAND_OUTS });
  // All that waits is noted once.
  expect(looks).toBeLessThan(GROUPS * 10 + HAND_OUTS * 50);
});

test("so does one of a group whose head was over by then, which nobody says any more", async () => {
  const records = withGroups((engine, done) => {
    const heads = take(engine, "heads", HAND_OUTS);
    done();
    for (const seq of heads) engine.settle("a", "heads", [seq, 1], { type: "ack" });
    done();
    take(engine, "others", GROUPS - HAND_OUTS);
    done();
    for (let n = 0; n < HAND_OUTS; n++) {
      take(engine, `next ${n}`);
      done();
    }
  });
  const { queue, looks } = await salvage(records, 3);
  // Each head is given up, since nobody knows how it ended.
  expect(queue.dead.size).toBe(HAND_OUTS);
  expect(queue.leased.size).toBe(GROUPS);
  expect(looks).toBeLessThan(GROUPS * 20 + HAND_OUTS * 100);
});

test("what expired takes a few looks each, however many do at once", async () => {
  const records = journal((engine, done) => {
    for (let ttlMs = 1; ttlMs <= EXPIRING; ttlMs++) engine.send(1, { ttlMs });
    done();
    take(engine, "lost");
    done();
    engine.now += EXPIRING;
    engine.run({ type: "expire-messages" });
    done();
  });
  const { queue, looks } = await salvage(records, 2, atRuns);
  expect(queue.dead.size).toBe(EXPIRING - 1);
  expect(looks).toBeLessThan(EXPIRING * 200);
});

test.each<Change>([
  { type: "leased", queue: "orders", client: "a", grant: "g", mode: "receive", until: 9, seqs: [1, 2 ** 40] },
  { type: "acked", queue: "orders", seqs: [1, 2 ** 40] },
  { type: "hidden", queue: "orders", seqs: [1, 2 ** 40], bodySeq: 9, settings: {} },
  { type: "rewritten", removed: [1], added: [{ firstSeq: 1, seqs: [1, 2 ** 40], bytes: 10 }] },
])("a record that names messages without end counts as missing where others are: $type", async (change) => {
  const records = [
    [{ type: "took-over", term: "t" }],
    undefined,
    [change],
    [
      { type: "stored", firstSeq: 5, count: 2, bytes: 10 },
      { type: "accepted", queue: "orders", seq: 5, bodySeq: 5, count: 2, priority: 4 },
    ],
  ].map((changes, i) => ({ lsn: i + 1, record: changes && { v: 1, lsn: i + 1, epoch: 1, at: i + 1, changes } }));
  const options = { lastLsn: records.length + 1, lastBatch: 0 };
  const { state } = await replayRemains(async () => createState(), records, options);
  expect(state.queues.get("orders")).toMatchObject({ readyCount: 2, counters: { deliveries: 0, acked: 0 } });
});
