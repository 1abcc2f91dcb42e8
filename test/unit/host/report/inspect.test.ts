// What an inspector learns of a host.

import { expect, test } from "vitest";
import { QueueError } from "../../../../src/core/spec/errors.js";
import type { Inspection } from "../../../../src/link/rpc/inspection.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { type RawClient, sendOf, startHost } from "../world.js";

const inspect = ({ link }: RawClient, match = "") => link.call<Inspection>({ op: "inspect", match });
const sendTo = (queue: string, number: number) =>
  ({
    number,
    command: { type: "send", queue, atomic: true, segments: [{ count: 1, priority: 4 }], bodies: ["x"] },
  }) as const;

test("it shows queues with their statistics, schedules and topics, and no queue of replies", async () => {
  const { host, connect } = await startHost();
  const client = await connect("a", { minor: 4 });
  const spec = { everyMs: 60_000, catchUp: "one", priority: 4 } as const;
  await client.submit(
    sendOf(1, "x", "y"),
    { number: 2, command: { type: "schedule", queue: "q", id: "s", spec, bodies: ["x"] } },
    { number: 3, command: { type: "subscribe", topic: "news", subscription: "eu", filter: { region: "eu" } } },
    { number: 4, command: { type: "configure", queue: "news/eu", settings: {} } },
    sendTo("originmq:replies:a", 5),
  );
  const shown = await inspect(client);
  expect(shown.queues.map(({ name, ready, schedules }) => [name, ready, schedules])).toEqual([
    ["q", 2, 1],
    ["news/eu", 0, 0],
  ]);
  expect(shown.queues[0]).toMatchObject({
    settings: { maxDeliveries: 5 },
    load: { handlers: 0 },
    totals: { accepted: 2 },
  });
  expect(shown).toMatchObject({
    queueCount: 2,
    topics: [{ name: "news", subscriptions: { eu: { region: "eu" } } }],
    host: { kind: "in-process", epoch: 1, build: 1, instance: client.welcome.instance },
  });
  expect(await inspect(client, "new")).toMatchObject({ queues: [{ name: "news/eu" }], queueCount: 1 });
  await client.submit({ number: 6, command: { type: "configure", queue: "news", settings: {} } });
  const namesOf = async (match: string) => (await inspect(client, match)).queues.map(({ name }) => name);
  expect(await namesOf("NEWS")).toEqual(["news/eu", "news"]);
  expect(await namesOf("news")).toEqual(["news", "news/eu"]);
  await host.close();
});

test("it shows who takes what, who holds what and until when, and who is away with something in hand", async () => {
  const { host, connect } = await startHost();
  const a = await connect("a", { minor: 4 });
  await a.submit(sendOf(1, "1", "2", "3"));
  const b = await connect("b", { minor: 4 });
  await b.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 2, concurrency: 1 });
  await expect.poll(() => b.pushed.length, { timeout: 10_000 }).toBe(1);
  await a.link.call({ op: "receive", waiter: "w", queue: "q", max: 1, waitMs: 0, mode: "receive" });
  const held = { queue: "q", suspects: 0, leasedAt: expect.any(Number), until: expect.any(Number) };
  const unknown = { context: null, label: null };
  const [ofA, ofB] = [
    { ...held, count: 1, renewed: false },
    { ...held, count: 2, renewed: true },
  ];
  const before = await inspect(a);
  expect(before.clients).toEqual([
    { id: "a", name: null, ...unknown, connected: true, consumers: [], leases: [ofA] },
    {
      id: "b",
      name: null,
      ...unknown,
      connected: true,
      consumers: [{ queue: "q", prefetch: 2, handlers: 1 }],
      leases: [ofB],
    },
  ]);
  for (const { leases } of before.clients)
    for (const { until, leasedAt } of leases) expect(until - leasedAt).toBe(30_000);
  b.link.close(new QueueError("closed", "gone without a goodbye"));
  await expect
    .poll(async () => (await inspect(a)).clients[1], { timeout: 10_000 })
    .toEqual({ id: "b", name: null, ...unknown, connected: false, consumers: [], leases: [ofB] });
  await host.close();
});

test("it shows every take-over that the journal tells of, with its own as the last", async () => {
  const disk = createMemoryDisk();
  for (let epoch = 1; epoch <= 3; epoch++) {
    const { host, connect } = await startHost({ store: createMemoryStore({ disk }) });
    const client = await connect("a", { minor: 4 });
    await client.submit(sendOf(epoch, "x"));
    const { takeOvers, at } = await inspect(client);
    expect(takeOvers.map(({ epoch }) => epoch)).toEqual([1, 2, 3].slice(0, epoch));
    for (const one of takeOvers) expect(one.at).toBeLessThanOrEqual(at);
    await host.close();
  }
});

test("it shows what a client says of itself, for as long as it is connected", async () => {
  const { host, connect } = await startHost();
  const a = await connect("a", { minor: 4 });
  await a.link.call({ op: "introduce", context: "Window", label: "Checkout" });
  expect((await inspect(a)).clients).toMatchObject([{ id: "a", context: "Window", label: "Checkout" }]);
  const again = await connect("a", { minor: 4 });
  expect((await inspect(again)).clients).toMatchObject([{ id: "a", context: null, label: null }]);
  await host.close();
});
