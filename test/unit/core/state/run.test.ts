import { describe, expect, test } from "vitest";
import { createRunFifo, createSortedRuns, type Run, splitFront } from "../../../../src/core/state/run.js";

const run = (seq: number, count = 1, over: Partial<Run> = {}): Run => ({
  seq,
  bodySeq: seq,
  count,
  priority: 4,
  attempts: 0,
  sentAt: 1,
  readyAt: 1,
  suspect: false,
  redelivered: false,
  size: 1,
  ...over,
});
const spans = (runs: Iterable<Run>) => [...runs].map(({ seq, count }) => [seq, count]);
const bySeq = (a: Run, b: Run) => a.seq < b.seq;

test("a run is split into two that together are the old one", () => {
  const rest = run(10, 5, { bodySeq: 70 });
  expect(splitFront(rest, 2)).toEqual(run(10, 2, { bodySeq: 70 }));
  expect(rest).toEqual(run(12, 3, { bodySeq: 72 }));
});

describe.each([
  ["a FIFO", () => createRunFifo(), "append"],
  ["sorted runs", () => createSortedRuns(bySeq), "insert"],
] as const)("%s", (_, create, put) => {
  const add = (runs: ReturnType<typeof create>, ...added: Run[]) => {
    for (const one of added) (runs as unknown as Record<string, (run: Run) => void>)[put]?.(one);
  };

  test("joins a run to the one it continues", () => {
    const runs = create();
    add(runs, run(1, 3), run(4, 2), run(7));
    expect(spans(runs)).toEqual([
      [1, 5],
      [7, 1],
    ]);
    expect(runs.runs).toBe(2);
  });

  test.each<[string, Partial<Run>]>([
    ["priority", { priority: 5 }],
    ["attempts", { attempts: 1 }],
    ["time of acceptance", { sentAt: 2 }],
    ["due time", { readyAt: 2 }],
    ["suspicion", { suspect: true }],
    ["failure", { failure: { name: "Error", message: "no" } }],
    ["body", { bodySeq: 99 }],
  ])("keeps neighbours apart that differ in %s", (_, over) => {
    const runs = create();
    add(runs, run(1), run(2, 1, over));
    expect(runs.runs).toBe(2);
  });

  test("loses its head, one from the middle, and all", () => {
    const runs = create();
    const middle = run(3);
    add(runs, run(1), middle, run(5), run(7));
    runs.shift();
    expect(runs.head?.seq).toBe(3);
    runs.replace(middle, []);
    expect(spans(runs)).toEqual([
      [5, 1],
      [7, 1],
    ]);
    runs.clear();
    expect([runs.runs, runs.head]).toEqual([0, undefined]);
  });
});

test("a FIFO keeps the order of arrival over many turns of filling and emptying", () => {
  const fifo = createRunFifo();
  const seen: number[] = [];
  let next = 1;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 7; i++) fifo.append(run(next++, 1, { sentAt: next }));
    for (let i = 0; i < 6; i++) {
      seen.push(fifo.head?.seq as number);
      fifo.shift();
    }
  }
  for (const { seq } of fifo) seen.push(seq);
  expect(seen).toEqual(Array.from({ length: next - 1 }, (_, i) => i + 1));
});

test("sorted runs are in order whatever the order they come back in", () => {
  const sorted = createSortedRuns(bySeq);
  for (const seq of [9, 3, 7, 1, 5]) sorted.insert(run(seq));
  expect(spans(sorted).map(([seq]) => seq)).toEqual([1, 3, 5, 7, 9]);
});

test("runs that failed together are joined, those that failed alike are not", () => {
  const failure = { name: "Error", message: "no" };
  const sorted = createSortedRuns(bySeq);
  for (const seq of [1, 2]) sorted.insert(run(seq, 1, { failure }));
  sorted.insert(run(3, 1, { failure: { ...failure } }));
  expect(spans(sorted)).toEqual([
    [1, 2],
    [3, 1],
  ]);
});

test("sorted runs stay in order when some come back while others leave", () => {
  const sorted = createSortedRuns(bySeq);
  for (let seq = 1; seq <= 500; seq++) sorted.insert(run(seq * 2));
  for (let seq = 1; seq <= 500; seq++) {
    const head = sorted.head as Run;
    expect(head.seq).toBe(seq * 2);
    sorted.shift();
    if (seq % 10 > 0) continue;
    sorted.insert(head);
    sorted.insert(run(seq * 2 - 1));
    expect([...sorted].slice(0, 2).map((one) => one.seq)).toEqual([seq * 2 - 1, seq * 2]);
    sorted.shift();
    sorted.shift();
  }
  expect(sorted.runs).toBe(0);
});

test("taking from the head is as quick among a hundred thousand as among few", () => {
  const sorted = createSortedRuns(bySeq);
  for (let seq = 1; seq <= 100_000; seq++) sorted.insert(run(seq * 2));
  const startedAt = performance.now();
  while (sorted.head) sorted.shift();
  // Moving all others each time took half a minute.
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test("a FIFO without heads of several groups is not looked through for them", () => {
  const fifo = createRunFifo();
  let looks = 0;
  const watched = (seq: number) =>
    Object.defineProperty(run(seq, 1, { sentAt: seq }), "heads", {
      get() {
        looks++;
        return undefined;
      },
    });
  for (let seq = 1; seq <= 100; seq++) fifo.append(watched(seq));
  const appended = looks;
  fifo.separate();
  expect(looks).toBe(appended);
});
