import { afterEach, expect, test, vi } from "vitest";
import { destroyGenerated, isDestroyed } from "../../src/encryption/generated-key.js";
import { type Connection, connect, type Encryption } from "../../src/index.js";
import { deferred } from "../../src/link/rpc/deferred.js";

const connections: Connection[] = [];
const reach = async (database: string, encryption: Encryption) => {
  const connection = await connect({ database, encryption });
  connections.push(connection);
  return connection;
};
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

const storedKey = async (database: string): Promise<CryptoKey | undefined> => {
  const keys = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open("originmq-keys");
    opening.onsuccess = () => resolve(opening.result);
  });
  const stored = await new Promise<CryptoKey | undefined>((resolve) => {
    const asked = keys.transaction("keys").objectStore("keys").get(`indexeddb:${database}`);
    asked.onsuccess = () => resolve(asked.result);
  });
  keys.close();
  return stored;
};
/** The keys of the origin answer late, the time after so many times: as on a disk that is busy. */
function slowKeys(times: number) {
  const asked = deferred();
  const answer = deferred();
  const { open } = IDBFactory.prototype;
  let count = 0;
  vi.spyOn(IDBFactory.prototype, "open").mockImplementation(function (this: IDBFactory, ...given) {
    const request = open.apply(this, given);
    if (given[0] !== "originmq-keys" || count++ !== times) return request;
    asked.resolve();
    return new Proxy(request, {
      get: (target, name) => Reflect.get(target, name, target),
      set: (target, name, listener: () => void) =>
        Reflect.set(target, name, name === "onsuccess" ? () => answer.promise.then(listener) : listener, target),
    });
  });
  return { asked: asked.promise, answer: answer.resolve };
}
/** Resolves once it is done, or waits for its turn. */
const isDoneOrWaits = async (database: string, work: Promise<unknown>) => {
  let isDone = false;
  void work.then(() => {
    isDone = true;
  });
  const isWaiting = async () =>
    (await navigator.locks.query()).pending?.some(({ name }) => name === `originmq:indexeddb:${database}:key`);
  await expect.poll(async () => isDone || (await isWaiting()), { timeout: 10_000 }).toBe(true);
};
const aesKey = () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

test("a key that the origin makes is the same for every connection, and is not extractable", async () => {
  const database = `generated-${Date.now()}`;
  const both = await Promise.all([reach(database, { generate: true }), reach(database, { generate: true })]);
  const [one, other] = await Promise.all(both.map((connection) => connection.openQueue("letters")));
  await one?.send("hidden");
  expect((await other?.peek())?.map(({ body }) => body)).toEqual(["hidden"]);
  expect((await storedKey(database))?.extractable).toBe(false);
  await expect(reach(database, { key: await aesKey() })).rejects.toMatchObject({ code: "wrong-key" });
});

test("it is destroyed at log-out, over two connections, and the next one is another", async () => {
  const database = `shredded-${Date.now()}`;
  const [here, there] = [await reach(database, { generate: true }), await reach(database, { generate: true })];
  const letters = await there.openQueue("letters");
  await letters.send("gone");
  const consumer = letters.consume(() => new Promise(() => {}));
  const told = new Promise((resolve) => there.addEventListener("shredded", resolve));
  const ended = expect(consumer.closed).rejects.toMatchObject({ code: "shredded" });
  await here.shred();
  await told;
  await ended;
  await expect(letters.send("late")).rejects.toMatchObject({ code: "shredded" });
  expect(await storedKey(database)).toBeUndefined();
  expect(await isDestroyed(`indexeddb:${database}`)).toBe(false);
  const next = await (await reach(database, { generate: true })).openQueue("letters");
  expect(await next.peek()).toEqual([]);
  await next.send("new");
  expect((await next.peek()).map(({ body }) => body)).toEqual(["new"]);
});

test.each(["the same", "another"])(
  "a key that was destroyed takes with it what it had encrypted, whoever opens the database next: by %s way",
  async (way) => {
    const database = `half-shredded-${way}-${Date.now()}`;
    const first = await reach(database, { generate: true });
    await (await first.openQueue("letters")).send("gone");
    await first.close();
    // Where the first step of `shred` is the last one that was taken.
    await destroyGenerated(`indexeddb:${database}`, true);
    const next = await reach(database, way === "another" ? { key: await aesKey() } : { generate: true });
    expect(await next.queues()).toEqual([]);
    expect(await isDestroyed(`indexeddb:${database}`)).toBe(false);
    const letters = await next.openQueue("letters");
    await letters.send("new");
    expect((await letters.peek()).map(({ body }) => body)).toEqual(["new"]);
  },
);

test("what is left of the destroying of one key destroys no other", async () => {
  const database = `left-over-${Date.now()}`;
  await (await reach(database, { generate: true })).shred();
  // Where all but the last step of `shred` was taken.
  await destroyGenerated(`indexeddb:${database}`, true);
  for (const body of ["first", "second"]) {
    const connection = await reach(database, { generate: true });
    const letters = await connection.openQueue("letters");
    await letters.send(body);
    expect(await isDestroyed(`indexeddb:${database}`)).toBe(false);
    await connection.close();
  }
  const letters = await (await reach(database, { generate: true })).openQueue("letters");
  expect((await letters.peek()).map(({ body }) => body)).toEqual(["first", "second"]);
});

test("one that no longer opens the database is not kept", async () => {
  const database = `rewrapped-${Date.now()}`;
  const connection = await reach(database, { generate: true });
  await (await connection.openQueue("letters")).send("kept");
  const key = await aesKey();
  await connection.rekey({ key });
  expect(await storedKey(database)).toBeUndefined();
  const letters = await (await reach(database, { key })).openQueue("letters");
  expect((await letters.peek()).map(({ body }) => body)).toEqual(["kept"]);
});

test("of two that change it at once, one away from it and one back to it, none loses what opens the database", async () => {
  const database = `both-rekey-${Date.now()}`;
  const [first, key] = [await reach(database, { generate: true }), await aesKey()];
  await (await first.openQueue("letters")).send("kept");
  // It is read, and then, when another one opens the database, it is to be deleted.
  const { asked, answer } = slowKeys(1);
  const away = first.rekey({ key });
  await asked;
  const back = (await reach(database, { key })).rekey({ generate: true });
  await isDoneOrWaits(database, back);
  answer();
  await Promise.all([away, back]);
  const letters = await (await reach(database, { generate: true })).openQueue("letters");
  expect((await letters.peek()).map(({ body }) => body)).toEqual(["kept"]);
});

test("who destroys it when another one has, and has opened the database anew, does not destroy the new one", async () => {
  const database = `both-shred-${Date.now()}`;
  const [first, second] = [await reach(database, { generate: true }), await reach(database, { generate: true })];
  const { asked, answer } = slowKeys(0);
  const late = first.shred();
  await asked;
  const anew = second.shred().then(async () => {
    const next = await reach(database, { generate: true });
    await (await next.openQueue("letters")).send("new");
  });
  await isDoneOrWaits(database, anew);
  answer();
  await Promise.all([late, anew]);
  const letters = await (await reach(database, { generate: true })).openQueue("letters");
  expect((await letters.peek()).map(({ body }) => body)).toEqual(["new"]);
});
