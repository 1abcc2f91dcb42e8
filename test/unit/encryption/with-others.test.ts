// Encrypted queues and what stands on them: inspectors, bridges, backups, bodies, and rights on a server.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exportQueue, importQueue } from "../../../src/backup.js";
import { bridge, toQueue } from "../../../src/bridge.js";
import { type Connection, type ConnectOptions, connect, type Encryption } from "../../../src/index.js";
import { liveSource } from "../../../src/integrations/inspector/source.js";
import { serve } from "../../../src/server.js";
import { streamOf, textOf } from "../integrations/text-streams.js";
import { aesKey, asking, isPending, never, paired } from "./asking.js";

const key = await aesKey();
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

test("a backup of what was sent while locked waits for the key, and comes back, also where it is locked again", async () => {
  const where = (name: string) => ({ storage: "memory", database: `with-others-${++count}-${name}` }) as const;
  const [from, to] = [where("from"), where("to")];
  await reach({ ...from, encryption: paired(() => key) });
  const { ask, answer } = asking();
  const letters = await (await reach({ ...from, encryption: paired(ask) })).openQueue<unknown>("letters");
  const sent = [
    { body: { n: 1 }, headers: { kind: "note" }, priority: 7 },
    { body: { n: 2 }, headers: {}, priority: 4 },
    { body: new Map([["n", 3]]), headers: {}, priority: 4 },
  ];
  await letters.sendBatch(sent);
  const exporting = textOf(exportQueue(letters));
  expect(await isPending(exporting)).toBe(true);
  answer(key);
  const text = await exporting;

  const own = { key: await aesKey() };
  const unlocked = await reach({ ...to, encryption: paired(() => own.key) });
  const restoring = await (await reach({ ...to, encryption: paired(never) })).openQueue<unknown>("letters");
  expect(await importQueue(restoring, streamOf(text))).toEqual({ imported: 3, skipped: 0, complete: true });
  const restored = await unlocked.openQueue<unknown>("letters");
  expect(await restored.peek()).toMatchObject(sent);
  // Encrypted, and begun again: each once. What it is known by takes the key.
  const sealed = await textOf(exportQueue(letters, { encryption: own }));
  const again = await unlocked.openQueue<unknown>("again");
  for (const known of [0, 3])
    expect(await importQueue(again, streamOf(sealed), { encryption: own, once: true })).toMatchObject({
      ...{ imported: 3 - known, known, complete: true },
    });
  expect(await again.peek()).toMatchObject(sent);
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

describe("on a server", () => {
  const denied = { code: "denied", detail: { verb: "manage" } };
  const RIGHTS = {
    manager: { "*": ["send", "consume", "manage"] },
    sender: { letters: ["send"], drafts: ["send", "peek"] },
    receiver: { letters: ["consume"] },
  } as const;
  type Who = keyof typeof RIGHTS;
  let server: Awaited<ReturnType<typeof serve>>;
  beforeEach(async () => {
    server = await serve({
      port: 0,
      memory: true,
      authorize: ({ token }) => ({ client: token ?? "", queues: RIGHTS[token as Who] }),
    });
  });
  afterEach(() => server.close());
  const as = async (who: Who, given: Encryption = encryption) => {
    const connection = await connect({ url: `${server.url}/mq/shop`, token: () => who, encryption: given });
    connections.push(connection);
    return connection;
  };

  test("who only sends or only receives opens an encrypted queue as every other, and works with it", async () => {
    await (await as("manager")).openQueue("letters");
    const sending = await (await as("sender")).openQueue("letters");
    await sending.send("word", { groupId: "a" });
    const receiving = await (await as("receiver")).openQueue("letters");
    const [delivery] = await receiving.receive({ waitMs: 5_000 });
    expect(delivery).toMatchObject({ body: "word", groupId: "a" });
    await delivery?.ack();
  });

  test("it takes the right to manage a queue to encrypt it, and to give the database a key", async () => {
    await expect(as("sender")).rejects.toMatchObject(denied);
    const manager = await as("manager");
    await manager.openQueue("letters");
    const sender = await as("sender");
    // One that is not there yet, and one that is there and holds nothing.
    await expect(sender.openQueue("drafts")).rejects.toMatchObject(denied);
    await (await reach({ url: `${server.url}/mq/shop`, token: () => "manager" })).openQueue("drafts");
    await expect(sender.openQueue("drafts")).rejects.toMatchObject(denied);
    await expect(sender.encrypt("drafts")).rejects.toMatchObject(denied);
    expect(await (await manager.openQueue("drafts")).stats()).toMatchObject({ ready: 0 });
    await sender.openQueue("drafts");
  });

  test("nobody without that right changes the key, or is refused for what only others may raise", async () => {
    const weak = { password: "correct horse", iterations: 100_000 };
    const strong = { password: "correct horse", iterations: 100_001 };
    const manager = await as("manager", weak);
    await (await manager.openQueue("letters")).send("word");
    const receiver = await as("receiver", strong);
    expect(await (await receiver.openQueue("letters")).receive({ waitMs: 5_000 })).toMatchObject([{ body: "word" }]);
    await expect(receiver.rekey({ password: "other" })).rejects.toMatchObject(denied);
    await expect(receiver.shred()).rejects.toMatchObject(denied);
    await expect(receiver.openQueue("letters", { maxDeliveries: 3 })).rejects.toMatchObject(denied);
    await as("manager", weak);
  });
});
