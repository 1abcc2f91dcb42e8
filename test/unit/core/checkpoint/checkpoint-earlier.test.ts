import { expect, test } from "vitest";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { DEFAULT_SETTINGS } from "../../../../src/core/spec/settings.js";
import { createQueueState } from "../../../../src/core/state/state.js";

/** Bits of the column that says where a run waits. */
const [FRONT, TAIL, DELAYED, SUSPECT, REDELIVERED] = [1, 2, 3, 4, 32];

interface Row {
  readonly place: number;
  readonly attempts?: number;
  readonly waitsMs?: number;
}

/** Two queues with the same messages, as a build wrote them whose pieces held one queue each. */
function chunksOf(v: number, rows: readonly Row[]): unknown[] {
  const { counters } = createQueueState("");
  const total = 2 * rows.length;
  const floats = (numberOf: (row: Row, i: number) => number) => Float64Array.from(rows, numberOf);
  const ofQueue = (name: string, first: number) => [
    { v, kind: "queue", name, settings: DEFAULT_SETTINGS, pausedByUser: false, counters },
    {
      v,
      kind: "runs",
      queue: name,
      seq: floats((_, i) => first + i),
      bodySeq: floats((_, i) => first + i),
      count: new Uint32Array(rows.length).fill(1),
      priority: new Uint8Array(rows.length).fill(4),
      attempts: Uint32Array.from(rows, ({ attempts = 0 }) => attempts),
      sentAt: floats(() => 1_000),
      readyAt: floats(({ waitsMs = 0 }) => 1_000 + waitsMs),
      place: Uint8Array.from(rows, ({ place }) => place),
      failures: [],
    },
  ];
  const numbers = { firstSeq: Float64Array.of(1), count: Float64Array.of(total), bytes: Float64Array.of(total) };
  return [
    { v, kind: "head", lsn: 1, epoch: 1, nextSeq: total + 1, now: 1_000, quarantined: [], terms: [], clients: [] },
    { v, kind: "batches", ...numbers, seqs: [] },
    ...ofQueue("one", 1),
    ...ofQueue("two", 1 + rows.length),
  ];
}

async function readOf(chunks: readonly unknown[]) {
  const { queues } = await decodeCheckpoint(structuredClone(chunks));
  return [...queues.values()].map(({ name, suspects, lanes, delayed }) => {
    const ready = lanes.flatMap(({ front, tail }) => [...front, ...tail]);
    const runs = [...suspects, ...ready, ...delayed.items()].sort((a, b) => a.seq - b.seq);
    return { name, seqs: runs.map(({ seq }) => seq), redelivered: runs.map(({ redelivered }) => redelivered) };
  });
}

test("of messages of which it was not said, all but those that wait as they were sent may have been handed out", async () => {
  const rows = [
    { place: TAIL },
    { place: TAIL, attempts: 1 },
    { place: FRONT },
    { place: SUSPECT },
    { place: DELAYED, waitsMs: 50 },
  ];
  const redelivered = [false, true, true, true, true];
  expect(await readOf(chunksOf(1, rows))).toEqual([
    { name: "one", seqs: [1, 2, 3, 4, 5], redelivered },
    { name: "two", seqs: [6, 7, 8, 9, 10], redelivered },
  ]);
});

test("where it was said, that is what holds", async () => {
  const rows = [{ place: TAIL }, { place: TAIL | REDELIVERED }, { place: DELAYED, waitsMs: 50 }];
  const redelivered = [false, true, false];
  expect(await readOf(chunksOf(2, rows))).toEqual([
    { name: "one", seqs: [1, 2, 3], redelivered },
    { name: "two", seqs: [4, 5, 6], redelivered },
  ]);
});
