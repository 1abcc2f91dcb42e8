// Encrypted queues and what stands on them: inspectors, bridges, backups, bodies, and rights on a server.

import { afterEach, expect, test } from "vitest";
import { exportQueue } from "../../../src/backup.js";
import { bridge, toQueue } from "../../../src/bridge.js";
import { type Connection, type ConnectOptions, connect } from "../../../src/index.js";
import { liveSource } from "../../../src/integrations/inspector/source.js";
import { serve } from "../../../src/server.js";

const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const encryption = { key };
let count = 0;
const connections: Connection[] = [];
const reach = async (options: ConnectOptions): Promise<Connection> => {
  const connection = await connect(options);
  connections.push(connection);
  return connection;
};
const reachBoth = async () => {
  const where = { storage: "memory", database: `with-others-${++count}` } as const;
  return { having: await reach({ ...where, encryption }), without: await reach(where) };
};
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

test("an inspector without the key shows how many messages there are, and none of them; with it what was sent", async () => {
  const { having, without } = await reachBoth();
  await (await having.openQueue("letters")).send({ secret: "word" });
  const source = (connection: Connection) => liveSource(connection, (name) => connection.openQueue(name));
  const inspection = await source(without).inspect();
  expect(JSON.stringify(inspection)).toContain('"letters"');
  expect(JSON.stringify(inspection)).not.toContain("secret");
  await expect(source(without).readQueue("letters")).rejects.toMatchObject({ code: "encrypted" });
  expect(JSON.stringify(await source(without).journal())).not.toContain("secret");
  const queue = await source(having).readQueue("letters");
  expect(await queue.peek({ max: 1 })).toMatchObject([{ body: { secret: "word" } }]);
});

test("a bridge and a backup need the key, and write what is not encrypted", async () => {
  const { having, without } = await reachBoth();
  const letters = await having.openQueue("letters");
  await letters.send({ secret: "word" }, { groupId: "a", headers: { kind: "note" } });
  let text = "";
  for await (const chunk of exportQueue(letters)) text += chunk;
  expect(text).toContain('"secret":"word"');
  await expect(without.openQueue("letters")).rejects.toMatchObject({ code: "encrypted" });
  const copies = await without.openQueue("copies");
  const forwarding = bridge(letters, toQueue(copies));
  await expect
    .poll(() => copies.peek(), { timeout: 10_000 })
    .toMatchObject([{ body: { secret: "word" }, groupId: "a", headers: { kind: "note" } }]);
  await forwarding.close();
});

test("platform objects are no bodies of an encrypted queue, and are named; files come back", async () => {
  const { having } = await reachBoth();
  const letters = await having.openQueue<{ part: unknown }>("letters");
  await expect(letters.send({ part: key })).rejects.toMatchObject({
    code: "not-cloneable",
    message: expect.stringContaining("body.part is a CryptoKey"),
    detail: { path: "body.part" },
  });
  await letters.send({ part: new File(["word"], "a.txt", { type: "text/plain", lastModified: 5 }) });
  const [got] = await letters.receive({ waitMs: 5_000 });
  const file = got?.body.part as File;
  expect([file.name, file.type, file.lastModified, await file.text()]).toEqual(["a.txt", "text/plain", 5, "word"]);
});

test("on a server it takes the right to manage a queue to open it with a key, and to give the database one", async () => {
  const rights = { uses: ["send", "consume"], manages: ["send", "consume", "manage"] } as const;
  const server = await serve({
    port: 0,
    memory: true,
    authorize: ({ token }) => ({ client: token ?? "", queues: { letters: rights[token as keyof typeof rights] } }),
  });
  try {
    const url = `${server.url}/mq/shop`;
    const as = (token: keyof typeof rights) => reach({ url, token: () => token, encryption });
    await expect(as("uses")).rejects.toMatchObject({ code: "denied" });
    const manager = await as("manages");
    const user = await as("uses");
    const letters = await manager.openQueue("letters");
    await letters.send("word");
    expect(await letters.receive({ waitMs: 5_000 })).toMatchObject([{ body: "word" }]);
    await expect(user.openQueue("letters")).rejects.toMatchObject({ code: "denied" });
  } finally {
    await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
    await server.close();
  }
});
