import { afterEach, expect, test } from "vitest";
import { type Connection, connect } from "../../src/index.js";
import { plant, plantedOf } from "../unit/encryption/planting.js";
import { settled, withDatabase } from "./store-harness.js";

const connections: Connection[] = [];
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

/** All records of a database, bytes as the texts they are, perhaps. */
async function textOf(database: string): Promise<string> {
  const records = await withDatabase(database, (db) => {
    const stores = [...db.objectStoreNames];
    const transaction = db.transaction(stores);
    return Promise.all(stores.map((name) => settled(transaction.objectStore(name).getAll())));
  });
  const decoder = new TextDecoder();
  return JSON.stringify(records, (_, value) => {
    if (value instanceof Map || value instanceof Set) return [...value];
    return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? decoder.decode(value) : value;
  });
}

test("a queue that is encrypted leaves nothing readable in its database", { timeout: 60_000 }, async () => {
  const database = `encrypting-${Date.now()}`;
  const plain = await connect({ database });
  connections.push(plain);
  await plant(plain, "encrypting");
  const planted = plantedOf("encrypting");
  const readable = async () => {
    const text = await textOf(database);
    return planted.filter((word) => text.includes(word));
  };
  expect((await readable()).length).toBeGreaterThan(10);
  const connection = await connect({ database, encryption: { generate: true } });
  connections.push(connection);
  const encrypted: string[] = [];
  for (const { name } of await connection.queues()) {
    await connection.encrypt(name, { onProgress: ({ done }) => done > 0 && encrypted.push(name) });
  }
  expect([...new Set(encrypted)].sort()).toEqual(["letters", "news/all", "others"]);
  expect(await readable()).toEqual([]);
  const letters = await connection.openQueue("letters");
  expect((await letters.deadLetters.list()).length).toBeGreaterThan(0);
  expect(await letters.schedules.list()).toMatchObject([{ id: "hourly" }]);
});
