// What the end of the journal tells an inspector.

import { expect, test } from "vitest";
import type { JournalTail } from "../../../../src/link/rpc/inspection.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { type RawClient, sendOf, startHost } from "../world.js";

const journalOf = ({ link }: RawClient, max = 1_000) => link.call<JournalTail>({ op: "journal", max });
const depths = { ready: 0, delayed: 0, leased: 0, blocked: 0, dead: 0 };

async function startWork() {
  const world = await startHost();
  const a = await world.connect("a", { minor: 4 });
  await a.submit(sendOf(1, "x", "y"));
  const { grant, seqs } = await a.link.call<{ grant: string; seqs: number[] }>({
    op: "receive",
    waiter: "w",
    queue: "q",
    max: 1,
    waitMs: 0,
    mode: "receive",
  });
  const verdict = { type: "dead", reason: "bad" } as const;
  await a.submit({ number: 2, command: { type: "settle", settlements: [{ grant, seqs, verdict }] } });
  return { ...world, a };
}

test("it tells each commit with what the queues that it touched held after it", async () => {
  const { host, a } = await startWork();
  const { before, commits } = await journalOf(a);
  expect(before).toEqual({});
  const told = commits.map(({ changes, after }) => [
    changes.map(({ type }) => type).filter((type) => type !== "stored"),
    after,
  ]);
  expect(told).toEqual([
    [["took-over"], {}],
    [["accepted"], { q: { ...depths, ready: 2 } }],
    [["leased"], { q: { ...depths, ready: 1, leased: 1 } }],
    [["dead"], { q: { ...depths, ready: 1, dead: 1 } }],
  ]);
  expect(commits.map(({ lsn, epoch }) => [lsn, epoch])).toEqual([1, 2, 3, 4].map((lsn) => [lsn, 1]));
  expect(JSON.stringify(commits)).not.toContain("answered");
  await host.close();
});

test("it tells the last ones, and what there was before them", async () => {
  const { host, a } = await startWork();
  expect(await journalOf(a, 1)).toMatchObject({
    before: { q: { ...depths, ready: 1, leased: 1 } },
    commits: [{ lsn: 4, after: { q: { ...depths, ready: 1, dead: 1 } } }],
  });
  await expect(journalOf(a, 0)).rejects.toMatchObject({ code: "invalid-argument" });
  await host.close();
});

test("it goes back to the checkpoint, which says what there was before", async () => {
  const disk = createMemoryDisk();
  const world = await startHost({ store: createMemoryStore({ disk }), checkpointRecords: 5 });
  const a = await world.connect("a", { minor: 4 });
  for (let i = 1; i <= 20; i++) await a.submit(sendOf(i, "x"));
  await expect.poll(async () => (await journalOf(a)).commits.length, { timeout: 10_000 }).toBeLessThan(15);
  const { before, commits } = await journalOf(a);
  expect(before.q?.ready).toBe(20 - commits.length);
  expect(commits.at(-1)?.after.q?.ready).toBe(20);
  await world.host.close();
});

test("a client of a server sees of it what concerns queues that it may see", async () => {
  const { host, connect } = await startHost();
  const owner = await connect("a", { minor: 4 });
  await owner.submit(sendOf(1, "x"));
  await owner.submit({ number: 2, command: { type: "configure", queue: "hidden", settings: {} } });
  await owner.submit({
    number: 3,
    command: { type: "send", queue: "hidden", atomic: true, segments: [{ count: 1, priority: 4 }], bodies: ["x"] },
  });
  const none = await connect("b", { minor: 4, grant: { client: "b", queues: { q: ["peek"] } } });
  await expect(journalOf(none)).rejects.toMatchObject({ code: "denied" });
  const some = await connect("c", { minor: 4, grant: { client: "c", queues: { q: ["manage"] } } });
  const told = await journalOf(some);
  expect(JSON.stringify(told)).not.toContain("hidden");
  expect(told.commits.some(({ after }) => after.q?.ready === 1)).toBe(true);
  await host.close();
});
