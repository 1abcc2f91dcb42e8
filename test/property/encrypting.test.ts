// A queue is encrypted where it stands, whatever is in it, in whichever pages, by however many, and read back at every step.

import fc from "fast-check";
import { test } from "vitest";
import { apply } from "../../src/core/commands/apply.js";
import type { CommandOf, EncryptValue } from "../../src/core/commands/commands.js";
import { decide } from "../../src/core/commands/decide.js";
import { plainIds } from "../../src/core/commands/encrypt.js";
import { replayRemains } from "../../src/core/commands/replay-remains.js";
import { idOf } from "../../src/core/log/ids.js";
import type { Change, JournalRecord, Seq } from "../../src/core/log/journal.js";
import { rangesOf } from "../../src/core/log/ranges.js";
import { KEY_QUEUE } from "../../src/core/spec/key-queue.js";
import { PEEKABLE } from "../../src/core/spec/message-states.js";
import type { QueueState, State } from "../../src/core/state/state.js";
import { peek } from "../../src/core/view/view.js";
import { drain } from "./drain.js";
import { holds, same } from "./expectations.js";
import { imageOf } from "./image.js";
import { checkInvariants } from "./invariants.js";
import { history, parameters } from "./steps.js";
import { createWorld, fromCheckpoint, replay, stored } from "./world.js";

const QUEUE = "t/s0";
const KEY = "key";
const hide = (name: string) => (name.startsWith("~") ? name : `~${name}`);

/** What a caller sees of the queue, without which bodies there are, and with names as they were. */
function seenOf(state: State) {
  const image = imageOf(state).queues.find(({ name }) => name === QUEUE);
  const { settings: _, pausedByUser: __, buckets: ___, ids = [], schedules: ____, ...seen } = image ?? {};
  const masked = JSON.stringify({ ...seen, replacedBodies: [], ids: ids.map((one) => ({ ...one, id: hide(one.id) })) });
  return JSON.parse(masked, (name, value) => {
    if (name === "bodySeq" || name === "failure") return undefined;
    return name === "groupId" && typeof value === "string" ? hide(value) : value;
  });
}
/** The groups in the order of their names, whatever these are. */
const sorted = (seen: ReturnType<typeof seenOf>) => ({
  ...seen,
  groups: seen.groups
    ?.map((group: { id: string }) => ({ ...group, id: hide(group.id) }))
    .sort((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)),
});

interface Run {
  readonly state: State;
  readonly disk: Map<Seq, readonly Seq[]>;
  readonly records: JournalRecord[];
}

function decided<Value>({ state, disk, records }: Run, command: Parameters<typeof decide>[1]): Value {
  const { changes, outcome } = decide(state, command, state.now);
  holds(outcome.ok, `${command.type}: ${JSON.stringify(outcome)}`);
  commit({ state, disk, records }, changes);
  return (outcome as { value: Value }).value;
}
function commit({ state, disk, records }: Run, changes: readonly Change[]): void {
  for (const change of changes) {
    apply(state, change, state.now);
    if (change.type === "stored")
      disk.set(
        change.firstSeq,
        Array.from({ length: change.count }, (_, i) => change.firstSeq + i),
      );
  }
  state.lsn++;
  records.push(stored({ v: 1, lsn: state.lsn, epoch: state.epoch, at: state.now, changes }));
}

/** A page of it as a client makes one: of messages that it has seen, plain or not, in any order. */
function pageOf(state: State, queue: QueueState, seqs: readonly Seq[], idsMax: number): CommandOf<"encrypt-page"> {
  const entries = peek(queue, {
    max: Number.POSITIVE_INFINITY,
    states: ["ready", "delayed", "blocked", "dead"],
    after: 0,
  });
  const chosen = entries.filter(({ seq }) => seqs.includes(seq));
  const groups = chosen.flatMap(({ groupId }) => (groupId && hide(groupId) !== groupId ? [groupId] : []));
  return {
    type: "encrypt-page",
    queue: QUEUE,
    sealed: KEY,
    messages: chosen.map(({ seq, reason, failure }) => ({ id: idOf(state, seq), reason, failure })),
    groups: [...new Set(groups)].map((group) => [group, hide(group)]),
    ids: plainIds(queue, idsMax).map(([seq, id]) => [seq, hide(id)]),
    sizes: chosen.map(() => 50),
  };
}

