// What a client was handed by an earlier host counts like what this one hands it.

import { expect, test } from "vitest";
import { receiverOf } from "../../../../src/client/connection/receiver.js";
import { QueueError } from "../../../../src/core/spec/errors.js";
import { HOLDINGS_MESSAGES_MAX } from "../../../../src/core/spec/limits.js";
import type { HandOut } from "../../../../src/link/rpc/wire.js";
import { startHosts } from "../../client/client-fixture.js";

const never = () => new Promise<void>(() => {});

test("a consumer with a long handler holds no more than its prefetch, however often the host changes", async () => {
  const hosts = await startHosts();
  const { connection } = hosts.connect();
  const queue = await connection.openQueue<number>("q");
  await queue.sendBatch(Array.from({ length: 10 }, (_, body) => ({ body })));
  queue.consume(never);
  await expect.poll(async () => (await queue.stats()).leased).toBe(1);
  for (let change = 0; change < 3; change++) {
    await hosts.change();
    await queue.send(change);
    await queue.send(change);
    expect((await queue.stats()).leased).toBe(1);
  }
  await hosts.close();
});

test("each consumer of a queue goes on with what it holds itself, and takes as much more as it has room for", async () => {
  const hosts = await startHosts();
  const { connection } = hosts.connect();
  const queue = await connection.openQueue<number>("q");
  const seen: string[] = [];
  await queue.send(1);
  queue.consume(() => never(), { prefetch: 1 });
  await expect.poll(async () => (await queue.stats()).leased).toBe(1);
  queue.consume(({ body }) => void seen.push(`second: ${body}`), { prefetch: 1 });
  await hosts.change();
  await queue.send(2);
  await expect.poll(() => seen).toEqual(["second: 2"]);
  expect((await queue.stats()).leased).toBe(1);
  await hosts.close();
});

test("what a client of an earlier build holds fills up its consumers of that queue, one after the other", async () => {
  const hosts = await startHosts();
  const send = async (count: number) => {
    const sender = await hosts.current.connect("sender");
    const bodies = Array.from({ length: count }, (_, i) => i);
    const segments = [{ count, priority: 4 }];
    const number = send.numbers++;
    await sender.submit({ number, command: { type: "send", queue: "q", atomic: true, segments, bodies } });
  };
  send.numbers = 1;
  await send(10);
  const before = await hosts.current.connect("old");
  const consume = (consumer: string) => ({ op: "consume", consumer, queue: "q", prefetch: 2 }) as const;
  await before.link.call(consume("one"));
  await expect.poll(() => before.pushed.length).toBe(1);
  const { grant, seqs } = before.pushed[0] as HandOut;
  await hosts.change();
  const after = await hosts.current.connect("old", { held: [{ grant, seqs }] });
  await after.link.call(consume("one"));
  await send(1);
  expect(after.pushed).toEqual([]);
  await after.link.call(consume("two"));
  await expect.poll(() => after.pushed.map((handOut) => handOut.seqs)).toEqual([[3, 2]]);
  await hosts.close();
});

test("consumers that ask for more than a client may hold get that much together, and the client lives on", async () => {
  const hosts = await startHosts();
  const { connection, client } = hosts.connect();
  const held = () =>
    receiverOf(client)
      .holdings.report()
      .held.reduce((sum, { seqs }) => sum + seqs.reduce((n, x, i) => n + (i % 2 ? x : 0), 0), 0);
  for (const name of ["a", "b"]) {
    const queue = await connection.openQueue<number>(name, { handlerTimeoutMs: 600_000 });
    await queue.sendBatch(Array.from({ length: HOLDINGS_MESSAGES_MAX / 2 + 1 }, (_, body) => ({ body })));
    queue.consume(never, { prefetch: 60_000 });
  }
  await expect.poll(held, { timeout: 20_000 }).toBe(HOLDINGS_MESSAGES_MAX);
  await hosts.change();
  const queue = await connection.openQueue("c");
  await expect(queue.send(1)).resolves.toMatchObject({ duplicate: false });
  expect(held()).toBe(HOLDINGS_MESSAGES_MAX);
  await hosts.close();
}, 60_000);

test("a client that holds more than a host can be told of lets the rest go", async () => {
  const hosts = await startHosts();
  const { connection, client } = hosts.connect();
  const queue = await connection.openQueue<number>("q");
  await queue.sendBatch([1, 2, 3].map((body) => ({ body })));
  const deliveries = await queue.receive({ max: 3 });
  const reason = new QueueError("lease-lost", "too much");
  expect(
    receiverOf(client)
      .holdings.claim(2, reason)
      .map(({ seqs }) => seqs),
  ).toEqual([[1, 2]]);
  expect(deliveries.map(({ signal }) => signal.aborted)).toEqual([false, false, true]);
  await hosts.close();
});

test("a client to which an earlier build handed more than a host can be told of lives on under the next", async () => {
  const hosts = await startHosts();
  const { connection, client } = hosts.connect();
  const queue = await connection.openQueue<number>("q");
  const column = { terms: "term", attempts: 1, priorities: 4, sentAt: 0, bodies: [] };
  receiverOf(client).holdings.take({ grant: "g", until: 0, seqs: [1, HOLDINGS_MESSAGES_MAX + 2], ...column });
  await hosts.change();
  await expect(queue.send(1)).resolves.toMatchObject({ duplicate: false });
  await hosts.close();
});
