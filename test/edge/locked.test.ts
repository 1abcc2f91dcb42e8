// What is sent over a server while the key is waited for, by clients that outlive the server's process, or come only then.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { connect, type EncryptedConnection } from "../../src/index.js";
import { aesKey, asking, never, paired, told } from "../unit/encryption/asking.js";
import { hasServer, startServerProcess } from "./server-process.js";

const key = await aesKey();
const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

const textOf = (n: number) => `rhubarb-${n}-custard`;

describe.skipIf(!hasServer)("over a server that is killed while a client is locked", () => {
  test("what is sent is durable, hidden in the server's files, and there in order, each once, when the key comes", async () => {
    const server = await startServerProcess({ reconnectMs: 1_000 });
    ends.push(() => server.close());
    const reach = async (ask: Parameters<typeof paired>[0]): Promise<EncryptedConnection> => {
      const connection = await connect({ url: `${server.url}/mq/shop`, encryption: paired(ask) });
      ends.push(() => connection.close({ force: true }));
      return connection;
    };
    const first = await reach(() => key);
    await (await first.openQueue("letters")).send(textOf(0));
    await first.close();

    const { ask, answer } = asking();
    const connection = await reach(ask);
    const heard = told(connection);
    const letters = await connection.openQueue<string>("letters");
    const seen: string[] = [];
    letters.consume(({ body }) => void seen.push(body));
    const sends: Promise<unknown>[] = [];
    const send = async (count: number) => {
      for (let i = 0; i < count; i++) {
        sends.push(letters.send(textOf(1 + sends.length)));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    for (let round = 0; round < 2; round++) {
      await send(40);
      await server.kill();
      // To nobody, for now.
      await send(10);
      await server.restart();
    }
    // Who comes only now finds what it takes to send.
    const late = await reach(never);
    expect(late.locked).toBe(true);
    await (await late.openQueue("others")).send(textOf(999));
    await Promise.all(sends);
    expect([connection.locked, heard, seen]).toEqual([true, [undefined], []]);
    expect(await letters.stats()).toMatchObject({
      ready: sends.length + 1,
      leased: 0,
      totals: { accepted: sends.length + 1 },
    });

    await server.kill();
    const files = readdirSync(server.directory).map((name) => readFileSync(join(server.directory, name)));
    expect(files.some((file) => file.includes("letters"))).toBe(true);
    for (const part of ["rhubarb-", "-custard"]) expect(files.some((file) => file.includes(part))).toBe(false);
    await server.restart();

    answer(key);
    const all = Array.from({ length: sends.length + 1 }, (_, n) => textOf(n));
    await expect.poll(() => seen, { timeout: 20_000 }).toEqual(all);
    expect(await (await connection.openQueue("others")).peek()).toMatchObject([{ body: textOf(999) }]);
    expect(heard).toEqual([undefined, "unlocked"]);
  });
});
