// A queue that holds something is encrypted, where it stands.

import { afterEach, describe, expect, test } from "vitest";
import { type Connection, connect, type EncryptedConnection, type Queue } from "../../../src/index.js";

const aesKey = () =>
  crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]) as Promise<CryptoKey>;
const key = await aesKey();

const connections: Connection[] = [];
let database = "";
let count = 0;
const opened = <One extends Connection>(connection: One): One => {
  connections.push(connection);
  return connection;
};
const plainly = async () => opened(await connect({ storage: "memory", database }));
const withKey = async (): Promise<EncryptedConnection> =>
  opened(await connect({ storage: "memory", database, encryption: { key } }));
const open = async () => {
  database = `encrypting-${++count}`;
  const plain = await plainly();
  return { plain, letters: await plain.openQueue<unknown>("letters", { backoff: { baseMs: 1, jitter: "none" } }) };
};
const take = async (queue: Queue, waitMs = 5_000) => {
  const [delivery] = await queue.receive({ waitMs });
  if (delivery === undefined) throw new Error("nothing was handed out");
  return delivery;
};

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

describe("a queue that is encrypted while it holds something", () => {
  test("has all of it afterwards, where it was", async () => {
    const { letters } = await open();
    const sent = await letters.sendBatch([
      { body: { n: 1 }, headers: { about: "one" }, groupId: "g", deduplicationId: "first" },
      { body: new Map([["n", 2]]), groupId: "g" },
      { body: 3, priority: 9 },
      { body: 4, deliverAt: Date.now() + 3_600_000 },
      { body: 5, groupId: "h" },
    ]);
    const held = await take(letters);
    expect(held.body).toBe(3);
    await held.deadLetter("was wrong");
    await letters.schedules.upsert("hourly", { everyMs: 3_600_000 }, "tick", { groupId: "g", headers: { by: "s" } });
    const [schedule] = await letters.schedules.list();

    const connection = await withKey();
    await connection.encrypt("letters");
    const sealed = await connection.openQueue<unknown>("letters");
    await expect(letters.send(1)).rejects.toMatchObject({ code: "encrypted" });
    expect(await sealed.peek({ state: "delayed" })).toMatchObject([{ id: sent[3]?.id, body: 4 }]);
    expect(await sealed.deadLetters.list()).toMatchObject([{ id: sent[2]?.id, body: 3, reason: "was wrong" }]);
    expect(await sealed.schedules.list()).toEqual([schedule]);
    expect(await sealed.send({ n: 1 }, { deduplicationId: "first" })).toEqual({ id: sent[0]?.id, duplicate: true });
    const later = await sealed.send("after all of g", { groupId: "g" });
    const order = ["first of g", "of h", "second of g", "after all of g"];
    const got = [];
    for (const _ of order) {
      const delivery = await take(sealed);
      got.push(delivery.id);
      if (delivery.id === sent[0]?.id) expect(delivery).toMatchObject({ body: { n: 1 }, headers: { about: "one" } });
      if (delivery.id === sent[1]?.id) expect(delivery).toMatchObject({ body: new Map([["n", 2]]), groupId: "g" });
      await delivery.ack();
    }
    expect(got).toEqual([sent[0]?.id, sent[4]?.id, sent[1]?.id, later.id]);
    await sealed.deadLetters.redrive({ filter: { reason: "was wrong" } });
    expect(await take(sealed)).toMatchObject({ id: sent[2]?.id, body: 3, priority: 9 });
  });

  test("keeps attempts, and how the last one failed", async () => {
    const { letters } = await open();
    const { id } = await letters.send("fails", { headers: { a: "b" } });
    await (await take(letters)).retry({ reason: "no luck" });
    const connection = await withKey();
    await connection.encrypt("letters");
    const sealed = await connection.openQueue("letters");
    expect(await sealed.peek()).toMatchObject([{ id, attempts: 1, redelivered: true, error: { message: "no luck" } }]);
    expect(await take(sealed)).toMatchObject({ id, body: "fails", attempt: 2, headers: { a: "b" } });
  });

  test("takes nothing and hands out nothing meanwhile, and waits for what is in work", async () => {
    const { plain, letters } = await open();
    await letters.send("acknowledged");
    await letters.send("retried");
    const [first, second] = [await take(letters), await take(letters)];
    await letters.send("waits");
    const connection = await withKey();
    const encrypted = connection.encrypt("letters");
    await expect.poll(async () => (await letters.stats()).paused, { timeout: 10_000 }).toBe(true);
    await expect(letters.send("plain")).rejects.toMatchObject({ code: "encrypted" });
    await expect(plain.transaction((tx) => tx.send(letters, 1))).rejects.toMatchObject({ code: "encrypted" });
    await expect(connection.openQueue("letters")).rejects.toMatchObject({
      code: "encrypted",
      message: 'queue "letters" is being encrypted: connection.encrypt(name) goes on with it',
    });
    await letters.resume();
    expect((await letters.stats()).paused).toBe(true);
    await first.ack();
    await second.retry({ reason: "later" });
    await encrypted;
    const sealed = await connection.openQueue("letters");
    expect((await letters.stats()).paused).toBe(false);
    const bodies = [await take(sealed), await take(sealed)].map(({ body }) => body);
    expect(bodies.sort()).toEqual(["retried", "waits"]);
    expect(await sealed.stats()).toMatchObject({ ready: 0, delayed: 0, leased: 2, dead: 0 });
  });

  test("is paused afterwards if it is to be", async () => {
    const { letters } = await open();
    await letters.send(1);
    await letters.pause();
    const connection = await withKey();
    await connection.encrypt("letters");
    expect((await letters.stats()).paused).toBe(true);
  });

  test("says how far it is, is given up and gone on with by anybody who has the key, and by several at once", async () => {
    const { letters } = await open();
    const ids = (
      await letters.sendBatch(
        Array.from({ length: 1_200 }, (_, i) => ({ body: i, groupId: `g${i % 7}`, deduplicationId: `d${i}` })),
      )
    ).map(({ id }) => id);
    const giveUp = new AbortController();
    const far: number[] = [];
    const given = (await withKey()).encrypt("letters", {
      signal: giveUp.signal,
      onProgress({ done, total }) {
        far.push(done);
        expect(total).toBe(1_200);
        giveUp.abort("enough");
      },
    });
    await expect(given).rejects.toBe("enough");
    expect(far).toEqual([500]);
    const [one, two] = [await withKey(), await withKey()];
    await expect(one.openQueue("letters")).rejects.toMatchObject({ code: "encrypted" });
    const progress: number[] = [];
    await Promise.all([
      one.encrypt("letters", { onProgress: ({ done }) => progress.push(done) }),
      two.encrypt("letters"),
    ]);
    expect(progress.slice(0, 3)).toEqual([500, 1_000, 1_200]);
    await one.encrypt("letters");
    const sealed = await one.openQueue("letters");
    expect(await sealed.send(1, { deduplicationId: "d1000" })).toEqual({ id: ids[1_000], duplicate: true });
    const seen: unknown[] = [];
    await sealed.consumeUntilEmpty(({ body, groupId }) => void seen.push([body, groupId]));
    expect(seen).toEqual(expect.arrayContaining(ids.map((_, i) => [i, `g${i % 7}`])));
    expect(seen).toHaveLength(1_200);
    const ofOne = seen.filter((entry) => (entry as unknown[])[1] === "g3").map((entry) => (entry as unknown[])[0]);
    expect(ofOne).toEqual(ofOne.toSorted((a, b) => (a as number) - (b as number)));
  });

  test("may be there and empty, or not be there, and may be one of a topic", async () => {
    const { plain } = await open();
    const connection = await withKey();
    await connection.encrypt("letters");
    await connection.encrypt("new");
    await expect(plain.openQueue("new")).rejects.toMatchObject({ code: "encrypted" });
    const topic = await plain.openTopic("news");
    await topic.subscription("all");
    await topic.subscription("some", { filter: { about: "tea" } });
    await topic.publish("published", { headers: { about: "tea" }, groupId: "g" });
    await expect(connection.encrypt("news/some")).rejects.toMatchObject({
      code: "encrypted",
      message: expect.stringContaining("filter"),
    });
    await (await plain.openQueue("news/some")).delete();
    await connection.encrypt("news/all");
    const all = await (await connection.openTopic("news")).subscription("all");
    expect(await take(all)).toMatchObject({ body: "published", groupId: "g" });
  });

  test("stays as it is where a body has no form in bytes, by name", async () => {
    const { letters } = await open();
    await letters.send("fits");
    const { id } = await letters.send({ inside: key });
    const connection = await withKey();
    await expect(connection.encrypt("letters")).rejects.toMatchObject({ code: "not-cloneable", detail: { id } });
    await letters.send("still taken");
    expect((await take(letters)).body).toBe("fits");
  });

  test("has names that are too long once hidden, cut", async () => {
    const { letters } = await open();
    const long = (end: string) => `${"ä".repeat(200)}${end}`;
    await letters.send(1, { groupId: long("a") });
    await letters.send(2, { groupId: long("b") });
    await letters.send(3, { groupId: long("a") });
    await letters.send(4, { deduplicationId: "broken \ud800", priority: 9 });
    await (await take(letters)).deadLetter("ö".repeat(8_000));
    const connection = await withKey();
    await connection.encrypt("letters");
    const sealed = await connection.openQueue("letters");
    const [one, two] = [await take(sealed), await take(sealed)];
    expect([one.body, two.body]).toEqual([1, 2]);
    expect(one.groupId).toMatch(/^ä{50,}…/);
    expect(one.groupId).not.toBe(two.groupId);
    await one.ack();
    expect(await take(sealed)).toMatchObject({ body: 3, groupId: one.groupId });
    expect(await sealed.deadLetters.list()).toMatchObject([{ body: 4, reason: expect.stringMatching(/^ö{1000,}$/) }]);
  });

  test("is refused to whoever has another key, or bad options", async () => {
    const { letters } = await open();
    await letters.send(1);
    const connection = await withKey();
    await expect(connection.encrypt("")).rejects.toMatchObject({ code: "invalid-argument" });
    const bad = { onProgress: 1 } as unknown as { onProgress(): void };
    await expect(connection.encrypt("letters", bad)).rejects.toMatchObject({ code: "invalid-argument" });
    await connection.shred();
    await expect(connection.encrypt("letters")).rejects.toMatchObject({ code: "shredded" });
    await letters.send(2);
  });
});
