// Where a commit found messages, and where it left them: told by the journal of a real queue, and by changes that are rare.

import { expect, test } from "vitest";
import { connect, type JournalChange } from "../../../../src/index.js";
import { FATES_MAX, fatesOf } from "../../../../src/integrations/inspector/journal-fates.js";
import { commitWords } from "../../../../src/integrations/inspector/journal-words.js";

const fatesIn = (...changes: JournalChange[]) =>
  fatesOf({ lsn: 1, epoch: 1, at: 100, changes, after: {} }).fates.map(
    ({ queue, seq, count, before, after, words }) => [queue, seq, count, before, after, words] as const,
  );

test("the journal of a queue tells of each message where it was before and after each commit", async () => {
  const connection = await connect({ storage: "memory" });
  const queue = await connection.openQueue<number>("q");
  await queue.sendBatch([1, 2, 3].map((body) => ({ body })));
  await queue.send(4, { delayMs: 600_000 });
  const [first] = await queue.receive({ max: 1 });
  await first?.retry({ delayMs: 0 });
  const [again] = await queue.receive({ max: 1 });
  await again?.deadLetter("no");
  await queue.deadLetters.redrive();
  const { commits } = await connection.journal();
  const told = commits.flatMap((commit) =>
    fatesOf(commit).fates.map(({ count, before, after }) => [count, before, after]),
  );
  expect(told).toEqual([
    [3, "Not there", "Ready"],
    [1, "Not there", "Delayed"],
    [1, "Ready", "In work"],
    [1, "In work", "Ready"],
    [1, "Ready", "In work"],
    [1, "In work", "Dead"],
    [1, "Dead", "Ready"],
  ]);
  await connection.close();
});

test("what one commit did to a message one after the other is told together, its first place before, its last one after", () => {
  const accepted = { type: "accepted", queue: "q", seq: 7, count: 2 };
  expect(fatesIn(accepted, { type: "leased", queue: "q", client: "c", seqs: [7, 1] })).toEqual([
    ["q", 7, 1, "Not there", "In work", "sent, handed out"],
    ["q", 8, 1, "Not there", "Ready", "sent"],
  ]);
  expect(fatesIn({ type: "replaced", queue: "q", seq: 3 }, { type: "redriven", queue: "q", seqs: [3, 1] })).toEqual([
    ["q", 3, 1, "Dead", "Ready", "given another body, redriven"],
  ]);
});

test("messages of a batch are told by what each of them is: delayed, or behind others of its group", () => {
  const change = { type: "accepted", queue: "q", seq: 1, count: 4, dueAts: [0, 101, 0, 0], groups: ["", "", "a", "a"] };
  expect(fatesIn(change).map(([, seq, count, , after]) => [seq, count, after])).toEqual([
    [1, 1, "Ready"],
    [2, 1, "Delayed"],
    [3, 2, "Waits in its group"],
  ]);
});

test("messages that fared alike are told together only where their numbers follow each other", () => {
  expect(
    fatesIn({ type: "acked", queue: "q", seqs: [1, 2, 5, 1, 3, 1] }).map(([, seq, count]) => [seq, count]),
  ).toEqual([
    [1, 3],
    [5, 1],
  ]);
});

test("of a commit with more messages than are told the others are counted", () => {
  const many = { type: "accepted", queue: "q", seq: 1, count: FATES_MAX + 7 };
  const { fates, more } = fatesOf({ lsn: 1, epoch: 1, at: 0, changes: [many], after: {} });
  expect([fates.length, fates[0]?.count, more]).toEqual([1, FATES_MAX, 7]);
});

test("what a bundle may say, but no journal does, is counted or left out, and costs nothing", () => {
  const changes = [
    { type: "constructor", queue: "q", seq: 1 },
    { type: "acked", queue: "q", seqs: [1, 1e12] },
  ];
  const { fates, more } = fatesOf({ lsn: 1, epoch: 1, at: 100, changes, after: {} });
  expect(fates.map(({ count, after }) => [count, after])).toEqual([[FATES_MAX, "Gone"]]);
  expect(more).toBe(1e12 - FATES_MAX);
  expect(commitWords(changes)).toEqual(["q: 1,000,000,000,000 messages acknowledged"]);
});
