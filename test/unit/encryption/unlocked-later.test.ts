// A queue that holds something, of a database that is unlocked later: encrypted to the end once it is, and not before.

import { afterEach, beforeEach, expect, test } from "vitest";
import { type Connection, connect, type EncryptedConnection, type Encryption, type Queue } from "../../../src/index.js";
import { aesKey, asking, isPending, never, paired } from "./asking.js";

const [key, otherKey] = await Promise.all([aesKey(), aesKey()]);

const connections: Connection[] = [];
const opened = <One extends Connection>(connection: One): One => {
  connections.push(connection);
  return connection;
};
let database = "";
let count = 0;
const reach = async (encryption: Encryption): Promise<EncryptedConnection> =>
  opened(await connect({ storage: "memory", database, encryption }));

/** Who has none: with three that wait, of which two are of one group, and one that has died. */
let drafts: Queue<unknown>;
beforeEach(async () => {
  database = `unlocked-later-${++count}`;
  const plain = opened(await connect({ storage: "memory", database }));
  drafts = await plain.openQueue<unknown>("drafts");
  await drafts.send("dies");
  await (await drafts.receive())[0]?.deadLetter("was wrong");
  await drafts.sendBatch([
    { body: "first", groupId: "g", deduplicationId: "once" },
    { body: "second", headers: { about: "it" } },
    { body: "third", groupId: "g" },
  ]);
  await reach(paired(() => key));
});
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

const seenIn = async (queue: Queue<unknown>) => {
  const seen: unknown[] = [];
  await queue.consumeUntilEmpty(({ body, groupId }) => void seen.push(groupId === null ? body : [groupId, body]));
  return seen;
};

test("it waits for the key, and is done to the end: all of it is there, and nobody reads it without", async () => {
  const { ask, answer } = asking();
  const connection = await reach(paired(ask));
  const told: number[] = [];
  const encrypting = connection.encrypt("drafts", { onProgress: ({ done }) => told.push(done) });
  expect([await isPending(encrypting), connection.locked, told]).toEqual([true, true, []]);
  // Nothing has begun: it is whose it was.
  await drafts.send("fourth");
  const letters = await connection.openQueue<unknown>("letters");
  await letters.send("of another queue");
  await expect(connection.openQueue("drafts")).rejects.toMatchObject({ code: "encrypted" });

  answer(key);
  await encrypting;
  expect([ask.mock.calls.length, connection.locked, told.at(-1)]).toEqual([1, false, 5]);
  await expect(drafts.send("plain")).rejects.toMatchObject({ code: "encrypted" });
  const sealed = await connection.openQueue<unknown>("drafts");
  expect(await sealed.send("first", { deduplicationId: "once" })).toMatchObject({ duplicate: true });
  expect(await sealed.deadLetters.list()).toMatchObject([{ body: "dies", reason: "was wrong" }]);
  expect((await sealed.peek()).find(({ body }) => body === "second")).toMatchObject({ headers: { about: "it" } });

  // And is from then on a queue that takes what is sent while it is locked.
  const locked = await (await reach(paired(never))).openQueue<unknown>("drafts");
  await locked.send("fifth");
  expect(await seenIn(sealed)).toEqual([["g", "first"], "second", "fourth", "fifth", ["g", "third"]]);
  expect(await letters.peek()).toMatchObject([{ body: "of another queue" }]);
});

test("given up while it is locked, or asked for with the wrong key, it has not begun; the next one asks again, and ends it", async () => {
  const { ask, answer } = asking();
  const connection = await reach(paired(ask));
  const giveUp = new AbortController();
  const given = connection.encrypt("drafts", { signal: giveUp.signal });
  giveUp.abort("later");
  await expect(given).rejects.toBe("later");
  const refused = connection.encrypt("drafts");
  answer(otherKey);
  await expect(refused).rejects.toMatchObject({ code: "wrong-key" });
  expect(await drafts.stats()).toMatchObject({ ready: 2, blocked: 1, dead: 1, paused: false });
  await drafts.send("still taken");
  const again = connection.encrypt("drafts");
  await expect.poll(() => ask.mock.calls.length, { timeout: 10_000 }).toBe(2);
  answer(key);
  await again;
  const sealed = await connection.openQueue<unknown>("drafts");
  expect(await seenIn(sealed)).toEqual([["g", "first"], "second", "still taken", ["g", "third"]]);
});

test("begun by who was unlocked and given up, it is gone on with by who is unlocked later", async () => {
  const giveUp = new AbortController();
  const first = (await reach({ key })).encrypt("drafts", {
    signal: giveUp.signal,
    onProgress: () => giveUp.abort("enough"),
  });
  await expect(first).rejects.toBe("enough");
  const { ask, answer } = asking();
  const connection = await reach(paired(ask));
  // Closed, also for what is sent while it is locked.
  await expect(connection.openQueue("drafts")).rejects.toMatchObject({ code: "encrypted" });
  const encrypting = connection.encrypt("drafts");
  expect(await isPending(encrypting)).toBe(true);
  answer(key);
  await encrypting;
  const sealed = await connection.openQueue<unknown>("drafts");
  expect(await seenIn(sealed)).toEqual([["g", "first"], "second", ["g", "third"]]);
});
