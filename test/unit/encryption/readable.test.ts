// What a host, and whoever has its disk, can read of an encrypted database: what docs/encryption.md lists, and no more.

import { afterEach, beforeEach, expect, test } from "vitest";
import { KEY_QUEUE } from "../../../src/core/spec/key-queue.js";
import { PUBLIC_BYTES } from "../../../src/encryption/pair.js";
import { connect, type Delivery, type EncryptedConnection, type MessageView, type Queue } from "../../../src/index.js";
import type { HostRequest } from "../../../src/link/rpc/wire.js";
import { never, paired } from "./asking.js";
import { openStranger, type Stranger } from "./stranger.js";

const encryption = { password: "correct horse", iterations: 100_000 };
/** A short text under the key, as letters, with the 16 bytes that it is checked by. */
const HIDDEN = /^[\w-]{22,40}$/;
const HIDDEN_REASON = /^sealed:[\w-]{22,40}$/;
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
/** All that is said there, bytes as letters. */
const textOf = (shown: unknown) =>
  JSON.stringify(shown, (_, value) => (value instanceof Uint8Array ? String.fromCharCode(...value) : value));

test("of a message its state, attempts, priority and times are read as they are, and nothing that was written", async () => {
  const before = Date.now();
  const deliverAt = before + 60_000;
  const given = { priority: 7, groupId: "secret", deliverAt, headers: { secret: "secret" }, deduplicationId: "secret" };
  const { id } = await letters.send("secret", given);
  const [message] = await waiting();
  expect(message).toMatchObject({
    ...{ id, state: "delayed", attempts: 0, redelivered: false, priority: 7, headers: {}, deliverAt, expiresAt: null },
    groupId: expect.stringMatching(HIDDEN),
    body: expect.any(Uint8Array),
  });
  expect(textOf(message)).not.toContain("secret");
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
  expect(reasons).toEqual(reasons.map(() => expect.stringMatching(HIDDEN_REASON)));
  expect([reasons.length, new Set(reasons).size]).toEqual([3, 2]);
});

test("reasons of the library's own are read as they are", async () => {
  await letters.send(1);
  await ((await letters.receive())[0] as Delivery).retry({ reason: "secret" });
  const [dead] = await seen({ op: "dead-letters", queue: "letters", max: 1 });
  const sealed = { name: "sealed", message: expect.stringMatching(/^[\w-]+$/) };
  expect(dead).toMatchObject({ reason: "max-deliveries", error: sealed });
  expect(atob(dead?.error?.message.replaceAll("-", "+").replaceAll("_", "/") ?? "")).not.toContain("secret");
});

test("names of queues, topics and schedules, settings, and labels of clients are read as they are", async () => {
  await (await connection.openTopic("news")).subscription("all", { maxMessages: 17 });
  await letters.schedules.upsert("nightly", { everyMs: 3_600_000 }, "secret");
  const plain = await connect({ storage: "memory", database });
  const { queues, topics, clients } = await plain.inspect();
  expect(queues.map(({ name }) => name).sort()).toEqual(["letters", "news/all"]);
  expect(topics).toMatchObject([{ name: "news", subscriptions: { all: {} } }]);
  expect(clients.map(({ label }) => label)).toContain("Checkout");
  expect((await stranger.link.call<{ settings: object }>({ op: "stats", queue: "news/all" })).settings).toMatchObject({
    maxMessages: 17,
  });
  const { messages } = await stranger.link.call<{ messages: unknown[] }>({ op: "schedules", queue: "letters" });
  expect(messages).toMatchObject([
    { id: "nightly", everyMs: 3_600_000, nextAt: expect.any(Number), body: expect.any(Uint8Array) },
  ]);
  expect(textOf(messages)).not.toContain("secret");
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

test("what was sent while locked is read as that, and which of it one page has sent, and no more", async () => {
  await (await connect({ storage: "memory", database, encryption: paired(() => encryption) })).close();
  await letters.send("secret");
  for (const _ of ["one page", "another"]) {
    const page = await connect({ storage: "memory", database, encryption: paired(never) });
    const sending = await page.openQueue("letters");
    for (const text of ["secret", "secret"]) await sending.send(text);
    await page.close();
  }
  const messages = await waiting();
  expect(messages.map(({ body }) => body[0])).toEqual([1, 2, 2, 2, 2]);
  const senders = messages.slice(1).map(({ body }) => body.subarray(2, 2 + PUBLIC_BYTES).join());
  expect([senders[0], senders[2]]).toEqual([senders[1], senders[3]]);
  expect(senders[2]).not.toBe(senders[0]);
  expect(textOf(messages)).not.toContain("secret");
});
