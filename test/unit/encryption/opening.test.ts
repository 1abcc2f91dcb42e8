// Who gets into an encrypted database, and who does not.

import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type AskedKey,
  type Connection,
  connect,
  type EncryptedConnection,
  type Encryption,
  openQueue,
  openTopic,
} from "../../../src/index.js";
import { deferred } from "../../../src/link/rpc/deferred.js";
import { iterationsAsked } from "./iterations-asked.js";

const aesKey = (usages: KeyUsage[] = ["encrypt", "decrypt"]) =>
  crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, usages);
const key = (await aesKey()) as CryptoKey;
const otherKey = (await aesKey()) as CryptoKey;
const onlyEncrypts = await aesKey(["encrypt"]);
const FEW = 100_000;

const connections: Connection[] = [];
let database = "";
let count = 0;
const newDatabase = () => {
  database = `opening-${++count}`;
};
const reach = async (encryption?: Encryption) => {
  const connection = await connect({ storage: "memory", database, ...(encryption && { encryption }) });
  connections.push(connection);
  return connection;
};

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

describe("an encrypted database", () => {
  test("opens with the same key only: with another nothing is touched", async () => {
    newDatabase();
    const queue = await (await reach({ key })).openQueue("letters");
    await queue.send("dear", { groupId: "g" });
    await expect(reach({ key: otherKey })).rejects.toMatchObject({ code: "wrong-key" });
    await expect(reach({ password: "p", iterations: FEW })).rejects.toMatchObject({
      code: "wrong-key",
      message: expect.stringContaining("encrypted with the key, and the password was given"),
    });
    const [delivery] = await (await (await reach({ key })).openQueue("letters")).receive();
    expect(delivery).toMatchObject({ body: "dear", groupId: "g" });
  });

  test("opens with a key that another device has wrapped for this one", async () => {
    newDatabase();
    const rsa = { name: "RSA-OAEP", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
    const pair = await crypto.subtle.generateKey(rsa, false, ["wrapKey", "unwrapKey"]);
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
    await (await (await reach({ key: made })).openQueue("letters")).send("dear");
    const wrapped = await crypto.subtle.wrapKey("raw", made, pair.publicKey, "RSA-OAEP");
    const uses: KeyUsage[] = ["encrypt", "decrypt"];
    const own = await crypto.subtle.unwrapKey("raw", wrapped, pair.privateKey, "RSA-OAEP", "AES-GCM", false, uses);
    const [delivery] = await (await (await reach({ key: own })).openQueue("letters")).receive();
    expect(delivery?.body).toBe("dear");
  });

  test("has one key, however many come first at once", async () => {
    newDatabase();
    const keep = await reach();
    const tried = await Promise.allSettled([reach({ key }), reach({ key: otherKey }), reach({ key })]);
    const opened = tried.filter(({ status }) => status === "fulfilled");
    expect([1, 2]).toContain(opened.length);
    for (const one of tried) {
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "wrong-key" });
    }
    await keep.close();
  });

  test("opens with its password, whose iterations are stored, and raised by who wants more", async () => {
    newDatabase();
    const first = await reach({ password: "Å secret", iterations: FEW });
    await (await first.openQueue("letters")).send(1);
    await expect(reach({ password: "wrong", iterations: FEW })).rejects.toMatchObject({ code: "wrong-key" });
    // As another keyboard types it.
    const second = await reach({ password: "Å secret".normalize("NFD"), iterations: FEW + 1 });
    expect((await (await second.openQueue("letters")).peek()).map(({ body }) => body)).toEqual([1]);
    const third = await reach({ password: "Å secret", iterations: FEW });
    expect((await (await third.openQueue("letters")).peek()).map(({ body }) => body)).toEqual([1]);
    // Who had it open goes on.
    await (await first.openQueue("letters")).send(2);
  });

  test("asks for no more iterations than a stranger may, unless who opens it has said as many", async () => {
    newDatabase();
    const asked = iterationsAsked();
    const many = { password: "p", iterations: 20_000_000 };
    await reach(many);
    await expect(reach({ password: "p" })).rejects.toMatchObject({
      code: "wrong-key",
      message: expect.stringContaining("takes 20000000 iterations, and 10000000 are done at most"),
    });
    await reach(many);
    expect(asked).toEqual([20_000_000, 20_000_000]);
    vi.restoreAllMocks();
  });

  test("makes a key of its own only where it can keep it", async () => {
    newDatabase();
    await expect(reach({ generate: true })).rejects.toMatchObject({
      code: "unsupported",
      detail: { missing: ["IndexedDB"] },
    });
  });

  test.each<[string, unknown, string]>([
    ["nothing", {}, "encryption"],
    ["null", null, "encryption"],
    ["two ways", { key, password: "p" }, "encryption"],
    ["a key for something else", { key: "secret" }, "encryption.key"],
    ["a key that cannot decrypt", { key: onlyEncrypts }, "encryption.key"],
    ["no generating", { generate: false }, "encryption.generate"],
    ["an empty password", { password: "" }, "encryption.password"],
    ["too few iterations", { password: "p", iterations: 1 }, "encryption.iterations"],
    ["iterations without a password", { key, iterations: FEW }, "encryption.iterations"],
    ["an unknown way", { secret: "p" }, "secret"],
  ])("refuses %s as a key, naming it", async (_, encryption, name) => {
    newDatabase();
    const opening = connect({ storage: "memory", database, encryption: encryption as Encryption });
    await expect(opening).rejects.toMatchObject({ code: "invalid-argument", message: expect.stringContaining(name) });
  });

  test.each<[string, unknown]>([
    ["half a surrogate pair", "half\ud800"],
    ["the other half", "half\udc00"],
    ["more than may be", "half".repeat(10_000)],
    ["a number", 123_456],
  ])("refuses a password with %s, and says nothing of it", async (_, password) => {
    newDatabase();
    const opening = reach({ password, iterations: FEW } as Encryption);
    const message = "encryption.password must be well-formed text of 1 to 10000 characters";
    await expect(opening).rejects.toMatchObject({ code: "invalid-argument", message });
  });

  test.each<[string, unknown]>([
    ["encryption", "correct horse"],
    ["encryption.key", { key: "correct horse" }],
    ["encryption.key()", { key: () => "correct horse" }],
  ])("does not repeat a secret that is given as %s", async (name, encryption) => {
    newDatabase();
    const thrown = await reach(encryption as Encryption).catch((error) => error);
    expect(thrown).toMatchObject({ code: "invalid-argument", detail: { name } });
    expect(thrown.message).not.toContain("horse");
  });

  test("takes a password with whole surrogate pairs", async () => {
    newDatabase();
    await reach({ password: "\u{1f511}", iterations: FEW });
    await expect(reach({ password: "\u{1f510}", iterations: FEW })).rejects.toMatchObject({ code: "wrong-key" });
  });

  test.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["a text", () => "secret"],
    ["a key that cannot decrypt", () => onlyEncrypts],
    ["an empty password", () => ({ password: "" })],
    ["another function", () => ({ key: () => key })],
  ])("refuses %s as the answer of a function", async (_, ask) => {
    newDatabase();
    const opening = connect({ storage: "memory", database, encryption: { key: ask } as Encryption });
    await expect(opening).rejects.toMatchObject({ code: "invalid-argument" });
  });

  test("is not opened without a key where one is required, and no queue is made", async () => {
    newDatabase();
    const how = { storage: "memory", database } as const;
    const required = { ...how, encryption: "required" } as const;
    const refused = { code: "encrypted", message: expect.stringContaining('encryption is "required"') };
    await expect(connect(required)).rejects.toMatchObject(refused);
    await expect(openQueue("letters", required)).rejects.toMatchObject(refused);
    await expect(openTopic("news", required)).rejects.toMatchObject(refused);
    const without = await reach();
    await expect(without.openQueue("letters", { encryption: "required" })).rejects.toMatchObject({
      code: "encrypted",
      message: 'queue "letters" is to be encrypted, and this connection was opened without a key',
      detail: { queue: "letters" },
    });
    expect(await without.queues()).toEqual([]);
    const letters = await (await reach({ key })).openQueue("letters", { encryption: "required" });
    await letters.send("hidden");
    await expect(without.openQueue("letters")).rejects.toMatchObject({ code: "encrypted" });
    const wrong = { encryption: "wanted" } as unknown as { encryption: "required" };
    await expect(without.openQueue("letters", wrong)).rejects.toMatchObject({ code: "invalid-argument" });
  });

  test("is not for connections that are lazy, nor for queues that are local first", async () => {
    newDatabase();
    const how = { storage: "memory", database, encryption: { key } } as const;
    await expect(connect({ ...how, lazy: true })).rejects.toMatchObject({ detail: { name: "lazy" } });
    await expect(openQueue("q", { ...how, lazy: true })).rejects.toMatchObject({ detail: { name: "lazy" } });
    const local = openQueue("q", { url: "wss://h/mq/d", local: true, encryption: { key } });
    await expect(local).rejects.toMatchObject({ code: "invalid-argument", detail: { name: "encryption" } });
  });
});

