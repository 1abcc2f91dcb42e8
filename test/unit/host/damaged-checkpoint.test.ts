// A checkpoint of which something cannot be read: the one before it has what it had.

import { expect, test } from "vitest";
import { WIRE_MINOR } from "../../../src/core/spec/version.js";
import type { JournalTail } from "../../../src/link/rpc/inspection.js";
import type { HandOut } from "../../../src/link/rpc/wire.js";
import type { CheckpointChunk } from "../../../src/store/log-store.js";
import { createMemoryStore } from "../../../src/store/memory/memory.js";
import { createMemoryDisk, type MemoryDisk } from "../../../src/store/memory/memory-disk.js";
import { sendOf, startHost } from "./world.js";

const COUNT = 40;

/** A database with two checkpoints behind it, some of its messages handled, some of them held, most of them waiting. */
async function fill(): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }), checkpointRecords: 8 });
  const client = await connect("a");
  for (let i = 0; i < COUNT; i++) await client.submit(sendOf(i + 1, `body ${i}`));
  const got = await client.link.call<HandOut>({
    op: "receive",
    mode: "receive",
    waiter: "w",
    queue: "q",
    max: 4,
    waitMs: 0,
    leaseMs: 60_000,
  });
  const seqs = [got.seqs[0] as number, 2];
  const ack = { type: "settle", settlements: [{ grant: got.grant, seqs, verdict: { type: "ack" } }] } as const;
  await client.submit({ number: COUNT + 1, command: ack });
  await expect.poll(() => disk.pointer.generation).toBeGreaterThan(2);
  await host.close();
  expect(chunksOf(disk).length).toBeGreaterThan(3);
  return disk;
}

const chunksOf = ({ checkpoints, pointer }: MemoryDisk) => checkpoints.get(pointer.generation) ?? [];

async function look(disk: MemoryDisk) {
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }), checkpointRecords: 8 });
  const client = await connect("b", { minor: WIRE_MINOR });
  const stats = await client.link.call({ op: "stats", queue: "q" });
  const { messages } = await client.link.call<{ messages: { body: unknown; state: string; id: string }[] }>({
    op: "peek",
    queue: "q",
    max: 100,
    states: ["ready", "leased"],
  });
  // Inspectors read the log again.
  expect((await client.link.call<JournalTail>({ op: "journal", max: 2 })).commits).toHaveLength(2);
  await host.close();
  const { ready, leased, dead, totals } = stats as Record<string, unknown>;
  return {
    counted: { ready, leased, dead, totals },
    messages: messages.map(({ body, state, id }) => ({ body, state, id })),
  };
}

/** A disk with the same on it. */
const copyOf = (disk: MemoryDisk): MemoryDisk => structuredClone(disk);

const columnsOf = (chunk: CheckpointChunk) => Object.keys(chunk).filter((name) => ArrayBuffer.isView(chunk[name]));

test("whichever piece of it is damaged, and however, nothing is lost or doubled, and the next checkpoint is whole", async () => {
  const disk = await fill();
  const whole = await look(copyOf(disk));
  expect(whole.messages).toHaveLength(COUNT - 2);
  const damages: [string, (chunk: CheckpointChunk) => unknown][] = [
    ["missing", () => undefined],
    ["null", () => null],
    ["empty", () => ({})],
    ["a text", () => "damaged"],
    [
      "of columns cut off",
      (chunk) =>
        Object.fromEntries(
          Object.entries(chunk).map(([name, value]) => [
            name,
            ArrayBuffer.isView(value) ? (value as Float64Array).slice(0, -1) : value,
          ]),
        ),
    ],
  ];
  for (let i = 0; i < chunksOf(disk).length; i++) {
    for (const [what, damage] of damages) {
      const chunk = chunksOf(disk)[i] as CheckpointChunk;
      if (what.startsWith("of columns") && columnsOf(chunk).length === 0) continue;
      const damaged = copyOf(disk);
      chunksOf(damaged)[i] = damage(chunk) as CheckpointChunk;
      expect(await look(damaged), `piece ${i} (${chunk.kind}) is ${what}`).toEqual(whole);
      // Read again, and once more behind a checkpoint of what was read.
      expect(await look(damaged), `piece ${i} (${chunk.kind}) was ${what}`).toEqual(whole);
    }
  }
});

test("where the one before is damaged, too, it is refused and left as it is", async () => {
  const disk = await fill();
  for (const chunks of disk.checkpoints.values()) chunks[0] = null as unknown as CheckpointChunk;
  const before = structuredClone(disk.journal);
  await expect(look(disk)).rejects.toMatchObject({ code: "storage-failed" });
  expect(disk.journal.size).toBe(before.size + 1);
});
