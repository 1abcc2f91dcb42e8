// What is sent over a server while the key is waited for.

import { expect, test } from "vitest";
import type { EncryptedConnection } from "../../../src/index.js";
import { startFaultyLine } from "../../edge/proxy.js";
import { aesKey, asking, isPending, never, paired, told } from "../encryption/asking.js";
import { atEnd, join, startServer } from "./world.js";

const key = await aesKey();
const RIGHTS = {
  manager: { "*": ["send", "consume", "peek", "manage"] },
  sender: { letters: ["send"] },
} as const;

/** Its database has a pair, and an encrypted queue. */
async function start() {
  const server = await startServer({
    reconnectMs: 15_000,
    authorize: ({ token }) => ({ client: token ?? "", queues: RIGHTS[token as keyof typeof RIGHTS] }),
  });
  const line = await startFaultyLine(server.url);
  atEnd(() => line.close());
  const as = async (who: keyof typeof RIGHTS, ask: Parameters<typeof paired>[0]) =>
    (await join(`${line.url}/mq/shop`, { token: () => who, encryption: paired(ask) })) as EncryptedConnection;
  const manager = await as("manager", () => key);
  return { line, as, manager, letters: await manager.openQueue<unknown>("letters") };
}

test("who may only send does so before there is a key, over a line that is cut, in order; who has it receives it", async () => {
  const { line, as, letters } = await start();
  const sender = await as("sender", never);
  const heard = told(sender);
  const sending = await sender.openQueue<unknown>("letters");
  const sends: Promise<unknown>[] = [];
  for (let n = 0; n < 60; n++) {
    sends.push(n % 3 === 0 ? sending.sendBatch([{ body: n }]) : sending.send(n));
    if (n % 10 === 9) line.cut();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(sends);
  expect(line.count).toBeGreaterThan(4);
  expect([sender.locked, heard]).toEqual([true, [undefined]]);
  const seen: unknown[] = [];
  await letters.consumeUntilEmpty(({ body }) => void seen.push(body));
  expect(seen).toEqual(Array.from({ length: 60 }, (_, n) => n));
  expect(await letters.deadLetters.list()).toEqual([]);
});

test("who is unlocked over another line than it began with receives all, in order, and sends what had waited", async () => {
  const { line, as, letters } = await start();
  const { ask, answer } = asking();
  const connection = await as("manager", ask);
  const own = await connection.openQueue<unknown>("letters");
  await own.send("first");
  const seen: unknown[] = [];
  own.consume(({ body }) => void seen.push(body));
  const grouped = own.send("second", { groupId: "g" });
  line.cut();
  await letters.send("from elsewhere");
  // And nothing was handed to who could not open it.
  const { ready, leased, totals } = await own.stats();
  expect([await isPending(grouped), seen, ready, leased, totals.deliveries]).toEqual([true, [], 2, 0, 0]);
  line.cut();
  answer(key);
  await grouped;
  await expect.poll(() => seen, { timeout: 10_000 }).toEqual(["first", "from elsewhere", "second"]);
  expect([ask.mock.calls.length, connection.locked]).toEqual([1, false]);
});