describe("a function that asks the application", () => {
  const asked = () => {
    const { promise, resolve, reject } = deferred<AskedKey>();
    promise.catch(() => {});
    return { key: vi.fn(() => promise), resolve, reject };
  };

  test("is asked once a connection, and until it answers what opens waits, and the database is nobody's", async () => {
    newDatabase();
    const keep = await reach();
    const { key: ask, resolve } = asked();
    let opened: Connection | undefined;
    const opening = reach({ key: ask }).then((connection) => {
      opened = connection;
      return connection;
    });
    const sent = opening.then((connection) => connection.openQueue("letters")).then((letters) => letters.send("dear"));
    await expect.poll(() => ask.mock.calls.length, { timeout: 10_000 }).toBe(1);
    expect(await keep.queues()).toEqual([]);
    expect(opened).toBeUndefined();
    resolve({ password: "correct horse", iterations: FEW });
    await sent;
    await (await opening).openQueue("others");
    const again = await reach({ key: async () => ({ password: "correct horse", iterations: FEW }) });
    expect((await (await again.openQueue("letters")).peek()).map(({ body }) => body)).toEqual(["dear"]);
    expect(ask).toHaveBeenCalledOnce();
  });

  test("may answer with a key, and with another one than was asked for before: that is refused", async () => {
    newDatabase();
    const first = await reach({ key: () => key });
    await expect(reach({ key: async () => otherKey })).rejects.toMatchObject({ code: "wrong-key" });
    await (first as EncryptedConnection).rekey({ key: async () => otherKey });
    await reach({ key: otherKey });
  });

  test("that fails, or is waited for no longer, leaves nothing behind", async () => {
    newDatabase();
    const keep = await reach();
    const { key: ask, reject } = asked();
    const failing = reach({ key: ask });
    const dismissed = new Error("dismissed");
    reject(dismissed);
    await expect(failing).rejects.toBe(dismissed);
    const controller = new AbortController();
    const never = vi.fn(() => new Promise<AskedKey>(() => {}));
    const how = { storage: "memory", database, encryption: { key: never } } as const;
    const waiting = connect({ ...how, signal: controller.signal });
    waiting.catch(() => {});
    await expect.poll(() => never.mock.calls.length, { timeout: 10_000 }).toBe(1);
    controller.abort(dismissed);
    await expect(waiting).rejects.toBe(dismissed);
    expect(await keep.queues()).toEqual([]);
    await reach({ key });
  });
});

