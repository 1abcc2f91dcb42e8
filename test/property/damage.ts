// A journal of which records are damaged, read as the host reads it, and what has to be true of what comes out of it.

import fc from "fast-check";
import { decodeCheckpoint } from "../../src/core/checkpoint/checkpoint-decode.js";
import { type Remain, replayRemains } from "../../src/core/commands/replay-remains.js";
import { idOf } from "../../src/core/log/ids.js";
import type { JournalRecord, Seq } from "../../src/core/log/journal.js";
import { rangesOf, seqsOf } from "../../src/core/log/ranges.js";
import { createState, type QueueState, type State } from "../../src/core/state/state.js";
import { blockedRuns, delayedRuns, readyRuns } from "../../src/core/state/waiting.js";
import { drain } from "./drain.js";
import { holds, same } from "./expectations.js";
import { checkInvariants } from "./invariants.js";
import type { Step, TurnSteps } from "./steps.js";
import { createWorld, fromCheckpoint, type World } from "./world.js";

/** What lies where a record was. */
export interface Damage {
  readonly lsn: number;
  readonly found: unknown;
}

/** As the host does it, which has written the record of its take-over before it reads. */
export async function salvage(world: World, damages: readonly Damage[]) {
  const { journal, disk, checkpoint } = world;
  const found = new Map(damages.map((damage) => [damage.lsn, damage.found]));
  const first = Math.min(...found.keys());
  const isAfter = checkpoint !== undefined && checkpoint.lsn < first;
  const remains: Remain[] = journal
    .filter(({ lsn }) => !isAfter || lsn > checkpoint.lsn)
    .map((record) => ({ lsn: record.lsn, record: found.has(record.lsn) ? found.get(record.lsn) : record }));
  // What is missing at the end leaves no trace but bodies.
  while (remains.length > 0 && remains.at(-1)?.record === undefined) remains.pop();
  const { lsn = isAfter ? checkpoint.lsn : 0 } = remains.at(-1) ?? {};
  const takeOver = { type: "took-over", term: "0123456789abcdef" } as const;
  const own = { v: 1, lsn: lsn + 1, epoch: world.state.epoch + 1, at: world.now, changes: [takeOver] };
  const begin = async () => (isAfter ? decodeCheckpoint(structuredClone(checkpoint.chunks)) : createState());
  const lastBatch = Math.max(0, ...disk.keys());
  const { state, salvage } = await replayRemains(begin, [...remains, { lsn: own.lsn, record: own }], {
    lastLsn: own.lsn,
    lastBatch,
  });
  const lost = salvage?.finish(Array.from(disk, ([firstSeq, seqs]) => ({ firstSeq, seqs: rangesOf(seqs), bytes: 1 })));
  same(state.lsn, own.lsn, "the end of the log");
  return { state, lost: lost ?? [], isNoticed: salvage !== undefined };
}

interface Found {
  readonly queue: string;
  readonly bodySeq: Seq;
  readonly place: "ready" | "delayed" | "blocked" | "leased" | "dead";
  readonly grant?: string;
  readonly priority: number;
}

function messagesOf(state: State): Map<Seq, Found> {
  const found = new Map<Seq, Found>();
  const add = (
    queue: QueueState,
    place: Found["place"],
    seq: Seq,
    rest: Pick<Found, "bodySeq" | "grant" | "priority">,
  ) => {
    holds(!found.has(seq), `message ${seq} is in one place`);
    found.set(seq, { queue: queue.name, place, ...rest });
  };
  for (const queue of state.queues.values()) {
    for (const [place, runs] of [
      ["ready", readyRuns(queue)],
      ["delayed", delayedRuns(queue)],
      ["blocked", blockedRuns(queue)],
    ] as const)
      for (const { seq, bodySeq, count, priority } of runs)
        for (let i = 0; i < count; i++) add(queue, place, seq + i, { bodySeq: bodySeq + i, priority });
    for (const { seq, bodySeq, grant, priority } of queue.leased.values())
      add(queue, "leased", seq, { bodySeq, grant: grant.id, priority });
    for (const { seq, bodySeq, priority } of queue.dead.values()) add(queue, "dead", seq, { bodySeq, priority });
  }
  return found;
}

