// A queue that holds something is encrypted page by page: whenever the host dies meanwhile, whoever goes on ends with all of it
// encrypted once, in its order, and nothing of what it was in the log.

import { describe, expect, test } from "vitest";
import { KEY_QUEUE } from "../../../src/core/spec/key-queue.js";
import { WIRE_MINOR } from "../../../src/core/spec/version.js";
import type { MessagePage, MessageView } from "../../../src/link/rpc/views.js";
import type { NumberedCommand } from "../../../src/link/rpc/wire.js";
import { StoreError } from "../../../src/store/log-store.js";
import { createMemoryStore } from "../../../src/store/memory/memory.js";
import { createMemoryDisk, type MemoryDisk } from "../../../src/store/memory/memory-disk.js";
import { type RawClient, startHost } from "./world.js";

type Command = NumberedCommand["command"];

const KEY = "id-of-the-key";
const WORD = "readable-word";
const QUEUE = "letters";

const send = (body: string, more: object = {}): Command => ({
  type: "send",
  queue: QUEUE,
  atomic: true,
  segments: [{ count: 1, priority: 4, ...more }],
  bodies: [`${WORD} ${body}`],
  headers: [{ about: `${WORD} in a header` }],
  groups: `${WORD} of a group`,
});

async function submitting(client: RawClient, from: number) {
  let number = from;
  return async <Value>(command: Command): Promise<Value> => {
    const { outcomes } = await client.submit({ number: ++number, command });
    const [outcome] = outcomes;
    if (!outcome?.ok) throw new Error(JSON.stringify(outcome));
    return outcome.value as Value;
  };
}

/** A queue with checkpoints behind it, of which one message is dead. */
async function fill(): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }), checkpointRecords: 2 });
  const client = await connect("a", { minor: WIRE_MINOR });
  const submit = await submitting(client, 0);
  await submit({ type: "configure", queue: KEY_QUEUE, settings: {}, sealed: JSON.stringify({ id: KEY }) });
  for (const body of ["0", "1", "2", "3"]) await submit(send(body, { deduplicationIds: [`${WORD} ${body}`] }));
  const asked = { op: "receive", waiter: "w", queue: QUEUE, max: 1, waitMs: 0, mode: "receive" } as const;
  const { grant, seqs } = await client.link.call<{ grant: string; seqs: number[] }>(asked);
  const verdict = { type: "dead", reason: `${WORD} why`, failure: { name: WORD, message: WORD } } as const;
  await submit({ type: "settle", settlements: [{ grant, seqs, verdict }] });
  await expect.poll(() => disk.pointer.generation, { timeout: 10_000 }).toBeGreaterThan(0);
  await host.close();
  return disk;
}

const textOf = ({ journal, checkpoints, bodies }: MemoryDisk) =>
  JSON.stringify([[...journal.values()], [...checkpoints.values()], [...bodies.values()]]);

const peek = async ({ link }: RawClient): Promise<readonly MessageView[]> => {
  const states = ["ready", "blocked", "delayed", "dead"] as const;
  return (await link.call<MessagePage>({ op: "peek", queue: QUEUE, states, max: 100 })).messages;
};
const isPlain = ({ body }: MessageView) => String(body).startsWith(WORD);

/** What a client with the key does. */
async function encrypt(client: RawClient, from: number): Promise<void> {
  const submit = await submitting(client, from);
  const named = { queue: QUEUE, sealed: KEY };
  let { isDone } = await submit<{ isDone: boolean }>({ type: "encrypt-begin", ...named });
  if (isDone) return;
  const plainIds = await client.link.call<[number, string][]>({ op: "plain-ids", queue: QUEUE, max: 100 });
  const ids = plainIds.map(([seq, id]) => [seq, `hidden ${id.slice(-1)}`] as const);
  await submit({ type: "encrypt-page", ...named, messages: [], groups: [], ids, bodies: [] });
  for (const view of (await peek(client)).filter(isPlain)) {
    const { id, body, groupId, reason } = view;
    const ending = reason === undefined ? {} : { reason: "hidden", failure: { name: "hidden", message: "hidden" } };
    await submit({
      type: "encrypt-page",
      ...named,
      messages: [{ id, ...ending }],
      groups: groupId?.startsWith(WORD) ? [[groupId, "hidden"]] : [],
      ids: [],
      bodies: [`sealed ${String(body).slice(-1)}`],
    });
  }
  while (!isDone) ({ isDone } = await submit<{ isDone: boolean }>({ type: "encrypt-end", ...named }));
}

/** The disk as a build before has it, which passes over what says that something is encrypted; as after a crash. */
function asPassedOver(disk: MemoryDisk): MemoryDisk {
  const copy: MemoryDisk = structuredClone(disk);
  for (const [lsn, record] of copy.journal)
    copy.journal.set(lsn, { ...record, changes: record.changes.filter(({ type }) => type !== "hidden") });
  return copy;
}

/** Encrypts it in a host that dies at that step; `undefined`: at none. Resolves with the steps that there were. */
async function encryptAndDie(disk: MemoryDisk, at: number | undefined) {
  let steps = 0;
  let isWatched = false;
  const onStep = () => {
    if (isWatched && ++steps > (at ?? Number.POSITIVE_INFINITY)) throw new StoreError("lost", "killed");
  };
  const { host, connect } = await startHost({ store: createMemoryStore({ disk, onStep }), checkpointRecords: 4 });
  host.ended.catch(() => {});
  const client = await connect("a", { minor: WIRE_MINOR });
  isWatched = true;
  const isTold = await encrypt(client, 1_000).then(
    () => true,
    () => false,
  );
  await host.close();
  return { steps, isTold };
}