describe("an encrypted queue", () => {
  const openBoth = async () => {
    newDatabase();
    const [with_, without] = [await reach({ key }), await reach()];
    return { with_, without };
  };

  test("is not opened without its key, by name", async () => {
    const { with_, without } = await openBoth();
    await with_.openQueue("letters");
    await expect(without.openQueue("letters")).rejects.toMatchObject({
      code: "encrypted",
      message: 'queue "letters" is encrypted, and was used without its key',
      detail: { queue: "letters" },
    });
    await (await without.openQueue("others")).send(1);
  });

  test("is none that holds something unencrypted: that one stays what it is", async () => {
    const { with_, without } = await openBoth();
    const plain = await without.openQueue("letters");
    await plain.send("readable");
    await expect(with_.openQueue("letters")).rejects.toMatchObject({ code: "encrypted" });
    await plain.purge();
    const sealed = await with_.openQueue("letters");
    await sealed.send("hidden");
    await expect(plain.send("readable")).rejects.toMatchObject({ code: "encrypted", detail: { queue: "letters" } });
    await expect(plain.receive()).rejects.toMatchObject({ code: "encrypted" });
    await expect(without.transaction((tx) => tx.send("letters", 1))).rejects.toMatchObject({ code: "encrypted" });
    const schedule = plain.schedules.upsert("s", { everyMs: 1_000 }, 1);
    await expect(schedule).rejects.toMatchObject({ code: "encrypted" });
    const [{ id } = { id: "" }] = await sealed.peek();
    await expect(plain.replace(id, 1)).rejects.toMatchObject({ code: "encrypted" });
    expect((await sealed.peek()).map(({ body }) => body)).toEqual(["hidden"]);
  });

  test("hands nothing to a consumer that was there before it was encrypted", async () => {
    const { with_, without } = await openBoth();
    const plain = await without.openQueue("letters");
    const seen: unknown[] = [];
    plain.consume(({ body }) => void seen.push(body));
    await plain.stats();
    const sealed = await with_.openQueue("letters");
    await sealed.send("hidden");
    const [delivery] = await sealed.receive({ waitMs: 5_000 });
    expect(delivery?.body).toBe("hidden");
    expect(seen).toEqual([]);
  });

  test("tells a lazy consumer without its key so, and hands it nothing", async () => {
    const { with_ } = await openBoth();
    const sealed = await with_.openQueue("letters");
    await sealed.send("hidden");
    const lazy = await connect({ storage: "memory", database, lazy: true });
    connections.push(lazy);
    const consumer = (await lazy.openQueue("letters")).consume(() => {});
    await expect(consumer.closed).rejects.toMatchObject({ code: "encrypted" });
    expect((await sealed.stats()).ready).toBe(1);
  });

  test("takes nothing any more from who had it open when it was deleted: its key went with it", async () => {
    const { with_ } = await openBoth();
    const [queue, other] = [await with_.openQueue("letters"), await (await reach({ key })).openQueue("letters")];
    await queue.delete();
    await expect(other.send(1)).rejects.toMatchObject({ code: "encrypted" });
    const again = await with_.openQueue("letters");
    await other.send(1);
    expect((await again.peek()).length).toBe(1);
  });

  test("is sent to by name in a transaction where it was opened", async () => {
    const { with_ } = await openBoth();
    const letters = await with_.openQueue("letters");
    await with_.transaction((tx) => tx.send("letters", "by name", { groupId: "g", headers: { h: "1" } }));
    expect(await letters.peek()).toMatchObject([{ body: "by name", groupId: "g", headers: { h: "1" } }]);
    await expect(with_.transaction((tx) => tx.send("unopened", 1))).resolves.toHaveLength(1);
  });

  test("of a topic takes what is published, and no filter on headers", async () => {
    const { with_, without } = await openBoth();
    const topic = await with_.openTopic("news");
    const all = await topic.subscription("all");
    await expect(topic.subscription("eu", { filter: { region: "eu" } })).rejects.toMatchObject({
      code: "encrypted",
      detail: { name: "filter" },
    });
    await topic.publish("hello", { groupId: "g", headers: { region: "eu" } });
    expect(await all.peek()).toMatchObject([{ body: "hello", groupId: "g", headers: { region: "eu" } }]);
    await expect((await without.openTopic("news")).publish("x")).rejects.toMatchObject({ code: "encrypted" });
    const own = await openTopic("news", { storage: "memory", database, encryption: { key } });
    await own.publish("again");
    expect((await all.peek()).map(({ body }) => body)).toEqual(["hello", "again"]);
    await own.close();
  });

  test("takes group ids and reasons that fit once they are hidden", async () => {
    const { with_ } = await openBoth();
    const letters = await with_.openQueue("letters");
    await letters.send(1, { groupId: "é".repeat(88) });
    await expect(letters.send(1, { groupId: "é".repeat(89) })).rejects.toMatchObject({ code: "invalid-argument" });
    const [delivery] = await letters.receive();
    await expect(delivery?.deadLetter("r".repeat(8_000))).rejects.toMatchObject({ code: "invalid-argument" });
  });
});
