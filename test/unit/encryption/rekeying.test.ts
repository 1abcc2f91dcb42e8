// A password is changed: the key of the database is wrapped with another, and nothing is encrypted anew.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Connection, connect, type EncryptedConnection, type Encryption } from "../../../src/index.js";

const aesKey = async () => ({
  key: await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]),
});
const [old, next, other] = await Promise.all([aesKey(), aesKey(), aesKey()]);
const password = (text: string): Encryption => ({ password: text, iterations: 100_000 });

let database = "";
let count = 0;
const connections: Connection[] = [];
const reach = async (encryption: Encryption): Promise<EncryptedConnection> => {
  const connection = await connect({ storage: "memory", database, encryption });
  connections.push(connection);
  return connection;
};
const bodies = async (connection: Connection) =>
  (await (await connection.openQueue("letters")).peek()).map(({ body }) => body);

beforeEach(() => {
  database = `rekeying-${++count}`;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

test("another password opens it from then on, and the one before no more; nothing is lost", async () => {
  const first = await reach(password("old"));
  const letters = await first.openQueue("letters");
  await letters.send("before", { groupId: "g", headers: { h: "1" } });
  await first.rekey(password("new"));
  await letters.send("after", { groupId: "g" });
  await expect(reach(password("old"))).rejects.toMatchObject({ code: "wrong-key" });
  expect(await bodies(await reach(password("new")))).toEqual(["before", "after"]);
  await first.rekey(next);
  await first.rekey(password("third"));
  expect(await bodies(await reach(password("third")))).toEqual(["before", "after"]);
  await expect(reach(next)).rejects.toMatchObject({ code: "wrong-key" });
});

test("others are told and go on; to change it again they must know it", async () => {
  const [here, there] = [await reach(old), await reach(old)];
  await (await here.openQueue("letters")).send("before");
  const told = vi.fn();
  there.addEventListener("rekeyed", told);
  await here.rekey(next);
  await expect.poll(() => told).toHaveBeenCalledTimes(1);
  await (await there.openQueue("letters")).send("after");
  await expect(there.rekey(other)).rejects.toMatchObject({ code: "wrong-key" });
  expect(await bodies(await reach(next))).toEqual(["before", "after"]);
});

test("who changes it twice at once has it changed twice, in the order of the calls; what was refused stands in nobody's way", async () => {
  const connection = await reach(old);
  await (await connection.openQueue("letters")).send("kept");
  const isNone = {
    key: (await crypto.subtle.generateKey({ name: "AES-CBC", length: 256 }, false, ["encrypt"])) as CryptoKey,
  };
  const changes = [next, isNone, other].map((one) => connection.rekey(one as Encryption));
  expect((await Promise.allSettled(changes)).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(await bodies(await reach(other))).toEqual(["kept"]);
});

test("of two that change it at once one is second, and hears it", async () => {
  const both = [await reach(old), await reach(old)];
  await (await (both[0] as Connection).openQueue("letters")).send("kept");
  const tried = await Promise.allSettled(both.map((one, i) => one.rekey([next, other][i] as Encryption)));
  const done = tried.findIndex(({ status }) => status === "fulfilled");
  expect(tried[1 - done]).toMatchObject({ status: "rejected", reason: { code: "wrong-key" } });
  expect(await bodies(await reach([next, other][done] as Encryption))).toEqual(["kept"]);
});

test("what is stored opens with the one before until the one commit, and with the other after it", async () => {
  const first = await reach(old);
  await (await first.openQueue("letters")).send("kept");
  // The commands that leave meanwhile, but for the changing of the key none: it is all of it.
  const posted: unknown[] = [];
  const { postMessage } = MessagePort.prototype;
  vi.spyOn(MessagePort.prototype, "postMessage").mockImplementation(function (this: MessagePort, ...given: unknown[]) {
    posted.push(given[0]);
    return postMessage.apply(this, given as never);
  });
  await first.rekey(next);
  const commands = posted.map((one) => JSON.stringify(one)).filter((text) => text?.includes('"submit"'));
  expect(commands).toHaveLength(1);
  expect(commands[0]).toContain('"replacing"');
  expect(await bodies(await reach(next))).toEqual(["kept"]);
});

test("the key before is in nothing that is stored any more", async () => {
  const first = await reach(old);
  const letters = await first.openQueue("letters");
  await letters.send("kept");
  const plain = await connect({ storage: "memory", database });
  connections.push(plain);
  const told = async () => (await plain.journal()).commits.flatMap(({ changes }) => changes.map(({ type }) => type));
  expect(await told()).toContain("configured");
  await first.rekey(next);
  expect(await told()).not.toContain("configured");
  expect((await plain.check()).faults).toEqual([]);
});

test("takes what opening takes, and names what is wrong", async () => {
  const first = await reach(next);
  await expect(first.rekey({ password: "" })).rejects.toMatchObject({ code: "invalid-argument" });
  await expect(first.rekey({ generate: true })).rejects.toMatchObject({ code: "unsupported" });
  expect(await bodies(await reach(next))).toEqual([]);
});