/** Messages that a record is about, by number; `all`: it may be about any. */
function touchedBy(records: readonly JournalRecord[]): { seqs: Set<Seq>; all: boolean } {
  const seqs = new Set<Seq>();
  let all = false;
  for (const { changes } of records)
    for (const change of changes) {
      if ("seqs" in change && change.seqs) for (const seq of seqsOf(change.seqs)) seqs.add(seq);
      if ("seq" in change) for (let i = 0; i < ("count" in change ? change.count : 1); i++) seqs.add(change.seq + i);
      if (["purged", "deleted", "configured", "clock-set-back", "rewritten", "renewed"].includes(change.type))
        all = true;
    }
  return { seqs, all };
}

const acceptedIn = (records: readonly (JournalRecord | undefined)[]): Set<Seq> => {
  const seqs = new Set<Seq>();
  for (const record of records)
    for (const change of record?.changes ?? []) {
      if (change.type === "stored") for (let i = 0; i < change.count; i++) seqs.add(change.firstSeq + i);
      if (change.type === "accepted" || change.type === "overflowed")
        for (let i = 0; i < change.count; i++) seqs.add(change.seq + i).add(change.bodySeq + i);
      if (change.type === "replaced") seqs.add(change.seq).add(change.bodySeq);
    }
  return seqs;
};

/** A host that died, and another one after it. */
const withoutRestart = ({ steps, ...turn }: TurnSteps): TurnSteps => ({
  ...turn,
  steps: steps.map((step: Step): Step => (step.op === "restart" ? { op: "take-over" } : step)),
});

export async function worldOf(turns: readonly TurnSteps[]): Promise<World> {
  const world = createWorld();
  for (const turn of turns) await world.turn(withoutRestart(turn));
  return world;
}

