// What is sent together is sealed together: by whom it is known, what it costs, and what it does not cost its neighbours.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Holding, Revealed } from "../../../src/client/receiving/holding.js";
import { decode, encode } from "../../../src/codec/codec.js";
import { sizesOf } from "../../../src/core/log/columns.js";
import type { Share } from "../../../src/core/log/share.js";
import { isShare } from "../../../src/core/log/share.js";
import { MINOR_SHARES } from "../../../src/core/spec/key-queue.js";
import { SHARED_BYTES_MAX } from "../../../src/core/spec/limits.js";
import { WIRE_MINOR } from "../../../src/core/spec/version.js";
import type { Content } from "../../../src/encryption/content.js";
import { HEAD_BYTES } from "../../../src/encryption/keyring.js";
import type { Names } from "../../../src/encryption/names.js";
import type { Opener } from "../../../src/encryption/opener.js";
import { createOpening } from "../../../src/encryption/opening.js";
import type { EncryptedConnection, MessageView, Queue } from "../../../src/index.js";
import { createMemoryStore } from "../../../src/store/memory/memory.js";
import { createMemoryDisk, type MemoryDisk } from "../../../src/store/memory/memory-disk.js";
import { openSealing } from "../../../src/wiring/sealing.js";
import { connectTo } from "../client/client-fixture.js";
import { asEarlierHost } from "../client/earlier-host.js";
import { type RawClient, startHost, type TestHost } from "../host/world.js";
import { formOne } from "./form-1.js";

const importKey = (byte: number) =>
  crypto.subtle.importKey("raw", new Uint8Array(32).fill(byte), "AES-GCM", false, ["encrypt", "decrypt"]);
const key = await importKey(7);

let disk: MemoryDisk;
let host: TestHost;
const closing: (() => Promise<unknown>)[] = [];

