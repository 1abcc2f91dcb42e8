import { expect, test } from "vitest";
import { applyRecord } from "../../../../src/core/commands/apply.js";
import { advance } from "../../../../src/core/commands/clock.js";
import type { Change, JournalRecord } from "../../../../src/core/log/journal.js";
import { PEEKABLE } from "../../../../src/core/spec/message-states.js";
import { createState, isConserved, type QueueState } from "../../../../src/core/state/state.js";
import { peek } from "../../../../src/core/view/view.js";

const QUEUE = "orders";
const send = (seq: number, count: number, dueAt?: number): Change[] => [
  { type: "stored", firstSeq: seq, count, bytes: 10 },
  { type: "accepted", queue: QUEUE, seq, bodySeq: seq, count, priority: 4, ...(dueAt !== undefined && { dueAt }) },
];
const lease = (grant: string, ...seqs: number[]): Change => ({
  type: "leased",
  queue: QUEUE,
  client: "a",
  grant,
  mode: "consume",
  until: 9_999,
  seqs,
});

function replay(...records: [at: number, ...changes: Change[]][]) {
  const state = createState();
  records.forEach(([at, ...changes], i) => {
    applyRecord(state, { v: 1, lsn: i + 1, epoch: 1, at, changes });
  });
  const queue = state.queues.get(QUEUE) as QueueState;
  expect(isConserved(queue)).toBe(true);
  const entries = peek(queue, { max: 99, after: 0, states: PEEKABLE });
  return { state, queue, states: entries.map(({ seq, state }) => `${seq} ${state}`) };
}

test("a hand-out is replayed although, by a clock that was set back, its messages are not due yet", () => {
  const { states, queue } = replay([100, ...send(1, 5, 200)], [150, lease("g", 3, 2)]);
  expect(states).toEqual(["1 delayed", "2 delayed", "3 leased", "4 leased", "5 delayed"]);
  expect([queue.readyCount, queue.delayedCount]).toEqual([0, 3]);
});

test("a hand-out is replayed from wherever its messages wait", () => {
  const { states, queue } = replay([100, ...send(1, 3)], [110, ...send(4, 3)], [120, lease("g", 5, 1, 2, 1)]);
  expect(states).toEqual(["1 ready", "2 leased", "3 ready", "4 ready", "5 leased", "6 ready"]);
  expect([queue.readyCount, queue.delayedCount]).toEqual([4, 0]);
});

test("a hand-out of a message that does not wait is a bug that shows", () => {
  expect(() => replay([100, ...send(1, 1)], [110, lease("g", 2, 1)])).toThrow("message 2 waits in queue orders");
});

test("a client that is forgotten while it holds something is a bug that shows", () => {
  const forgotten: Change = { type: "client-forgotten", client: "a" };
  const returned: Change = { type: "returned", queue: QUEUE, seqs: [1, 1], counted: true, suspect: false };
  expect(() => replay([100, ...send(1, 1)], [110, lease("g", 1, 1)], [120, forgotten])).toThrow("a holds nothing");
  const { state } = replay([100, ...send(1, 1)], [110, lease("g", 1, 1)], [120, returned, forgotten]);
  expect([...state.clients.keys()]).toEqual([]);
});

test("being due follows from the time and moves each message once", () => {
  const { state, queue } = replay([100, ...send(1, 2, 200)], [100, ...send(3, 1, 300)]);
  advance(state, 199);
  expect([queue.readyCount, queue.delayedCount]).toEqual([0, 3]);
  advance(state, 200);
  advance(state, 200);
  expect([queue.readyCount, queue.delayedCount]).toEqual([2, 1]);
  advance(state, 50);
  expect(queue.readyCount).toBe(2);
});

test("a change of a later version that is not known here changes nothing", () => {
  const { states } = replay([100, ...send(1, 1)], [110, { type: "not-yet-invented" } as unknown as Change]);
  expect(states).toEqual(["1 ready"]);
});

test.each([
  ["time", { at: "news" }],
  ["time that is a number", { at: Number.NaN }],
  ["place", { lsn: undefined }],
  ["epoch", { epoch: "1" }],
  ["changes", { changes: {} }],
])("a record without its numbers is refused, and changes nothing: %s", (_, wrong) => {
  const state = createState();
  const record = { v: 1, lsn: 1, epoch: 1, at: 5, changes: send(1, 1), ...wrong } as unknown as JournalRecord;
  expect(() => applyRecord(state, record)).toThrow("a journal record has its numbers and changes");
  expect([state.lsn, state.now, state.queues.size]).toEqual([0, 0, 0]);
});

test("a renewal of a stretch that goes on for ever renews what is held of it", () => {
  const renewed: Change = { type: "renewed", grant: "g", until: 20_000, seqs: [2, 2 ** 52] };
  const { state } = replay([100, ...send(1, 3)], [110, lease("g", 1, 3)], [120, renewed]);
  const leases = [...(state.grants.get("g")?.leases.values() ?? [])];
  expect(leases.map(({ seq, until }) => [seq, until])).toEqual([
    [1, 9_999],
    [2, 20_000],
    [3, 20_000],
  ]);
});

test.each([
  undefined,
  {},
  { catchUp: "one" },
  { everyMs: 0, catchUp: "one" },
  { everyMs: 99, catchUp: "one" },
  { everyMs: Number.NaN, catchUp: "one" },
  { everyMs: 1_000 },
])("a schedule that does not say when it ticks is none that a host has written: %j", (spec) => {
  const stored: Change = { type: "stored", firstSeq: 1, count: 1, bytes: 10 };
  const scheduled = { type: "scheduled", queue: QUEUE, id: "tick", spec, bodySeq: 1, size: 10, nextAt: 1 };
  expect(() => replay([100, stored, scheduled as unknown as Change])).toThrow("schedule tick says when it ticks");
});

test.each<[string, object]>([
  ["a priority that no queue has", { priority: 2 ** 31 }],
  ["priorities of which one is none", { priorities: [4, -1] }],
  ["a count that is none", { count: "1" }],
  ["more messages than any host accepts at once", { count: 2 ** 40, priorities: [4] }],
  ["numbers beyond all others", { seq: 2 ** 53 - 1 }],
  ["half a message", { seq: 0.5 }],
  ["no time", { dueAts: [Number.NaN] }],
])("a record with %s is none that a host has written", (_, change) => {
  const accepted = { ...send(1, 2)[1], ...change } as Change;
  expect(() => replay([100, accepted])).toThrow("a journal record has its numbers and changes");
});

test.each<[string, Change]>([
  ["that were encrypted", { type: "hidden", queue: QUEUE, seqs: [1, 2 ** 40], bodySeq: 1, settings: {} }],
  ["that were purged", { type: "dropped", queue: QUEUE, seqs: [1, 2 ** 40], isPurged: true }],
  ["of a batch", { type: "rewritten", removed: [1], added: [{ firstSeq: 1, seqs: [1, 2 ** 40], bytes: 10 }] }],
  ["that were handed out", lease("g", 1, 2 ** 40)],
  ["whose bodies nobody needs", { type: "released", seqs: [1, 2 ** 40] }],
])("a record that names messages %s without end is refused, and keeps nobody counting", (_, change) => {
  expect(() => replay([100, ...send(1, 3)], [110, change])).toThrow("broken invariant");
});
