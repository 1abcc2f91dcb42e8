import { expect, test } from "vitest";
import { connect } from "../../src/index.js";

test("a key that the origin makes is the same for every connection, and is not extractable", async () => {
  const database = `generated-${Date.now()}`;
  const how = { database, encryption: { generate: true } } as const;
  const both = await Promise.all([connect(how), connect(how)]);
  const [one, other] = await Promise.all(both.map((connection) => connection.openQueue("letters")));
  await one?.send("hidden");
  expect((await other?.peek())?.map(({ body }) => body)).toEqual(["hidden"]);
  const keys = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open("originmq-keys");
    opening.onsuccess = () => resolve(opening.result);
  });
  const stored = await new Promise<CryptoKey>((resolve) => {
    const asked = keys.transaction("keys").objectStore("keys").get(`indexeddb:${database}`);
    asked.onsuccess = () => resolve(asked.result);
  });
  expect(stored.extractable).toBe(false);
  keys.close();
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await expect(connect({ database, encryption: { key } })).rejects.toMatchObject({ code: "wrong-key" });
  await Promise.all(both.map((connection) => connection.close()));
});
