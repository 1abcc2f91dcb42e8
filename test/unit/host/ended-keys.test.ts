// A key that is destroyed, or wrapped with another: whenever the host dies meanwhile, it was not done or it is done, and what the
// log still has of the key before is gone once the next host has opened it.

import { describe, expect, test } from "vitest";
import { KEY_QUEUE } from "../../../src/core/spec/key-queue.js";
import { WIRE_MINOR } from "../../../src/core/spec/version.js";
import type { NumberedCommand } from "../../../src/link/rpc/wire.js";
import { StoreError } from "../../../src/store/log-store.js";
import { createMemoryStore } from "../../../src/store/memory/memory.js";
import { createMemoryDisk, type MemoryDisk } from "../../../src/store/memory/memory-disk.js";
import { startHost } from "./world.js";

const ID = "id-of-the-key";
const record = (wrapped: string) => JSON.stringify({ v: 1, id: ID, wrapped });
const BEFORE = record("wrapped-before");
const AFTER = record("wrapped-after");
const SECRET = "sealed-with-the-key";

const NONE = { settings: {} } as const;
const commands = (...all: NumberedCommand["command"][]): NumberedCommand[] =>
  all.map((command, i) => ({ number: i + 1, command }));
const send = (queue: string, body: string, sealed?: string): NumberedCommand["command"] => ({
  type: "send",
  queue,
  atomic: true,
  segments: [{ count: 1, priority: 4, ...(sealed !== undefined && { sealed }) }],
  bodies: [body],
});

/** An encrypted queue beside one that is not, with a checkpoint or two behind them. */
async function fill(): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }), checkpointRecords: 2 });
  const client = await connect("a", { minor: WIRE_MINOR });
  for (const command of commands(
    { type: "configure", queue: KEY_QUEUE, ...NONE, sealed: BEFORE },
    { type: "configure", queue: "letters", ...NONE, sealed: ID },
    send("letters", SECRET, ID),
    send("readable", "stays"),
    send("letters", SECRET, ID),
    send("readable", "stays, too"),
  )) {
    const { outcomes } = await client.submit(command);
    expect(outcomes).toMatchObject([{ ok: true }]);
  }
  await expect.poll(() => disk.pointer.generation).toBeGreaterThan(0);
  await host.close();
  return disk;
}

const textOf = ({ journal, checkpoints, bodies }: MemoryDisk) =>
  JSON.stringify([[...journal.values()], [...checkpoints.values()], [...bodies.values()]]);
const queuesOf = async (disk: MemoryDisk) => {
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }) });
  const client = await connect("b", { minor: WIRE_MINOR });
  const names = await client.link.call<string[]>({ op: "queues" });
  const { settings } = await client.link.call<{ settings: { encryption?: string } }>({ op: "stats", queue: KEY_QUEUE });
  return { host, names, stored: settings.encryption };
};

/** Runs the command in a host that dies at that step; `undefined`: at none. Resolves with the steps that there were. */
async function runAndDie(disk: MemoryDisk, command: NumberedCommand["command"], at: number | undefined) {
  let steps = 0;
  let isWatched = false;
  const onStep = () => {
    if (isWatched && ++steps > (at ?? Number.POSITIVE_INFINITY)) throw new StoreError("lost", "killed");
  };
  const { host, connect } = await startHost({ store: createMemoryStore({ disk, onStep }) });
  host.ended.catch(() => {});
  const client = await connect("a", { minor: WIRE_MINOR });
  isWatched = true;
  const told = await client.submit({ number: 1_000, command }).catch(() => undefined);
  await host.close();
  return { steps, isTold: told?.outcomes[0]?.ok === true };
}

describe.each<[string, NumberedCommand["command"]]>([
  ["destroyed", { type: "shred", sealed: BEFORE }],
  ["wrapped with another", { type: "configure", queue: KEY_QUEUE, ...NONE, sealed: AFTER, replacing: BEFORE }],
])("a key that is %s", (what, command) => {
  const isShredded = what === "destroyed";
  const expectGone = (disk: MemoryDisk) => {
    const text = textOf(disk);
    expect(text).not.toContain("wrapped-before");
    if (isShredded) expect(text).not.toContain(SECRET);
    expect(text).toContain("stays, too");
  };

  test("is in nothing that is stored once that was answered", async () => {
    const disk = await fill();
    expect(textOf(disk)).toContain("wrapped-before");
    expect(textOf(disk)).toContain(SECRET);
    const { isTold } = await runAndDie(disk, command, undefined);
    expect(isTold).toBe(true);
    if (isShredded) expectGone(disk);
    else expect(textOf(disk)).not.toContain("wrapped-before");
  });

  test("is there as before or gone, and then out of the log at the next open, at whatever step the host dies", async () => {
    const filled = await fill();
    const copy = (): MemoryDisk => structuredClone(filled);
    const { steps } = await runAndDie(copy(), command, undefined);
    expect(steps).toBeGreaterThan(8);
    const seen = new Set<boolean>();
    const dieAt = async (at: number) => {
      const disk = copy();
      const { isTold } = await runAndDie(disk, command, at);
      const { host, names, stored } = await queuesOf(disk);
      const isDone = stored !== BEFORE;
      seen.add(isDone);
      expect(isDone || !isTold, `step ${at}`).toBe(true);
      expect(names, `step ${at}`).toContain("readable");
      if (isShredded) expect(names.includes("letters"), `step ${at}`).toBe(!isDone);
      if (isDone)
        await expect.poll(() => textOf(disk).includes("wrapped-before"), { message: `step ${at}` }).toBe(false);
      await host.close();
    };
    await Promise.all(Array.from({ length: steps }, (_, at) => dieAt(at)));
    expect(seen).toEqual(new Set([true, false]));
  });
});

test("who destroys names the key as it is stored: of another nothing is done", async () => {
  const { host, connect } = await startHost({ store: createMemoryStore({ disk: await fill() }) });
  const client = await connect("c", { minor: WIRE_MINOR });
  const { outcomes } = await client.submit({ number: 1, command: { type: "shred", sealed: AFTER } });
  expect(outcomes).toMatchObject([{ ok: false, code: "encrypted" }]);
  expect(await client.link.call<string[]>({ op: "queues" })).toContain("letters");
  await host.close();
});

test("over a network it takes the right to manage every queue", async () => {
  const { host, connect } = await startHost({ store: createMemoryStore({ disk: await fill() }) });
  const shred = { number: 1, command: { type: "shred", sealed: BEFORE } } as const;
  const some = { client: "some", queues: { "l*": ["manage"], letters: ["manage"] } } as const;
  const { outcomes } = await (await connect("d", { minor: WIRE_MINOR, grant: some })).submit(shred);
  expect(outcomes).toMatchObject([{ ok: false, code: "denied" }]);
  const all = { client: "all", queues: { "*": ["manage"] } } as const;
  expect((await (await connect("e", { minor: WIRE_MINOR, grant: all })).submit(shred)).outcomes).toMatchObject([
    { ok: true },
  ]);
  await host.close();
});
