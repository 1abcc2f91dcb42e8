// A log-out: the key is destroyed, with all that it has encrypted, for everybody who has it.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { destroyedHere } from "../../../src/encryption/watch.js";
import { type Connection, connect, type EncryptedConnection, type Encryption, openQueue } from "../../../src/index.js";

const aesKey = () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const key = await aesKey();
const nextKey = await aesKey();

let database = "";
let count = 0;
const connections: Connection[] = [];
const reach = async (encryption: Encryption): Promise<EncryptedConnection> => {
  const connection = await connect({ storage: "memory", database, encryption });
  connections.push(connection);
  return connection;
};

/** Whose host lives for as long as a test. */
let plain: Connection;
beforeEach(async () => {
  database = `shredding-${++count}`;
  plain = await connect({ storage: "memory", database });
  connections.push(plain);
});
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

const nothing = { code: "shredded" };

test("all that is encrypted goes in one commit, and what is not stays", async () => {
  const connection = await reach({ key });
  const letters = await connection.openQueue("letters", { backoff: { baseMs: 60_000, jitter: "none" } });
  const news = await connection.openTopic("news");
  await news.subscription("all");
  await news.publish("published");
  await letters.sendBatch([{ body: "waits" }, { body: "dies" }, { body: "held" }]);
  const [, dying] = await letters.receive({ max: 3 });
  await dying?.deadLetter("no");
  await letters.schedules.upsert("hourly", { everyMs: 3_600_000 }, "scheduled");
  const readable = await plain.openQueue("readable");
  await readable.send("stays");
  const { commits } = await plain.diagnostics();
  await connection.shred();
  expect((await plain.diagnostics()).commits).toBe(commits + 1);
  expect((await plain.queues()).map(({ name }) => name)).toEqual(["readable"]);
  expect((await readable.peek()).map(({ body }) => body)).toEqual(["stays"]);
  expect((await plain.inspect()).topics).toEqual([]);
  // Nothing of what the log said before is in it any more.
  const { commits: told } = await plain.journal();
  expect(told.flatMap(({ changes }) => changes).some(({ type }) => type === "accepted" || type === "deleted")).toBe(
    false,
  );
  expect((await plain.check()).faults).toEqual([]);
});

test("others are told, their consumers end, and nothing of theirs is sent any more", async () => {
  const [here, there] = [await reach({ key }), await reach({ key })];
  const letters = await there.openQueue("letters");
  const own = await openQueue("letters", { storage: "memory", database, encryption: { key } });
  const topic = await there.openTopic("news");
  const told = vi.fn();
  there.addEventListener("shredded", told);
  const ended = new Promise<CustomEvent>((resolve) => own.addEventListener("ended", resolve));
  const consumer = letters.consume(() => {});
  const asked = letters.request("nobody answers", { delayMs: 60_000 });
  const waiting = letters.receive({ waitMs: 60_000 });
  const refusals = [consumer.closed, asked, waiting].map((one) => expect(one).rejects.toMatchObject(nothing));
  await here.shred();
  expect((await ended).detail.reason).toMatchObject(nothing);
  await expect.poll(() => told).toHaveBeenCalledTimes(1);
  await Promise.all(refusals);
  for (const call of [
    () => letters.send("late"),
    () => letters.sendBatch([{ body: "late" }]),
    () => own.send("late"),
    () => topic.publish("late"),
    () => there.transaction((tx) => tx.send("letters", "late")),
    () => letters.schedules.upsert("s", { everyMs: 1_000 }, "late"),
    () => letters.replace("1", "late"),
    () => letters.receive(),
    () => letters.peek(),
    () => letters.pause(),
    () => there.openQueue("others"),
    () => there.openTopic("others"),
    () => there.rekey({ key: nextKey }),
  ])
    await expect(call()).rejects.toMatchObject(nothing);
  await there.shred();
  expect(told).toHaveBeenCalledTimes(1);
  expect(await plain.queues()).toEqual([]);
  await own.close();
});

test.each([
  ["who shreds finds nothing of it on the console", true, 0],
  ["who uses the key elsewhere finds one line of it for each connection", false, 2],
])("%s", async (_, isHere, lines) => {
  if (!isHere) vi.spyOn(destroyedHere, "has").mockReturnValue(false);
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const both = [await reach({ key }), await reach({ key })] as const;
  const ended = both.map((connection) => new Promise((resolve) => connection.addEventListener("shredded", resolve)));
  for (const connection of both)
    for (const name of ["letters", "orders"]) (await connection.openQueue(name)).consume(() => {});
  await both[0].shred();
  await Promise.all(ended);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const line = [expect.stringContaining('consume() of queue "letters" has ended'), expect.objectContaining(nothing)];
  expect(said.mock.calls).toEqual(Array.from({ length: lines }, () => line));
  vi.restoreAllMocks();
});

test("whoever opens it next makes a new key, and who still has the one before does not get in between", async () => {
  const first = await reach({ key });
  await (await first.openQueue("letters")).send("gone");
  await first.shred();
  const second = await reach({ password: "another", iterations: 100_000 });
  const letters = await second.openQueue("letters");
  await letters.send("new");
  expect((await letters.peek()).map(({ body }) => body)).toEqual(["new"]);
  await first.shred();
  expect((await letters.peek()).map(({ body }) => body)).toEqual(["new"]);
});

test("who has not been told yet is refused by the host: nothing is sent, and no queue made", async () => {
  const [here, there] = [await reach({ key }), await reach({ key })];
  const letters = await there.openQueue("letters");
  // The announcement is lost.
  vi.spyOn(BroadcastChannel.prototype, "postMessage").mockImplementation(() => {});
  await here.shred();
  vi.restoreAllMocks();
  await expect(letters.send("late")).rejects.toMatchObject({ code: "shredded" });
  await expect(there.openQueue("others")).rejects.toMatchObject({
    code: "shredded",
    message: 'queue "others" was used with a key that was destroyed',
  });
  expect(await plain.queues()).toEqual([]);
});
