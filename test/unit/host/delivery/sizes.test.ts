// What leaves together is bounded by what it really holds, not by the first of it.

import { expect, test } from "vitest";
import { connect } from "../../../../src/index.js";
import type { HandOut } from "../../../../src/link/rpc/wire.js";
import { sendOf, startHost } from "../world.js";

const MB = 1_000_000;
const lengthOf = (texts: readonly unknown[]) => texts.reduce((sum: number, text) => sum + (text as string).length, 0);

async function hostWithLargeMessages() {
  const world = await startHost();
  const client = await world.connect("a");
  await client.submit(sendOf(1, "small"));
  for (let number = 2; number <= 22; number++) await client.submit(sendOf(number, "x".repeat(MB)));
  return { ...world, client };
}

test("one small message in front of many large ones does not let all of them leave in one hand-out", async () => {
  const { host, client } = await hostWithLargeMessages();
  const request = { op: "receive", waiter: "w", queue: "q", max: 100, waitMs: 0, mode: "receive" } as const;
  const taken = await client.link.call<HandOut>(request);
  expect(taken.seqs).toEqual([1, 5]);
  expect(lengthOf(taken.bodies as readonly unknown[])).toBeLessThan(5 * MB);
  await host.close();
});

test("what does not fit into a hand-out is not overtaken by a smaller one behind it", async () => {
  const world = await startHost();
  const client = await world.connect("a");
  await client.submit(sendOf(1, "x".repeat(3 * MB)));
  await client.submit(sendOf(2, "x".repeat(3 * MB)));
  await client.submit(sendOf(3, "small"));
  const receive = (waiter: string) =>
    client.link.call<HandOut>({ op: "receive", waiter, queue: "q", max: 100, waitMs: 0, mode: "receive" });
  expect((await receive("1")).seqs).toEqual([1, 1]);
  expect((await receive("2")).seqs).toEqual([2, 2]);
  await world.host.close();
});

test("a message larger than any hand-out may be is handed out alone", async () => {
  const world = await startHost();
  const client = await world.connect("a");
  await client.submit(sendOf(1, "x".repeat(6 * MB)));
  await client.submit(sendOf(2, "small"));
  const request = { op: "receive", waiter: "w", queue: "q", max: 100, waitMs: 0, mode: "receive" } as const;
  expect((await client.link.call<HandOut>(request)).seqs).toEqual([1, 1]);
  await world.host.close();
});

test("a page of messages says that it was cut, and a client that does not know of pages gets all it asked for", async () => {
  const { host, connect: connectRaw, client } = await hostWithLargeMessages();
  const request = { op: "peek", queue: "q", max: 100, states: ["ready"] } as const;
  const page = await (await connectRaw("b", { minor: 3 })).link.call(request);
  expect(page).toMatchObject({ isCut: true, messages: { length: 5 } });
  expect(await client.link.call(request)).toHaveLength(22);
  await host.close();
});

test("a caller who peeks gets as many messages as it asked for, in as many answers as they need", async () => {
  const connection = await connect({ storage: "memory", database: "peeked" });
  const queue = await connection.openQueue<string>("q");
  for (let i = 0; i < 12; i++) await queue.send(`${i}`.padEnd(MB));
  const numbers = async (given: Parameters<typeof queue.peek>[0]) =>
    (await queue.peek(given)).map(({ body }) => Number(body));
  expect(await numbers({})).toEqual(Array.from({ length: 12 }, (_, i) => i));
  expect(await numbers({ max: 7 })).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const died = queue.consume((delivery) => delivery.deadLetter("tried"), { concurrency: 12 });
  await expect.poll(async () => (await queue.stats()).dead).toBe(12);
  await died.stop();
  expect((await queue.deadLetters.list()).map(({ body }) => Number(body))).toHaveLength(12);
  await connection.close();
});