export async function judge(world: World, damages: readonly Damage[]): Promise<void> {
  const places = new Set(damages.map(({ lsn }) => lsn));
  const missing = world.journal.filter(({ lsn }) => places.has(lsn));
  const { state, lost } = await salvage(world, damages);
  checkInvariants(state, new Map(state.batches.all().map((batch) => [batch.firstSeq, state.batches.liveSeqs(batch)])), {
    isSalvaged: true,
  });
  const [truth, found] = [messagesOf(world.state), messagesOf(state)];
  const touched = touchedBy(missing);
  const everAccepted = acceptedIn(world.journal);
  const acceptedThere = acceptedIn(missing);
  // They were lost, and named, before.
  const quarantinedThere = new Set(
    missing.flatMap(({ changes }) =>
      changes.flatMap((change) => (change.type === "quarantined" ? seqsOf(change.seqs) : [])),
    ),
  );
  const storedThere = new Set(
    missing.flatMap(({ changes }) =>
      changes.flatMap((change) =>
        change.type === "stored" ? Array.from({ length: change.count }, (_, i) => change.firstSeq + i) : [],
      ),
    ),
  );
  const named = new Set(lost.flatMap(({ seqs }) => seqs));
  /** What is purged while nobody knows whether it was in work is named, too. */
  const first = missing[0]?.lsn ?? 0;
  const mayBePurged = world.journal.some(
    ({ lsn, changes }) => lsn > first && changes.some(({ type }) => type === "purged"),
  );
  /** What was accepted in a record that is there refers to a body of one that is not. */
  const isSharedBy = (seq: Seq) =>
    world.journal.some(({ changes }) =>
      changes.some(
        (change) =>
          "isShared" in change &&
          change.isShared &&
          (change.type === "accepted" || change.type === "overflowed") &&
          seq >= change.seq &&
          seq < change.seq + change.count &&
          acceptedThere.has(change.bodySeq + seq - change.seq),
      ),
    );
  for (const [seq, { queue, bodySeq }] of truth) {
    if (found.has(seq)) same(found.get(seq)?.queue, queue, `the queue of message ${seq}`);
    // With a schedule's message it is lost that it was sent: it is due again.
    else if (storedThere.has(bodySeq) || !acceptedThere.has(seq))
      holds(named.has(seq) || named.has(bodySeq), `message ${seq} of ${queue} is lost, and is named`);
  }
  /** It has a body that nobody knows, or is over: its last known one is gone. */
  const mayHaveStrayed = (seq: Seq) =>
    (touched.all || touched.seqs.has(seq)) &&
    world.journal.some(({ changes }) => changes.some((change) => change.type === "replaced" && change.seq === seq));
  for (const seq of named) {
    holds(!found.has(seq), `message ${seq} is named, and is not there`);
    holds(
      acceptedThere.has(seq) || quarantinedThere.has(seq) || isSharedBy(seq) || mayBePurged || mayHaveStrayed(seq),
      `message ${seq} was in what is missing: ${JSON.stringify(lost)}`,
    );
  }
  for (const { queue, seqs } of lost)
    for (const seq of queue === undefined ? [] : seqs)
      if (truth.has(seq)) same(truth.get(seq)?.queue, queue, `the queue that message ${seq} is named with`);
  const inUse = [...found.keys(), ...named, ...[...world.disk.values()].flat()];
  holds(state.nextSeq > Math.max(0, ...inUse), `no number is given twice: ${Math.max(...inUse)} of ${state.nextSeq}`);
  // Which of two terms a number is of, with a take-over between the two that is all there is, nobody knows.
  const epochs = new Set(missing.map(({ epoch }) => epoch));
  const isTermKnown = !missing.some(({ changes }) => changes.some(({ type }) => type === "took-over"));
  if (isTermKnown && epochs.size === 1)
    for (const seq of [...named, ...found.keys()])
      same(idOf(state, seq), idOf(world.state, seq), `the id of message ${seq}`);
  for (const [seq, { queue, place, grant }] of found) {
    holds(everAccepted.has(seq), `message ${seq} was accepted once`);
    if (touched.all || touched.seqs.has(seq)) continue;
    const there = truth.get(seq);
    // Which ones a purge picks depends on where those before them in their groups are.
    holds(there !== undefined || mayBePurged, `message ${seq} of ${queue} is over`);
    if (there === undefined) continue;
    if (place === "leased" || there.place === "leased")
      same([place, grant], [there.place, there.grant], `the lease of ${seq}`);
    // What nobody knows the end of, in a group that goes on all the same, is put among the dead letters.
    holds(place === "dead" || there.place !== "dead", `message ${seq} is dead`);
  }
  const again = await fromCheckpoint(state);
  same([...messagesOf(again)].sort(bySeq), [...found].sort(bySeq), "what a checkpoint of it says");
  const delivered = drain(again);
  same(
    delivered.sort((a, b) => a - b),
    [...found.keys()].sort((a, b) => a - b),
    "what comes out of it, each once",
  );
}

const bySeq = ([a]: readonly [Seq, unknown], [b]: readonly [Seq, unknown]): number => a - b;

const ways: ((record: JournalRecord) => unknown)[] = [
  () => undefined,
  () => null,
  () => "no record",
  ({ lsn }) => ({ v: 1, lsn }),
  (record) => ({ ...record, lsn: record.lsn + 1 }),
];

/** Which records are damaged, and how: one, or two. */
export const damage = fc.record({
  places: fc.array(fc.nat(), { minLength: 1, maxLength: 2 }),
  way: fc.nat(ways.length - 1),
});

type Chosen = typeof damage extends fc.Arbitrary<infer Value> ? Value : never;

export function damagesOf({ journal }: World, { places, way }: Chosen): Damage[] {
  return [...new Set(places.map((place) => place % journal.length))].map((place) => {
    const record = journal[place] as JournalRecord;
    return { lsn: record.lsn, found: ways[way]?.(record) };
  });
}

/** With all of these in turn, each for itself. */
export async function judgeEach(turns: readonly TurnSteps[], chosen: readonly Chosen[]): Promise<void> {
  const world = await worldOf(turns);
  for (const one of chosen) {
    const damages = damagesOf(world, one);
    await judge(world, damages).catch((cause: unknown) => {
      throw new Error(`without ${damages.map(({ lsn }) => `record ${lsn}`).join(" and ")}`, { cause });
    });
  }
}
