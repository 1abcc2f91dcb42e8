// A database that is in use while its key is waited for.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { unlock } from "../../../src/encryption/unlock.js";
import {
  type Connection,
  type ConnectOptions,
  connect,
  type EncryptedConnection,
  type Encryption,
  openQueue,
  openTopic,
  type Queue,
} from "../../../src/index.js";
import { aesKey, asking, isPending, paired, told } from "./asking.js";
import { openStranger } from "./stranger.js";

const [key, otherKey] = await Promise.all([aesKey(), aesKey()]);
const FEW = 100_000;

let database = "";
let count = 0;
const closables: { close(options?: { readonly force?: boolean }): Promise<void> }[] = [];
const closed = <T extends (typeof closables)[number]>(one: T): T => {
  closables.push(one);
  return one;
};
const how = () => ({ storage: "memory", database }) as const;
const reach = async (encryption: Encryption, more: ConnectOptions = {}): Promise<EncryptedConnection> =>
  closed(await connect({ ...how(), ...more, encryption }));

/** Whose host lives for as long as a test. */
let plain: Connection;
beforeEach(async () => {
  database = `locked-${++count}`;
  plain = closed(await connect(how()));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(closables.splice(0).map((one) => one.close({ force: true })));
});

const lockedConnection = async (more: ConnectOptions = {}) => {
  const { ask, ...answers } = asking();
  const connection = await reach(paired(ask), more);
  expect(connection.locked).toBe(true);
  return { connection, ask, ...answers };
};
const bodiesOf = async (queue: Queue<unknown>) => (await queue.peek()).map(({ body }) => body);

