import { afterEach, expect, test } from "vitest";
import { type AskedKey, type Connection, connect, type EncryptedConnection } from "../../src/index.js";

const connections: Connection[] = [];
const reach = async (database: string, key: () => AskedKey | Promise<AskedKey>): Promise<EncryptedConnection> => {
  const connection = await connect({ database, encryption: { key, whileLocked: "send" } });
  connections.push(connection);
  return connection;
};
const closeAll = () => Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
afterEach(closeAll);

const never = () => new Promise<AskedKey>(() => {});
const password = () => ({ password: "correct horse", iterations: 100_000 });

test("what is sent while a database is locked is received where it is not, and nowhere else", async () => {
  const database = `locked-${Date.now()}`;
  const unlocked = await reach(database, password);
  const locked = await reach(database, never);
  expect([unlocked.locked, locked.locked]).toEqual([false, true]);
  const [here, there] = await Promise.all([unlocked, locked].map((one) => one.openQueue<unknown>("letters")));
  const waiting = there?.consume(() => {});
  await there?.send("first", { headers: { about: "it" } });
  await there?.sendBatch([{ body: "second" }, { body: new Blob(["third"]) }]);
  const seen: unknown[] = [];
  here?.consume(async ({ body }) => void seen.push(body instanceof Blob ? await body.text() : body));
  await expect.poll(() => seen, { timeout: 10_000 }).toEqual(["first", "second", "third"]);
  expect(waiting?.active).toBe(0);
});

test("what was sent where nothing was unlocked is there in order, once somebody has unlocked it", async () => {
  const database = `locked-alone-${Date.now()}`;
  await (await (await reach(database, password)).openQueue("letters")).send(0);
  await closeAll();
  for (const bodies of [
    [1, 2],
    [3, 4],
  ]) {
    const letters = await (await reach(database, never)).openQueue("letters");
    for (const body of bodies) await letters.send(body);
    await closeAll();
  }
  const connection = await reach(database, password);
  const letters = await connection.openQueue("letters");
  expect((await letters.peek()).map(({ body }) => body)).toEqual([0, 1, 2, 3, 4]);
  expect(connection.locked).toBe(false);
});
