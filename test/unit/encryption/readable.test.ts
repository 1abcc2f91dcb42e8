// What a host, and whoever has its disk, can read of an encrypted database: what docs/encryption.md lists, and no more.

import { afterEach, beforeEach, expect, test } from "vitest";
import { KEY_QUEUE } from "../../../src/core/spec/key-queue.js";
import { connect, type Delivery, type EncryptedConnection, type MessageView, type Queue } from "../../../src/index.js";
import type { HostRequest } from "../../../src/link/rpc/wire.js";
import { openStranger, type Stranger } from "./stranger.js";

const encryption = { password: "correct horse", iterations: 100_000 };
let database = "";
let count = 0;
let connection: EncryptedConnection;
let letters: Queue<unknown>;
let stranger: Stranger;

beforeEach(async () => {
  database = `readable-${++count}`;
  connection = await connect({ storage: "memory", database, encryption, label: "Checkout" });
  letters = await connection.openQueue("letters", { maxDeliveries: 1 });
  stranger = await openStranger(database);
});
afterEach(async () => {
  await stranger.leave();
  await connection.close({ force: true });
});

const seen = async (request: HostRequest) =>
  (await stranger.link.call<{ messages: MessageView<Uint8Array>[] }>(request)).messages;
const waiting = () => seen({ op: "peek", queue: "letters", max: 10, states: ["ready", "delayed", "blocked"] });

test("of a message its state, attempts, priority and times are read as they are, and nothing that was written", async () => {
  const before = Date.now();
  const deliverAt = before + 60_000;
  const given = { priority: 7, groupId: "a", deliverAt, headers: { secret: "secret" }, deduplicationId: "secret" };
  const { id } = await letters.send("secret", given);
  const [message] = await waiting();
  expect(message).toMatchObject({
    ...{ id, state: "delayed", attempts: 0, redelivered: false, priority: 7, headers: {}, deliverAt, expiresAt: null },
    groupId: expect.not.stringMatching(/^a$/),
    body: expect.any(Uint8Array),
  });
  expect(message?.sentAt).toBeGreaterThanOrEqual(before);
  const known = ["attempts", "body", "deliverAt", "expiresAt", "groupId", "headers", "id", "priority"];
  expect(Object.keys(message ?? {}).sort()).toEqual([...known, "redelivered", "sentAt", "state"]);
});

test("the size of a body is read to the byte", async () => {
  for (const length of [10, 11, 500]) await letters.send("x".repeat(length));
  const [ten = 0, eleven = 0, many = 0] = (await waiting()).map(({ body }) => body.length);
  expect([eleven - ten, many - ten]).toEqual([1, 490]);
});

test("which messages have the same group or reason is read, and not which one that is", async () => {
  const other = await connection.openQueue("others");
  for (const groupId of ["a", "a", "b"]) await letters.send(1, { groupId });
  const [first, second, third] = (await waiting()).map(({ groupId }) => groupId);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
  for (const reason of ["bad", "bad", "worse"]) {
    await other.send(1);
    await ((await other.receive())[0] as Delivery).deadLetter(reason);
  }
  const reasons = (await seen({ op: "dead-letters", queue: "others", max: 10 })).map(({ reason }) => reason);
  expect(new Set(reasons).size).toBe(2);
  expect(reasons.join()).not.toMatch(/bad|worse/);
});

test("reasons of the library's own are read as they are", async () => {
  await letters.send(1);
  await ((await letters.receive())[0] as Delivery).retry({ reason: "secret" });
  const [dead] = await seen({ op: "dead-letters", queue: "letters", max: 1 });
  expect(dead).toMatchObject({ reason: "max-deliveries" });
  expect(JSON.stringify(dead?.error)).not.toContain("secret");
});

test("names of queues, topics and schedules, settings, and labels of clients are read as they are", async () => {
  await (await connection.openTopic("news")).subscription("all", { maxMessages: 17 });
  await letters.schedules.upsert("nightly", { everyMs: 3_600_000 }, "secret");
  const plain = await connect({ storage: "memory", database });
  const inspected = await plain.inspect();
  const text = JSON.stringify(inspected);
  for (const word of ["letters", "news", "news/all", "Checkout"]) expect(text).toContain(word);
  expect((await stranger.link.call<{ settings: object }>({ op: "stats", queue: "news/all" })).settings).toMatchObject({
    maxMessages: 17,
  });
  const schedules = await stranger.link.call<unknown>({ op: "schedules", queue: "letters" });
  expect(JSON.stringify(schedules)).toContain("nightly");
  await plain.close();
});

test("that there is a key is read, with the salt and the iterations of its password", async () => {
  const { settings } = await stranger.link.call<{ settings: { encryption?: string } }>({
    op: "stats",
    queue: KEY_QUEUE,
  });
  const record = JSON.parse(settings.encryption ?? "");
  expect(record).toMatchObject({ by: "password", salt: expect.any(String), iterations: 100_000 });
  expect(Object.keys(record).sort()).toEqual(["by", "id", "iterations", "iv", "salt", "v", "wrapped"]);
});