const start = async () => {
  host = await startHost({ store: createMemoryStore({ disk }), checkpointRecords: 4 });
  closing.push(() => host.host.close());
};
const reach = async (through: (port: MessagePort) => MessagePort = (port) => port) => {
  const { client } = connectTo(() => through(host.port()));
  const options = { encryption: { key } };
  const parts = await openSealing(client, options);
  const connection = parts.createPublicConnection(client, { isLazy: false, persisted: undefined });
  closing.push(() => connection.close({ force: true }));
  return connection as EncryptedConnection;
};
beforeEach(async () => {
  disk = createMemoryDisk();
  await start();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A client of the host that has no key: what it is shown is as the host has it. */
const rawClient = () => host.connect(crypto.randomUUID(), { minor: WIRE_MINOR });
const storedIn = async (raw: RawClient, queue: string): Promise<readonly MessageView[]> =>
  (await raw.link.call<{ messages: MessageView[] }>({ op: "peek", queue, max: 1_000, states: ["ready", "delayed"] }))
    .messages;
const bodiesIn = async (queue: string) => (await storedIn(await rawClient(), queue)).map(({ body }) => body);
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const seenBy = async (queue: Queue<unknown>) => {
  const seen: unknown[] = [];
  await queue.consumeUntilEmpty(({ body }) => void seen.push(body));
  return seen;
};

describe("what is sent together is sealed together", () => {
  test("of one batch, and of one turn, and crosses, is stored and comes back once", async () => {
    const letters = await (await reach()).openQueue<unknown>("letters");
    await letters.sendBatch(numbers(40).map((n) => ({ body: { n } })));
    await Promise.all(numbers(40).map((n) => letters.send({ n: 40 + n })));
    const shares = (await bodiesIn("letters")) as Share[];
    expect(shares.every(isShare)).toBe(true);
    expect(new Set(shares.map(([envelope]) => envelope)).size).toBe(2);
    expect(shares.map(([, place]) => place)).toEqual([...numbers(40), ...numbers(40)]);
    // As it lies in the store, and after a host has begun anew.
    for (const { bodies } of disk.bodies.values())
      expect(new Set((bodies as readonly Share[]).map(([envelope]) => envelope)).size).toBe(1);
    // As it is written for sockets and SQLite.
    const written = encode(shares);
    expect(written.length).toBeLessThan(2 * encode([...new Set(shares.map(([envelope]) => envelope))]).length + 4_000);
    expect(new Set((decode(written) as Share[]).map(([envelope]) => envelope)).size).toBe(2);
    expect(await seenBy(letters)).toEqual(numbers(80).map((n) => ({ n })));
  });

  test("if it is delivered at about the same time, is small, and is plain data", async () => {
    const letters = await (await reach()).openQueue<unknown>("letters");
    const large = "x".repeat(3_000);
    await letters.sendBatch([
      { body: 1 },
      { body: 2, priority: 9 },
      { body: 3, delayMs: 60_000 },
      { body: 4, ttlMs: 60_000 },
      { body: large },
      { body: new Map([[5, 6]]) },
      { body: 7, groupId: "Ada", headers: { a: "b" } },
      { body: 8, deduplicationId: "draft" },
    ]);
    const stored = await bodiesIn("letters");
    const shares = stored.filter(isShare);
    expect(shares.length).toBe(3);
    expect(new Set(shares.map(([envelope]) => envelope)).size).toBe(1);
    const views = await letters.peek();
    expect(views.map(({ body }) => body)).toEqual([1, 2, 3, 4, large, new Map([[5, 6]]), 7, 8]);
    expect(views.find(({ body }) => body === 7)).toMatchObject({ groupId: "Ada", headers: { a: "b" } });
    await expect(letters.send(9, { deduplicationId: "draft" })).resolves.toMatchObject({ duplicate: true });
  });

  test("as far as an envelope may be large, whatever letters it is of", async () => {
    const letters = await (await reach()).openQueue<unknown>("letters");
    const bodies = numbers(200).map((n) => `${n} ${"ж".repeat(500)}`);
    await letters.sendBatch(bodies.map((body) => ({ body })));
    const shares = (await bodiesIn("letters")) as Share[];
    for (const [envelope] of shares) expect(envelope.length).toBeLessThanOrEqual(SHARED_BYTES_MAX);
    expect(new Set(shares.map(([envelope]) => envelope)).size).toBeLessThan(40);
    expect(await seenBy(letters)).toEqual(bodies);
  });

  test("and stored once, in records of less than 64 KiB", async () => {
    const letters = await (await reach()).openQueue<unknown>("letters");
    const bodies = numbers(1_000).map((n) => `${n} ${"x".repeat(250)}`);
    await letters.sendBatch(bodies.map((body) => ({ body })));
    const records = [...disk.bodies.values()].map(({ bodies }) => [
      ...new Set((bodies as readonly Share[]).map(([envelope]) => envelope)),
    ]);
    for (const envelopes of records) expect(encode(envelopes).length).toBeLessThan(64 * 1_024);
    const heads = records.flat().map((envelope) => envelope.subarray(0, HEAD_BYTES).join());
    expect(new Set(heads).size).toBe(heads.length);
    // Not in more of them than it takes.
    expect(records.length).toBeLessThan(7);
    expect((await letters.receive({ max: 1_000 })).map(({ body }) => body)).toEqual(bodies);
  });

  test("over a topic, in transactions and by handlers that answer", async () => {
    const connection = await reach();
    const topic = await connection.openTopic<unknown>("news");
    const all = await topic.subscription("all");
    await topic.publishBatch(numbers(5).map((n) => ({ body: n, headers: { n: `${n}` } })));
    expect((await bodiesIn("news/all")).every(isShare)).toBe(true);
    const headers: unknown[] = [];
    await all.consumeUntilEmpty(({ headers: { n } }) => void headers.push(n));
    expect(headers).toEqual(["0", "1", "2", "3", "4"]);
    const letters = await connection.openQueue<unknown>("letters");
    letters.consume(({ body }) => `to ${body}`, { concurrency: 3 });
    expect(await Promise.all(numbers(3).map((n) => letters.request(n)))).toEqual(["to 0", "to 1", "to 2"]);
  });

  test("and one that cannot be written is refused alone, unless it is one of a batch", async () => {
    const letters = await (await reach()).openQueue<unknown>("letters");
    const sent = await Promise.allSettled([1, key, 2, 3].map((body) => letters.send(body)));
    expect(sent.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(sent[1]).toMatchObject({ reason: { code: "not-cloneable" } });
    const tooLong = await Promise.allSettled([
      letters.send(4),
      letters.send(5, { groupId: "ж".repeat(200) }),
      letters.send(6),
    ]);
    expect(tooLong.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const batch = letters.sendBatch([{ body: 7 }, { body: key }, { body: 8 }]);
    await expect(batch).rejects.toMatchObject({ code: "not-cloneable", detail: { index: 1 } });
    expect(await seenBy(letters)).toEqual([1, 2, 3, 4, 6]);
  });
});

test("schedules have envelopes of their own, which stay as small as what they send", async () => {
  const letters = await (await reach()).openQueue<unknown>("letters");
  const timing = { everyMs: 3_600_000 } as const;
  await Promise.all([
    letters.schedules.upsert("a", timing, 1),
    letters.schedules.upsert("b", timing, 2),
    letters.send(3),
  ]);
  const raw = await rawClient();
  const { messages } = await raw.link.call<{ messages: { body: unknown }[] }>({ op: "schedules", queue: "letters" });
  expect(messages.map(({ body }) => body instanceof Uint8Array)).toEqual([true, true]);
  expect((await letters.schedules.list()).map(({ body }) => body)).toEqual([1, 2]);
});

test("each is measured by its part of the envelope, for limits and for batches", async () => {
  const connection = await reach();
  const letters = await connection.openQueue<unknown>("letters", { maxBytes: 40_000 });
  await letters.sendBatch(numbers(200).map((n) => ({ body: `${n} ${"x".repeat(100)}` })));
  const { bytes } = await letters.stats();
  expect(bytes).toBeGreaterThan(200 * 100);
  expect(bytes).toBeLessThan(200 * 160);
  await expect(letters.sendBatch(numbers(200).map((n) => ({ body: `${n} ${"x".repeat(100)}` })))).rejects.toMatchObject(
    {
      code: "full",
    },
  );
  // What waits for room asks for as much.
  const blocking = await connection.openQueue<unknown>("blocking", { maxBytes: 10_000, overflow: "block" });
  await blocking.sendBatch(numbers(50).map((n) => ({ body: `${n} ${"x".repeat(100)}` })));
  const waiting = blocking.sendBatch(numbers(50).map((n) => ({ body: `${n} ${"x".repeat(100)}` })));
  await blocking.consumeUntilEmpty(() => {});
  expect(await waiting).toHaveLength(50);
  // Who claims to share what is large is measured with all of it.
  const large = new Uint8Array(SHARED_BYTES_MAX + 1);
  for (const size of sizesOf([[large, 0] as const, [large, 1] as const]))
    expect(size).toBeGreaterThan(SHARED_BYTES_MAX);
});

describe("somebody who can write to the database", () => {
  const inject = async (queue: string, bodies: readonly unknown[], more: { readonly priority?: number } = {}) => {
    const raw = await rawClient();
    const sealed = (await raw.link.call<{ settings: { encryption: string } }>({ op: "stats", queue })).settings;
    const segments = [{ count: bodies.length, priority: 4, ...more, sealed: sealed.encryption }];
    const command = { type: "send", queue, atomic: true, segments, bodies } as const;
    const { outcomes } = await raw.submit({ number: 1, command });
    expect(outcomes).toMatchObject([{ ok: true }]);
  };

  test("gets none of several opened in another queue, with another priority, at no place of theirs, or changed; and those beside it are handled", async () => {
    const connection = await reach();
    const letters = await connection.openQueue<unknown>("letters");
    const others = await connection.openQueue<unknown>("others");
    await letters.sendBatch([{ body: "a" }, { body: "b" }]);
    const [[envelope], second] = (await bodiesIn("letters")) as [Share, Share];
    await letters.purge();
    const changed = envelope.map((byte, i) => (i === envelope.length - 1 ? byte ^ 1 : byte));
    const wrong = [[envelope, 2], [envelope, -1], [envelope, 0.5], [envelope, Number.NaN], [changed, 0], envelope];
    const places = [...wrong, [envelope.slice(0, -1), 0], [[...envelope], 0], [envelope, "0"], [envelope], []];
    await inject("letters", [second, ...places, second]);
    expect(await seenBy(letters)).toEqual(["b", "b"]);
    expect(await letters.deadLetters.list()).toMatchObject(places.map(() => ({ body: undefined, reason: "tampered" })));
    await inject("letters", [second], { priority: 5 });
    await inject("others", [second]);
    for (const queue of [letters, others]) {
      await queue.deadLetters.purge();
      expect(await queue.peek()).toMatchObject([{ body: undefined, error: { name: "tampered" } }]);
      expect(await seenBy(queue)).toEqual([]);
      expect(await queue.deadLetters.list()).toMatchObject([{ body: undefined, reason: "tampered" }]);
    }
  });

  test.each([true, false])(
    "does not change in which order handlers begin, of which many run at once",
    async (isAtOnce) => {
      const letters = await (await reach()).openQueue<unknown>("letters");
      const large = "x".repeat(100_000);
      const bodies = numbers(60).map((n) => ({ n, ...(n % 7 === 0 && { large }) }));
      await letters.sendBatch(bodies.map((body) => ({ body })));
      await inject("letters", [new Uint8Array(60)]);
      await letters.send({ n: 60 });
      const began: number[] = [];
      const handle = ({ body }: { readonly body: unknown }) => {
        began.push((body as { n: number }).n);
        return isAtOnce ? undefined : new Promise((resolve) => setTimeout(resolve, 1));
      };
      const consumer = letters.consume(handle, { concurrency: 8, prefetch: 20 });
      await letters.whenIdle();
      await consumer.stop();
      expect(began).toEqual(numbers(61));
      expect(await letters.deadLetters.list()).toMatchObject([{ reason: "tampered" }]);
    },
  );
});

test("a hand-out that opens before an earlier one waits for it", async () => {
  const opened = new Map<string, () => void>();
  const opener = {
    content: (_: unknown, { id }: { readonly id: string }) =>
      new Promise<Content>((resolve) => opened.set(id, () => resolve({ body: id, headers: undefined }))),
  } as Partial<Opener> as Opener;
  const none = async () => {
    throw new Error("not asked");
  };
  const { hiding, admit } = createOpening({ opener, names: {} as Names, hideVerdict: none, hideAnswer: none });
  const shown: unknown[] = [];
  const holdingOf = (id: string) => {
    const delivery = { id, priority: 4, groupId: null };
    return {
      body: null,
      delivery,
      handOut: {},
      reveal: ({ body }: Revealed) => void shown.push(body),
    } as Partial<Holding> as Holding;
  };
  const [first, second] = [holdingOf("first"), holdingOf("second")];
  hiding.begin([first]);
  hiding.begin([second]);
  const admitted = [second, first].map((holding) => admit(holding));
  await expect.poll(() => opened.size, { timeout: 10_000 }).toBe(2);
  opened.get("second")?.();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(shown).toEqual([]);
  opened.get("first")?.();
  expect(await Promise.all(admitted)).toEqual([true, true]);
  expect(shown).toEqual(["first", "second"]);
  expect([first, second].map((holding) => hiding.pending(holding))).toEqual([undefined, undefined]);
});

describe("with builds that seal each message alone", () => {
  const fill = () => {
    const { format, epoch, pointer, records } = formOne();
    disk = Object.assign(createMemoryDisk(), { format, epoch, pointer });
    for (const { store, key: at, value } of records) {
      if (store === "bodies") disk.bodies.set(at as number, value as never);
      else if (store === "journal") disk.journal.set(at as number, value as never);
      else {
        const [generation, index] = at as [number, number];
        const chunks = disk.checkpoints.get(generation) ?? [];
        disk.checkpoints.set(generation, chunks);
        chunks[index] = value as never;
      }
    }
  };
  const bodiesOnDisk = () => [...disk.bodies.values()].flatMap(({ bodies }) => bodies as readonly unknown[]);
  /** As they read it: an envelope of version 1, and of a kind that they know. */
  const isKnown = (body: unknown) => body instanceof Uint8Array && body[0] === 1 && (body[1] as number) < 7;

  test("a database of theirs opens, keeps every message, and stays as they read it", async () => {
    fill();
    await start();
    const connection = await reach();
    const letters = await connection.openQueue<unknown>("letters");
    expect((await letters.deadLetters.list()).map(({ body, reason }) => [body, reason])).toEqual([
      ["dies", "no such person"],
    ]);
    expect((await letters.schedules.list()).map(({ body, groupId }) => [body, groupId])).toEqual([[{ n: 8 }, "Ada"]]);
    const views = await letters.peek();
    const bodies = views.map(({ body }) => (body instanceof Map ? { n: body.get("n") } : body)) as { n: number }[];
    expect(bodies.map(({ n }) => n).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 9, 10, 11]);
    expect(views.find(({ groupId }) => groupId === "Ada")).toMatchObject({
      body: { n: 4 },
      headers: { kind: "group" },
    });
    expect(await seenBy((await connection.openQueue("news/all")) as Queue<unknown>)).toEqual([{ n: 7 }]);
    await letters.sendBatch(numbers(20).map((body) => ({ body })));
    await Promise.all(numbers(20).map((n) => letters.send(n)));
    const other = await importKey(8);
    await connection.rekey({ key: other });
    await letters.sendBatch(numbers(20).map((body) => ({ body })));
    expect(bodiesOnDisk().length).toBeGreaterThan(60);
    expect(bodiesOnDisk().filter((body) => !isKnown(body))).toEqual([]);
    const raw = await rawClient();
    const { settings } = await raw.link.call<{ settings: { encryption: string } }>({
      op: "stats",
      queue: "originmq:key",
    });
    expect(JSON.parse(settings.encryption)).toMatchObject({ v: 1 });
  });

  test("a new database says that it is none of theirs, and one of builds to come is refused by name", async () => {
    await reach();
    const raw = await rawClient();
    const read = async () =>
      (await raw.link.call<{ settings: { encryption: string } }>({ op: "stats", queue: "originmq:key" })).settings
        .encryption;
    const record = await read();
    // They know 1 alone, and refuse whatever else it is before they touch anything.
    expect(JSON.parse(record)).toMatchObject({ v: 3 });
    const next = JSON.stringify({ ...JSON.parse(record), v: 4 });
    const command = {
      type: "configure",
      queue: "originmq:key",
      settings: {},
      sealed: next,
      replacing: record,
    } as const;
    expect((await raw.submit({ number: 1, command })).outcomes).toMatchObject([{ ok: true }]);
    await expect(reach()).rejects.toMatchObject({ code: "format-too-new" });
    expect(await read()).toBe(next);
  });

  test("under a host that does not know how to measure them, messages are sealed alone", async () => {
    const letters = await (await reach((port) => asEarlierHost(port, MINOR_SHARES - 1))).openQueue<unknown>("letters");
    await letters.sendBatch(numbers(10).map((body) => ({ body })));
    expect((await bodiesIn("letters")).filter((body) => !isKnown(body))).toEqual([]);
    expect(await seenBy(letters)).toEqual(numbers(10));
  });
});