/** One of the records cannot be read: all of it is there all the same, and what was encrypted is known to be. */
async function loseOne({ state, disk, records }: Run, begun: State, place: number): Promise<void> {
  const missing = records[place % records.length] as JournalRecord;
  const own = { ...missing, lsn: state.lsn + 1, changes: [{ type: "took-over", term: "0123456789abcdef" } as const] };
  const remains = [...records, own].map((record) => ({ lsn: record.lsn, record: record === missing ? null : record }));
  const lastBatch = Math.max(0, ...disk.keys());
  const { state: found, salvage } = await replayRemains(async () => begun, remains, { lastLsn: own.lsn, lastBatch });
  salvage?.finish(Array.from(disk, ([firstSeq, seqs]) => ({ firstSeq, seqs: rangesOf(seqs), bytes: 1 })));
  const live = found.batches.all().map((batch) => [batch.firstSeq, found.batches.liveSeqs(batch)] as const);
  checkInvariants(found, new Map(live), { isSalvaged: true });
  const seqsOf = (of: State) =>
    peek(of.queues.get(QUEUE) as QueueState, { max: Number.POSITIVE_INFINITY, states: PEEKABLE, after: 0 }).map(
      ({ seq }) => seq,
    );
  same(seqsOf(found).sort(), seqsOf(state).sort(), "all of it is there");
  same(found.queues.get(QUEUE)?.settings.encryption, KEY, "its key");
}

test("all of it is where it was, with another body, and comes out in the same order", () =>
  fc.assert(
    fc.asyncProperty(history, fc.infiniteStream(fc.nat(11)), async (turns, random) => {
      const world = createWorld();
      for (const turn of turns) await world.turn(turn);
      const { state } = world;
      const before = state.queues.get(QUEUE);
      // What has a filter is refused.
      commit({ state, disk: new Map(), records: [] }, [
        { type: "subscribed", topic: "t", subscription: "s0", filter: {} },
        { type: "configured", queue: KEY_QUEUE, settings: { encryption: JSON.stringify({ id: KEY }) } },
      ]);
      const untouched = await fromCheckpoint(state);
      const [begun, begunToo] = [await fromCheckpoint(state), await fromCheckpoint(state)];
      const run: Run = { state, disk: new Map(world.disk), records: [] };
      const { isDone } = decided<EncryptValue>(run, { type: "encrypt-begin", queue: QUEUE, sealed: KEY });
      if (isDone)
        return holds(
          before === undefined || peek(before, { max: 1, states: ["ready"], after: 0 }).length === 0,
          "empty",
        );
      const below = state.queues.get(QUEUE)?.settings.encrypting?.below as number;

      const next = () => random.next().value as number;
      const hideSome = async (isAll: boolean) => {
        const queue = state.queues.get(QUEUE) as QueueState;
        const all = peek(queue, {
          max: Number.POSITIVE_INFINITY,
          states: ["ready", "delayed", "blocked", "dead"],
          after: 0,
        });
        const command = pageOf(
          state,
          queue,
          all.map(({ seq }) => seq).filter(() => isAll || next() < 5),
          isAll ? 1_000 : next(),
        );
        decided(run, command);
        // Somebody else had begun the same.
        if (next() === 0) decided(run, command);
        checkInvariants(state, run.disk);
        same(sorted(seenOf(state)), sorted(seenOf(untouched)), "what is seen of the queue");
      };
      for (let left = next(); left > 0; left--) await hideSome(false);
      await hideSome(true);
      const queue = state.queues.get(QUEUE) as QueueState;
      for (const { id, spec } of queue.schedules.values())
        decided(run, { type: "schedule", queue: QUEUE, id, spec: { ...spec, sealed: KEY }, sizes: [50] });

      const ended = () => decided<EncryptValue>(run, { type: "encrypt-end", queue: QUEUE, sealed: KEY });
      // What is in work keeps it from ending, and is plain when it is back.
      if (queue.leased.size > 0) {
        same(ended().leased, queue.leased.size, "in work");
        for (const client of [...state.clients.keys()])
          for (const other of [state, untouched])
            for (const change of decide(other, { type: "client-gone", client }, other.now).changes)
              other === state ? commit(run, [change]) : apply(other, change, other.now);
        await hideSome(true);
      }
      same(ended(), { left: 0, leased: 0, isDone: false }, "the first end");
      same(ended().isDone, true, "the second end");
      const bodies = [...queue.dead.values(), ...queue.schedules.values()].map(({ bodySeq }) => bodySeq);
      for (const { bodySeq } of [...queue.suspects, ...queue.delayed.items()]) bodies.push(bodySeq);
      holds(
        bodies.every((bodySeq) => bodySeq >= below),
        "nothing has a body from before",
      );
      same(
        [...queue.groups.keys()].filter((name) => name !== hide(name)),
        [],
        "plain names of groups",
      );
      same(
        [...queue.deduplication.byId.keys()].filter((name) => name !== hide(name)),
        [],
        "plain deduplication ids",
      );
      same(imageOf(replay(run.records, begun)), imageOf(state), "what is read back");
      same(imageOf(await fromCheckpoint(state)), imageOf(state), "what a checkpoint gives");
      await loseOne(run, begunToo, next());
      // Who drains it has no key.
      apply(state, { type: "configured", queue: QUEUE, settings: { encryption: undefined } as never }, state.now);
      same(drain(state), drain(untouched), "what comes out");
    }),
    parameters(40),
  ));
