// Support bundles, and what the journal says in words.

import { describe, expect, test } from "vitest";
import type { JournalChange, JournalTail } from "../../../../src/index.js";
import { bundleSource, parseBundle, shapeOf } from "../../../../src/integrations/inspector/bundle.js";
import { depthsAt } from "../../../../src/integrations/inspector/journal-view.js";
import { commitWords, eventsOf } from "../../../../src/integrations/inspector/journal-words.js";

const message = { id: "a-1", body: 1, state: "ready", attempts: 0, priority: 4, sentAt: 1, headers: {} };
const host = { kind: "shared-worker", epoch: 1, since: 1, instance: "i", build: 1 };
const counts = { queueCount: 0, clientCount: 0, topics: [], clients: [], takeOvers: [] };
const inspection = { at: 1, host, queues: [], ...counts };
const bundleOf = (messages: Record<string, unknown[]>) => {
  return {
    originmqBundle: 1,
    madeAt: 1,
    agent: "",
    inspection,
    journal: { before: {}, commits: [] },
    schedules: {},
    messages,
  };
};

test("of a body a bundle has its shape, and nothing that it says", () => {
  const secret = "Ada Lovelace";
  const body = {
    name: secret,
    tags: [secret, 7, null, true],
    at: new Date(),
    map: new Map([[secret, 1]]),
    file: new Blob([secret]),
    big: 1n,
  };
  const shape = shapeOf(body);
  expect(JSON.stringify(shape)).not.toContain("Ada");
  expect(shape).toEqual({
    name: "‹text, 12›",
    tags: ["‹text, 12›", "‹number›", null, true],
    at: "‹Date›",
    map: "‹Map›",
    file: "‹blob, 12 B›",
    big: "‹bigint›",
  });
  const round: Record<string, unknown> = {};
  round.itself = round;
  expect(JSON.stringify(shapeOf(round))).toContain("‹more›");
  expect((shapeOf(Array.from({ length: 60 }, () => 1)) as unknown[]).at(-1)).toBe("‹10 more›");
  const holed = [1, 0, 2];
  delete holed[1];
  expect(shapeOf(holed)).toEqual(["‹number›", "‹undefined›", "‹number›"]);
  const people = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`person-${n}`, n]));
  expect(shapeOf(people)).toMatchObject({ "person-0": "‹number›", "…": "‹10 more›" });
});

describe("what is no bundle is refused, saying why", () => {
  test.each([
    ["{", "it is not JSON"],
    ["null", "no bundle of an inspector"],
    ['{"a":1}', "no bundle of an inspector"],
    ['{"originmqBundle":9}', "of a later version (9)"],
    ['{"originmqBundle":1}', "not whole: it.madeAt is not as it should be"],
    [JSON.stringify(bundleOf({ q: [{ ...message, state: "gone" }] })), "it.messages.q.0.state"],
    [JSON.stringify({ ...bundleOf({}), inspection: { ...inspection, queues: [{}] } }), "it.inspection.queues.0.ready"],
    [JSON.stringify({ ...bundleOf({}), journal: { before: {}, commits: [{ lsn: 1 }] } }), "it.journal.commits.0.epoch"],
  ])("%s", (text, why) => {
    expect(() => parseBundle(text)).toThrow(why);
  });
});

test("a bundle answers as the database did, with the messages that it has", async () => {
  const dead = { ...message, id: "a-2", state: "dead" };
  const bundle = bundleOf({ q: [message, dead] });
  const source = bundleSource(parseBundle(JSON.stringify(bundle)));
  expect(await source.inspect()).toEqual(inspection);
  expect(await source.journal()).toEqual(bundle.journal);
  // What every object has is no queue.
  expect(await (await source.readQueue("constructor")).peek()).toEqual([]);
  const queue = await source.readQueue("q");
  expect(await queue.peek()).toEqual([message]);
  expect(await queue.peek({ state: "dead", skip: 0, max: 9 })).toEqual([dead]);
  expect([queue.known?.(undefined), queue.known?.("dead"), queue.known?.("delayed")]).toEqual([1, 1, 0]);
});

const changes: JournalChange[] = [
  { type: "stored", firstSeq: 40, count: 2 },
  { type: "accepted", queue: "q", seq: 40, count: 2 },
  { type: "leased", queue: "q", client: "x-123456789012", seqs: [1, 2, 40, 1] },
  { type: "acked", queue: "q", seqs: [1, 1] },
  { type: "retried", queue: "q", seq: 2, failure: { name: "TypeError", message: "no" } },
  { type: "paused", queue: "q", paused: true },
];

test("a commit is told by what became of messages, and what else was done", () => {
  expect(commitWords(changes)).toEqual([
    "q: 2 messages sent",
    "q: 3 messages handed out",
    "q: 1 message acknowledged",
    "q: 1 message failed, to be tried again (TypeError: no)",
    "q paused",
  ]);
});

test("of a message is told what concerns it, by its number", () => {
  const tail: JournalTail = { before: {}, commits: [{ lsn: 1, epoch: 1, at: 5, changes, after: {} }] };
  const of = (seq: number) => eventsOf(tail, `a87367f857927e51-${seq.toString(36)}`).map(([, words]) => words);
  expect(of(40)).toEqual(["Sent", "Handed out to 123456789012"]);
  expect(of(41)).toEqual(["Sent"]);
  expect(of(2)).toEqual(["Handed out to 123456789012", "Failed, to be tried again (TypeError: no)"]);
  expect(of(3)).toEqual([]);
  const named = eventsOf(tail, "a-2", (client) => (client === "x-123456789012" ? "Checkout" : undefined));
  expect(named[0]).toEqual([5, "Handed out to Checkout (123456789012)"]);
});

test("what was before a commit is what the ones before it left", () => {
  const depths = (ready: number) => ({ ready, delayed: 0, leased: 0, blocked: 0, dead: 0 });
  const commit = (lsn: number, ready: number) => ({ lsn, epoch: 1, at: 0, changes: [], after: { q: depths(ready) } });
  const tail: JournalTail = { before: { q: depths(1), other: depths(9) }, commits: [commit(1, 2), commit(2, 3)] };
  expect([0, 1, 2].map((place) => depthsAt(tail, place).q?.ready)).toEqual([1, 2, 3]);
  expect(depthsAt(tail, 2).other?.ready).toBe(9);
  expect(depthsAt(tail, 2).constructor).toBeUndefined();
});
