// A journal of which a record cannot be read: what it held is lost and named, everything else goes on.

import { expect, test } from "vitest";
import type { SendValue } from "../../../src/core/commands/commands.js";
import type { JournalRecord, OutcomeOk } from "../../../src/core/log/journal.js";
import { WIRE_MINOR } from "../../../src/core/spec/version.js";
import type { DataLoss, MessageView } from "../../../src/link/rpc/views.js";
import type { HandOut } from "../../../src/link/rpc/wire.js";
import { createMemoryStore } from "../../../src/store/memory/memory.js";
import { createMemoryDisk, type MemoryDisk } from "../../../src/store/memory/memory-disk.js";
import { sendOf, startHost } from "./world.js";

async function open(disk: MemoryDisk, name: string) {
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }) });
  const client = await connect(name, { minor: WIRE_MINOR });
  const peek = async (): Promise<MessageView[]> => {
    const request = { op: "peek", queue: "q", max: 100, states: ["ready", "leased"] } as const;
    return (await client.link.call<{ messages: MessageView[] }>(request)).messages;
  };
  return { host, client, peek, losses: client.welcome.losses as readonly DataLoss[] };
}

/** Ten messages, of which the first was handled and the second is held. */
async function fill() {
  const disk = createMemoryDisk();
  const { host, client, peek } = await open(disk, "a");
  for (let i = 1; i <= 10; i++) await client.submit(sendOf(i, `body ${i}`));
  const take = { op: "receive", mode: "receive", waiter: "w", queue: "q", max: 2, waitMs: 0, leaseMs: 60_000 } as const;
  const { grant, seqs } = await client.link.call<HandOut>(take);
  const verdict = { type: "ack" } as const;
  await client.submit({
    number: 11,
    command: { type: "settle", settlements: [{ grant, seqs: [seqs[0] as number, 1], verdict }] },
  });
  const before = await peek();
  await host.close();
  return { disk, before };
}

const recordWith = (disk: MemoryDisk, is: (change: { type: string; seq?: number }) => boolean): number => {
  for (const [lsn, { changes }] of disk.journal) if (changes.some(is)) return lsn;
  throw new Error("there is no such record");
};
const bodiesOf = (messages: readonly MessageView[]) => messages.map(({ body }) => body);

const damages: [string, (disk: MemoryDisk, lsn: number) => void][] = [
  ["is missing", (disk, lsn) => disk.journal.delete(lsn)],
  ["is null", (disk, lsn) => disk.journal.set(lsn, null as never)],
  ["is cut off", (disk, lsn) => disk.journal.set(lsn, { v: 1, lsn } as never)],
];

test.each(damages)(
  "a message whose record %s is lost and named, and every other is where it was",
  async (_, damage) => {
    const { disk, before } = await fill();
    damage(
      disk,
      recordWith(disk, ({ type, seq }) => type === "accepted" && seq === 5),
    );
    const { host, client, peek, losses } = await open(disk, "b");
    const [lost] = before.filter(({ body }) => body === "body 5");
    expect(losses).toEqual([{ reason: "unreadable", ids: [lost?.id] }]);
    expect(await peek()).toEqual(before.filter(({ body }) => body !== "body 5"));
    const { outcomes } = await client.submit(sendOf(1, "new"));
    expect(outcomes).toMatchObject([{ ok: true, value: { seq: 11 } }]);
    await host.close();
    // The log is whole again: nothing is lost a second time.
    const next = await open(disk, "c");
    expect(next.losses).toEqual([]);
    expect(bodiesOf(await next.peek())).toEqual([...bodiesOf(before).filter((body) => body !== "body 5"), "new"]);
    await next.host.close();
  },
);

test("a hand-out whose record is gone is known by what became of it; nothing is handed out twice", async () => {
  const { disk, before } = await fill();
  disk.journal.delete(recordWith(disk, ({ type }) => type === "leased"));
  const { host, peek, losses } = await open(disk, "b");
  expect(losses).toEqual([{ reason: "unreadable", ids: [] }]);
  expect((await peek()).map(({ body }) => body).sort()).toEqual(bodiesOf(before).sort());
  await host.close();
});

test("the last record of all costs what it held", async () => {
  const { disk, before } = await fill();
  const { host, client } = await open(disk, "b");
  const {
    outcomes: [sent],
  } = await client.submit(sendOf(1, "last"));
  const { term, seq } = (sent as OutcomeOk).value as SendValue;
  await host.close();
  const lsn = Math.max(
    ...[...disk.journal].flatMap(([at, { changes }]) => (changes.some(({ type }) => type === "accepted") ? [at] : [])),
  );
  disk.journal.delete(lsn);
  const next = await open(disk, "c");
  expect(next.losses).toMatchObject([{ reason: "unreadable", ids: [`${term}-${seq.toString(36)}`] }]);
  expect(bodiesOf(await next.peek()).sort()).toEqual(bodiesOf(before).sort());
  const { outcomes } = await next.client.submit(sendOf(1, "again"));
  expect(outcomes).toMatchObject([{ ok: true }]);
  expect(bodiesOf(await next.peek())).toContain("again");
  await next.host.close();
});

test("with a piece of the last checkpoint gone besides, the one before and what is left of the journal since are enough", async () => {
  const disk = createMemoryDisk();
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }), checkpointRecords: 8 });
  const client = await connect("a");
  for (let i = 1; i <= 40; i++) await client.submit(sendOf(i, `body ${i}`));
  await expect.poll(() => disk.pointer.generation).toBeGreaterThan(2);
  await host.close();
  const { generation, former } = disk.pointer;
  (disk.checkpoints.get(generation) ?? [])[1] = null as never;
  const damaged = (former?.uptoLsn ?? 0) + 2;
  const accepted = disk.journal.get(damaged)?.changes.find(({ type }) => type === "accepted");
  const seq = accepted && "seq" in accepted ? accepted.seq : 0;
  disk.journal.delete(damaged);
  const next = await open(disk, "b");
  expect(next.losses).toMatchObject([{ ids: [expect.stringMatching(new RegExp(`-${seq.toString(36)}$`))] }]);
  const bodies = Array.from({ length: 40 }, (_, i) => `body ${i + 1}`).filter((_, i) => i + 1 !== seq);
  expect(bodiesOf(await next.peek())).toEqual(bodies);
  await next.host.close();
});

test("a record that is whole and cannot be applied is a fault of this package: nothing is touched", async () => {
  const { disk } = await fill();
  const lsn = recordWith(disk, ({ type }) => type === "acked");
  disk.journal.set(lsn, { ...disk.journal.get(lsn), changes: [{ type: "acked", queue: "q", seqs: [99, 1] }] } as never);
  const { size } = disk.journal;
  await expect(open(disk, "b")).rejects.toMatchObject({ code: "internal" });
  expect(disk.journal.size).toBe(size + 1);
});

test.each([false, true])(
  "a record with more bodies than it numbers is no host's, with another record and its bodies missing: %s",
  async (areMissing) => {
    const { disk } = await fill();
    const last = recordWith(disk, ({ type, seq }) => type === "accepted" && seq === 10);
    const { changes, ...record } = disk.journal.get(last) as JournalRecord;
    const more = changes.map((change) => (change.type === "stored" ? { ...change, count: 100 } : change));
    disk.journal.set(last, { ...record, changes: more });
    if (areMissing) disk.journal.delete(recordWith(disk, ({ type, seq }) => type === "accepted" && seq === 5));
    if (areMissing) disk.bodies.delete(10);
    await expect(open(disk, "b").then(() => "opened")).rejects.toThrow("none that was given away");
  },
);