describe("a database that is locked", () => {
  test("takes what is sent, of which the host sees nothing, and hands it out in order once it is unlocked", async () => {
    const unlocked = await reach(paired(() => key));
    await (await unlocked.openQueue("letters")).send("before");
    const { connection, answer } = await lockedConnection();
    const letters = await connection.openQueue("letters");
    const { id } = await letters.send("first", { priority: 4, headers: { about: "it" } });
    await letters.sendBatch([{ body: "second" }, { body: "third" }]);
    await Promise.all(["fourth", "fifth"].map((body) => letters.send(body)));
    expect(await letters.stats()).toMatchObject({ ready: 6, leased: 0 });
    const stranger = await openStranger(database);
    const { messages } = await stranger.link.call<{ messages: unknown[] }>({
      op: "peek",
      queue: "letters",
      max: 9,
      states: ["ready"],
    });
    await stranger.leave();
    expect(JSON.stringify(messages, (_, value) => (value instanceof Uint8Array ? [...value] : value))).toContain("[2,");
    const text = JSON.stringify(messages, (_, value) =>
      value instanceof Uint8Array ? String.fromCharCode(...value) : value,
    );
    for (const word of ["before", "first", "second", "about"]) expect(text).not.toContain(word);
    const seen: unknown[] = [];
    letters.consume(({ body, headers }) => void seen.push([body, headers.about]));
    const peeked = letters.peek();
    expect(await isPending(peeked)).toBe(true);
    expect([seen, (await letters.stats()).leased]).toEqual([[], 0]);
    answer(key);
    expect((await peeked).find((view) => view.id === id)).toMatchObject({ body: "first", headers: { about: "it" } });
    await letters.whenIdle();
    expect(seen).toEqual([
      ["before", undefined],
      ["first", "it"],
      ...["second", "third", "fourth", "fifth"].map((body) => [body, undefined]),
    ]);
    expect(connection.locked).toBe(false);
    await letters.send("after", { groupId: "g" });
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(7);
  });

  test("is read by who has unlocked it, also before there was a pair, and by nobody who has not", async () => {
    const first = await reach({ key });
    const letters = await first.openQueue("letters");
    const rekeyed = vi.fn();
    first.addEventListener("rekeyed", rekeyed);
    await reach(paired(() => key));
    const { connection } = await lockedConnection();
    const sending = await connection.openQueue("letters");
    const waiting = sending.consume(() => {});
    await sending.sendBatch([1, 2].map((body) => ({ body })));
    await sending.send(new Map([[3, 3]]));
    const seen: unknown[] = [];
    letters.consume(({ body }) => void seen.push(body));
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual([1, 2, new Map([[3, 3]])]);
    await letters.whenIdle();
    expect(await letters.deadLetters.list()).toEqual([]);
    expect([waiting.active, rekeyed.mock.calls]).toEqual([0, []]);
  });

  test("sends what has a group or a deduplication id once it is unlocked, and what was sent behind it in one queue, too", async () => {
    await reach(paired(() => key));
    const { connection, answer } = await lockedConnection();
    const [letters, others] = [await connection.openQueue("letters"), await connection.openQueue("others")];
    const sent = [
      letters.send("first"),
      letters.send("grouped", { groupId: "g" }),
      letters.send("once", { deduplicationId: "d" }),
      letters.sendBatch([{ body: "again", deduplicationId: "d" }]),
      letters.send("last"),
    ];
    await sent[0];
    expect(await Promise.all(sent.map(isPending))).toEqual([false, true, true, true, true]);
    await others.send("of another queue");
    answer(key);
    await Promise.all(sent);
    expect(await letters.peek()).toMatchObject(
      ["first", "grouped", "once", "last"].map((body) => ({ body, groupId: body === "grouped" ? "g" : null })),
    );
  });

  test("takes what is published, scheduled, and sent in a transaction; requests and replacements wait", async () => {
    const unlocked = await reach(paired(() => key));
    const all = await (await unlocked.openTopic("news")).subscription("all");
    const letters = await unlocked.openQueue<unknown>("letters");
    const { connection, answer } = await lockedConnection();
    const sending = await connection.openQueue<unknown>("letters");
    const topic = await connection.openTopic("news");
    await topic.publishBatch([{ body: "published" }, { body: "as well" }]);
    await topic.publish(new Set([1]));
    const [receipt] = await connection.transaction((tx) => void tx.send("letters", "transacted"));
    await sending.schedules.upsert("hourly", { everyMs: 3_600_000 }, "scheduled");
    expect(await bodiesOf(all)).toEqual(["published", "as well", new Set([1])]);
    expect(await bodiesOf(letters)).toEqual(["transacted"]);
    expect(await letters.schedules.list()).toMatchObject([{ body: "scheduled" }]);
    const replaced = sending.replace(receipt?.id as string, "replaced");
    const asked = sending.request("asked", { timeoutMs: 10_000 });
    const published = topic.publish("grouped", { groupId: "g" });
    expect(await Promise.all([replaced, asked, published].map(isPending))).toEqual([true, true, true]);
    answer(key);
    await replaced;
    letters.consume(async ({ body }) => `answer to ${body}`);
    expect(await asked).toBe("answer to asked");
    await published;
    expect(await all.peek()).toMatchObject([{}, {}, {}, { body: "grouped", groupId: "g" }]);
  });

  test("tells that it is, also who comes late, why it stays so, and when it is no more", async () => {
    await reach(paired(() => ({ password: "right", iterations: FEW })));
    const { connection, ask, answer, refuse } = await lockedConnection();
    const letters = await connection.openQueue<unknown>("letters");
    const heard = [connection, letters].map(told);
    const once = vi.fn();
    letters.addEventListener("locked", once, { once: true });
    const removed = vi.fn();
    for (const change of ["addEventListener", "removeEventListener"] as const) connection[change]("locked", removed);
    await expect.poll(() => heard).toEqual([[undefined], [undefined]]);
    removed.mockClear();
    const waiting = letters.peek();
    const { closed: ended } = letters.consume(() => {});
    const wrong = { code: "wrong-key" };
    const refused = [waiting, ended].map((one) => expect(one).rejects.toMatchObject(wrong));
    answer({ password: "wrong", iterations: FEW });
    await Promise.all(refused);
    await letters.send("still taken");
    const dismissed = new Error("dismissed");
    const grouped = letters.send("grouped", { groupId: "g" });
    await expect.poll(() => ask.mock.calls.length).toBe(2);
    refuse(dismissed);
    await expect(grouped).rejects.toBe(dismissed);
    expect(connection.locked).toBe(true);
    const seen: unknown[] = [];
    letters.consume(({ body }) => void seen.push(body));
    await expect.poll(() => ask.mock.calls.length).toBe(3);
    answer({ password: "right", iterations: FEW });
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(["still taken"]);
    const all = [undefined, expect.objectContaining(wrong), dismissed, "unlocked"];
    expect(heard).toEqual([all, all]);
    expect([once.mock.calls.length, removed.mock.calls.length, connection.locked]).toEqual([1, 0, false]);
    // Of a name that could not be hidden nothing is remembered.
    await letters.send("grouped", { groupId: "g" });
  });

  test("is asked for again by who hears that the key was wrong, at once", async () => {
    await reach(paired(() => ({ password: "right", iterations: FEW })));
    const { connection, ask, answer } = await lockedConnection();
    const letters = await connection.openQueue<unknown>("letters");
    const seen: unknown[] = [];
    const read = () => letters.consume(({ body }) => void seen.push(body)).closed;
    letters.addEventListener("locked", ({ detail }) => detail.reason !== undefined && read());
    await letters.send("sent while locked");
    const refused = expect(read()).rejects.toMatchObject({ code: "wrong-key" });
    answer({ password: "wrong", iterations: FEW });
    await refused;
    await expect.poll(() => ask.mock.calls.length, { timeout: 10_000 }).toBe(2);
    answer({ password: "right", iterations: FEW });
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(["sent while locked"]);
  });

  test("a consumer that ends with a wrong key is on the console only where nobody listens, or asks", async () => {
    await reach(paired(() => ({ password: "right", iterations: FEW })));
    const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
    const { connection, ask, answer } = await lockedConnection();
    const letters = await connection.openQueue<unknown>("letters");
    const heard: unknown[] = [];
    const listener = ({ detail }: CustomEvent<{ readonly reason: unknown }>) => heard.push(detail.reason);
    letters.addEventListener("locked", listener);
    const wrong = expect.objectContaining({ code: "wrong-key" });
    letters.consume(() => {});
    answer({ password: "wrong", iterations: FEW });
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual([undefined, wrong]);
    letters.removeEventListener("locked", listener);
    const { closed: ended } = letters.consume(() => {});
    await expect.poll(() => ask.mock.calls.length, { timeout: 10_000 }).toBe(2);
    const refused = expect(ended).rejects.toMatchObject({ code: "wrong-key" });
    answer({ password: "wrong", iterations: FEW });
    await refused;
    expect(complaints).not.toHaveBeenCalled();
    letters.consume(() => {});
    await expect.poll(() => ask.mock.calls.length, { timeout: 10_000 }).toBe(3);
    answer({ password: "wrong", iterations: FEW });
    await expect.poll(() => complaints.mock.calls, { timeout: 10_000 }).toHaveLength(1);
    expect(complaints).toHaveBeenCalledWith('originmq: consume() of queue "letters" has ended:', wrong);
  });

  test("opened by its queue or topic tells so, too, and ends its waiting when it is closed", async () => {
    await reach(paired(() => key));
    const { ask, answer } = asking();
    const letters = closed(await openQueue<unknown>("letters", { ...how(), encryption: paired(ask) }));
    const heard = told(letters);
    await letters.send("first");
    await expect.poll(() => heard).toEqual([undefined]);
    answer(key);
    expect(await bodiesOf(letters)).toEqual(["first"]);
    expect(heard).toEqual([undefined, "unlocked"]);
    const locked = closed(await openQueue<unknown>("letters", { ...how(), encryption: paired(asking().ask) }));
    const topic = closed(await openTopic("news", { ...how(), encryption: paired(asking().ask) }));
    const consumer = locked.consume(() => {});
    const waiting = [locked.send("grouped", { groupId: "g" }), locked.peek(), locked.receive()];
    const published = topic.publish("grouped", { groupId: "g" });
    const ended = [...waiting, published].map((one) => expect(one).rejects.toMatchObject({ code: "closed" }));
    await Promise.all([locked.close(), topic.close()]);
    await Promise.all(ended);
    await consumer.closed;
    const { connection } = await lockedConnection();
    const queue = await connection.openQueue("letters");
    const sent = expect(queue.send("grouped", { groupId: "g" })).rejects.toMatchObject({ code: "closed" });
    const encrypting = expect(connection.encrypt("others")).rejects.toMatchObject({ code: "closed" });
    await connection.close();
    await Promise.all([sent, encrypting]);
    expect(await bodiesOf(letters)).toEqual(["first"]);
  });

  test("is none that nobody has asked it of before: that one is waited for, as ever, and then it is", async () => {
    const { ask, answer } = asking();
    const first = reach(paired(ask));
    expect(await isPending(first)).toBe(true);
    expect(await plain.queues()).toEqual([]);
    answer(key);
    expect((await first).locked).toBe(false);
    const { connection } = await lockedConnection();
    expect(connection.locked).toBe(true);
  });

  test("keeps what was sent through a change of the password meanwhile, here or elsewhere", async () => {
    const unlocked = await reach(paired(() => key));
    const { connection, ask, answer } = await lockedConnection();
    const letters = await connection.openQueue<unknown>("letters");
    await letters.send("first");
    await unlocked.rekey({ key: otherKey });
    await letters.send("second");
    const waiting = letters.peek();
    answer(key);
    await expect(waiting).rejects.toMatchObject({ code: "wrong-key" });
    const peeked = letters.peek();
    await expect.poll(() => ask.mock.calls.length).toBe(2);
    answer(otherKey);
    expect((await peeked).map(({ body }) => body)).toEqual(["first", "second"]);
    await connection.rekey({ password: "third", iterations: FEW });
    const next = await lockedConnection();
    const again = await next.connection.openQueue<unknown>("letters");
    await again.send("third");
    const rekeyed = next.connection.rekey({ key });
    next.answer({ password: "third", iterations: FEW });
    await rekeyed;
    expect(await bodiesOf(again)).toEqual(["first", "second", "third"]);
  });

  test("is destroyed without its key, and nothing is sent to it then", async () => {
    const unlocked = await reach(paired(() => key));
    const both = [await lockedConnection(), await lockedConnection()] as const;
    const [here, there] = await Promise.all(both.map(({ connection }) => connection.openQueue("letters")));
    const topic = await both[1].connection.openTopic("news");
    await there?.send("gone");
    const nothing = { code: "shredded" };
    const waiting = [there?.peek(), there?.consume(() => {}).closed, topic.publish("grouped", { groupId: "g" })];
    const refused = waiting.map((one) => expect(one).rejects.toMatchObject(nothing));
    const heard = told(both[1].connection);
    await both[0].connection.shred();
    await Promise.all(refused);
    for (const call of [() => here?.send("late"), () => there?.send("late"), () => topic.publish("late")])
      await expect(call()).rejects.toMatchObject(nothing);
    both[1].answer(key);
    await expect(there?.peek()).rejects.toMatchObject(nothing);
    expect(heard).toEqual([undefined]);
    expect(await plain.queues()).toEqual([]);
    await expect(unlocked.openQueue("letters")).rejects.toMatchObject(nothing);
    // Whoever comes next makes another key, to which none of them has a part.
    expect((await reach(paired(() => otherKey))).locked).toBe(false);
  });

  test("goes on where the signal that gave up connecting aborts later, locked or not, and hears what becomes of its key", async () => {
    const unlocked = await reach(paired(() => key));
    const controller = new AbortController();
    const { connection, answer } = await lockedConnection({ signal: controller.signal });
    const letters = await connection.openQueue<unknown>("letters");
    await letters.send("first");
    controller.abort();
    answer(key);
    expect(await bodiesOf(letters)).toEqual(["first"]);
    const shredded = new Promise((resolve) => connection.addEventListener("shredded", resolve));
    await unlocked.shred();
    await shredded;
  });

  test.each<[string, unknown, string]>([
    ["anything but send", { key: () => key, whileLocked: "receive" }, "encryption.whileLocked"],
    ["a key that is there", { key, whileLocked: "send" }, "encryption.whileLocked"],
    ["a password", { password: "p", whileLocked: "send" }, "encryption.whileLocked"],
  ])("is not for %s", async (_, encryption, name) => {
    const message = expect.stringContaining(name);
    await expect(reach(encryption as Encryption)).rejects.toMatchObject({ code: "invalid-argument", message });
    const unlocked = await reach({ key });
    await expect(unlocked.rekey(paired(() => key))).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("what is sent while it is locked", () => {
  test("of a database that an earlier build has encrypted is none: it is waited for, and stays as they read it", async () => {
    let stored: string | undefined;
    const never = () => Promise.reject(new Error("never"));
    const write = async (record: string) => {
      stored = record;
    };
    const theirs = {
      name: "theirs",
      form: 2,
      read: async () => stored,
      write,
      canDestroy: never,
      destroy: never,
    } as const;
    await unlock(theirs, { key });
    const stranger = await openStranger(database);
    const read = async () =>
      (await stranger.link.call<{ settings: { encryption: string } }>({ op: "stats", queue: "originmq:key" })).settings
        .encryption;
    await stranger.submit({
      type: "configure",
      queue: "originmq:key",
      settings: {},
      sealed: stored as unknown as string,
    });
    await (await (await reach(paired(() => key))).openQueue("letters")).send("sealed with the key");
    const { ask, answer } = asking();
    const opening = reach(paired(ask));
    expect(await isPending(opening)).toBe(true);
    answer(key);
    expect((await opening).locked).toBe(false);
    expect(await read()).toBe(stored);
    const message = await stranger.stored("letters");
    expect(message.body[0]).toBe(1);
    await stranger.leave();
  });

  test("opens with the key that it was sealed for, and with none that came after that was destroyed", async () => {
    let stored: string | undefined;
    const never = () => Promise.reject(new Error("never"));
    const write = async (record: string) => {
      stored = record;
    };
    const store = { name: "own", read: async () => stored, write, canDestroy: never, destroy: never };
    const gone = { code: "shredded" };
    await expect(unlock(store, { key }, { id: "gone" })).rejects.toMatchObject(gone);
    expect(stored).toBeUndefined();
    const { keyring } = await unlock(store, { key });
    await expect(unlock(store, { key }, { id: "gone" })).rejects.toMatchObject(gone);
    await unlock(store, { key }, { id: keyring.id });
  });

  test("is noticed where it was sealed for another than the database: its pair was exchanged", async () => {
    await reach(paired(() => key));
    const stranger = await openStranger(database);
    const read = async () =>
      (await stranger.link.call<{ settings: { encryption: string } }>({ op: "stats", queue: "originmq:key" })).settings
        .encryption;
    const exchange = async (sealed: string) =>
      stranger.submit({ type: "configure", queue: "originmq:key", settings: {}, sealed, replacing: await read() });
    const authentic = await read();
    const other = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
    const raw = Buffer.from(await crypto.subtle.exportKey("raw", other.publicKey)).toString("base64url");
    const { pair, ...rest } = JSON.parse(authentic);
    await exchange(JSON.stringify({ ...rest, pair: { ...pair, public: raw } }));
    const { connection, answer } = await lockedConnection();
    const letters = await connection.openQueue("letters");
    await letters.send("for another");
    const waiting = letters.peek();
    answer(key);
    await expect(waiting).rejects.toMatchObject({ code: "tampered" });
    // Put back, as if nothing had been.
    await exchange(authentic);
    const again = letters.peek();
    answer(key);
    await expect(again).rejects.toMatchObject({ code: "tampered" });
    const unlocked = await (await reach({ key })).openQueue("letters");
    expect(await unlocked.receive()).toEqual([]);
    expect(await unlocked.deadLetters.list()).toMatchObject([{ body: undefined, reason: "tampered" }]);
    await exchange(JSON.stringify({ ...rest, pair: { ...pair, public: "AAAA" } }));
    await expect(reach({ key })).rejects.toMatchObject({ code: "tampered" });
    await exchange(JSON.stringify(rest));
    await unlocked.send("after");
    expect(await bodiesOf(unlocked)).toEqual(["after"]);
    await stranger.leave();
  });
});
