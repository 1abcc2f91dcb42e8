import { expect, test } from "vitest";
import type { HistoryEvent } from "../../checker/history.js";
import { type Committed, storyOf } from "../../torture/story.js";

const of = (at: number, consumer: string) => ({
  at,
  body: "p-1",
  id: "term-a",
  consumer,
  attempt: 1,
  token: `of ${consumer}`,
});
const committed = (at: number, ...changes: Committed["record"]["changes"]): Committed => ({
  at,
  record: { v: 1, lsn: at, epoch: 3, at: 1_000 + at, changes },
});
const ranges = { queue: "work", seqs: [8, 5] };

test("a message's story is what was reported and committed of it, and what befell those who held it, in one order", () => {
  const history: HistoryEvent[] = [
    { type: "send", at: 1, producer: "p", body: "p-1" },
    { type: "send", at: 1, producer: "p", body: "p-2" },
    { type: "delivered", ...of(4, "c"), epoch: 3, wroteAt: 1_003.6 },
    { type: "crash", at: 5, consumer: "c", begins: true },
    { type: "crash", at: 5, consumer: "somebody else" },
    { type: "host-lost", at: 6 },
    { type: "delivered", ...of(9, "d") },
  ];
  const commits = [
    committed(3, { type: "leased", ...ranges, client: "x", grant: "of c", mode: "consume", until: 99 }),
    committed(
      7,
      { type: "returned", ...ranges, counted: false, suspect: false },
      { type: "acked", queue: "work", seqs: [1, 7] },
    ),
  ];
  expect(storyOf("p-1", history, commits)).toEqual([
    "1 ms: send producer=p",
    "3 ms: committed leased lsn=3 epoch=3 committedAt=1003 queue=work client=x grant=of c mode=consume until=99",
    "4 ms: delivered id=term-a consumer=c attempt=1 token=of c epoch=3 wroteAt=1004",
    "5 ms: crash consumer=c begins=true",
    "6 ms: host-lost",
    "7 ms: committed returned lsn=7 epoch=3 committedAt=1007 queue=work counted=false suspect=false",
    "9 ms: delivered id=term-a consumer=d attempt=1 token=of d",
  ]);
});