/** Nothing is lost or doubled, or elsewhere; of what it was nothing is left. */
async function expectEncrypted(disk: MemoryDisk, why: string) {
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }) });
  const client = await connect("c", { minor: WIRE_MINOR });
  const seen = (await peek(client)).map(({ body, state, groupId, reason }) => ({ body, state, groupId, reason }));
  const of = (n: number, state: string, more = {}) => ({ body: `sealed ${n}`, state, groupId: "hidden", ...more });
  expect(seen, why).toEqual([
    of(0, "dead", { reason: "hidden" }),
    of(1, "blocked"),
    of(2, "blocked"),
    of(3, "blocked"),
  ]);
  const again: Command = {
    ...{ type: "send", queue: QUEUE, atomic: true, bodies: ["again"] },
    segments: [{ count: 1, priority: 4, deduplicationIds: ["hidden 2"], sealed: KEY }],
  };
  const { outcomes } = await client.submit({ number: 1, command: again });
  expect(outcomes, why).toMatchObject([{ ok: true, value: { duplicates: [[0, expect.any(String)]] } }]);
  await host.close();
  expect(textOf(disk), why).not.toContain(WORD);
}

describe("a queue that is encrypted while it holds something", () => {
  test("is in nothing that is stored as it was, once that was answered", async () => {
    const disk = await fill();
    expect(textOf(disk)).toContain(WORD);
    expect(await encryptAndDie(disk, undefined)).toMatchObject({ isTold: true });
    expect(textOf(disk)).not.toContain(WORD);
    await expectEncrypted(disk, "undisturbed");
  });

  test("is in nothing that is stored as it was, where its bodies lay in one batch with those of others, either", async () => {
    const disk = createMemoryDisk();
    const { host, connect } = await startHost({ store: createMemoryStore({ disk }), checkpointRecords: 50 });
    const submit = await submitting(await connect("a", { minor: WIRE_MINOR }), 0);
    await submit({ type: "configure", queue: KEY_QUEUE, settings: {}, sealed: JSON.stringify({ id: KEY }) });
    const others = (n: number): Command => ({
      ...{ type: "send", queue: "others", atomic: true, segments: [{ count: 1, priority: 4 }], bodies: [`other ${n}`] },
    });
    for (let n = 0; n < 30; n++) for (const command of [send(`${n}`), others(n)]) await submit<unknown>(command);
    const hasBoth = () =>
      [...disk.bodies.values()]
        .map((batch) => JSON.stringify(batch))
        .some((text) => text.includes(WORD) && text.includes("other"));
    await expect.poll(hasBoth, { timeout: 10_000 }).toBe(true);
    await host.close();
    expect(await encryptAndDie(disk, undefined)).toMatchObject({ isTold: true });
    expect(textOf(disk)).not.toContain(WORD);
    const next = await startHost({ store: createMemoryStore({ disk }) });
    const client = await next.connect("b", { minor: WIRE_MINOR });
    const asked = { op: "peek", queue: "others", states: ["ready"], max: 100 } as const;
    const { messages } = await client.link.call<MessagePage>(asked);
    expect(messages.map(({ body }) => body)).toEqual(Array.from({ length: 30 }, (_, n) => `other ${n}`));
    expect((await peek(client)).length).toBe(30);
    await next.host.close();
  });

  test("is there with every body, at whatever step, for a build that passes over what says that it is encrypted", async () => {
    const filled = await fill();
    const { steps } = await encryptAndDie(structuredClone(filled), undefined);
    for (let at = 0; at < steps; at++) {
      const disk: MemoryDisk = structuredClone(filled);
      await encryptAndDie(disk, at);
      const { host, connect } = await startHost({ store: createMemoryStore({ disk: asPassedOver(disk) }) });
      const bodies = (await peek(await connect("b", { minor: WIRE_MINOR }))).map(({ body }) => String(body).slice(-1));
      expect(bodies, `step ${at}`).toEqual(["0", "1", "2", "3"]);
      await host.close();
    }
  });

  test("is gone on with at whatever step the host dies: nothing is lost, nothing doubled, the order is kept", async () => {
    const filled = await fill();
    const copy = (): MemoryDisk => structuredClone(filled);
    const { steps } = await encryptAndDie(copy(), undefined);
    expect(steps).toBeGreaterThan(20);
    const dieAt = async (at: number) => {
      const disk = copy();
      const { isTold } = await encryptAndDie(disk, at);
      if (isTold) expect(textOf(disk), `step ${at}`).not.toContain(WORD);
      const { host, connect } = await startHost({ store: createMemoryStore({ disk }) });
      const client = await connect("b", { minor: WIRE_MINOR });
      const bodies = (await peek(client)).map(({ body }) => String(body).slice(-1));
      expect(bodies, `step ${at}`).toEqual(["0", "1", "2", "3"]);
      await encrypt(client, 0);
      await host.close();
      await expectEncrypted(disk, `step ${at}`);
    };
    for (let at = 0; at < steps; at++) await dieAt(at);
  });
});

test("over a network it takes the right to manage the queue", async () => {
  const { host, connect } = await startHost({ store: createMemoryStore({ disk: await fill() }) });
  const begin = { number: 1, command: { type: "encrypt-begin", queue: QUEUE, sealed: KEY } } as const;
  const some = { client: "some", queues: { letters: ["send", "consume", "peek"] } } as const;
  const { outcomes } = await (await connect("d", { minor: WIRE_MINOR, grant: some })).submit(begin);
  expect(outcomes).toMatchObject([{ ok: false, code: "denied" }]);
  const all = { client: "all", queues: { letters: ["manage"] } } as const;
  expect((await (await connect("e", { minor: WIRE_MINOR, grant: all })).submit(begin)).outcomes).toMatchObject([
    { ok: true, value: { isDone: false } },
  ]);
  await host.close();
});
