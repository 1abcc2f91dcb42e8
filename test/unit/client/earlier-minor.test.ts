// What came with minor version 3 of the wire, with a host that does not know it: what was never started, what is delivered
// again, and spans that are longer than a timer counts.

import { afterEach, describe, expect, test } from "vitest";
import { type Hosts, startHosts } from "./client-fixture.js";
import { asEarlierHost } from "./earlier-host.js";

const DAY_MS = 86_400_000;

const opened: Hosts[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((hosts) => hosts.close()));
});

const open = async (minor: number) => {
  const hosts = await startHosts();
  opened.push(hosts);
  const seen: unknown[] = [];
  const { connection } = hosts.connect(1, (port) => asEarlierHost(port, minor, seen));
  const commands = () =>
    seen.flatMap((request) => (request as { commands?: { command: Record<string, unknown> }[] }).commands ?? []);
  return { connection, seen, commands: () => commands().map(({ command }) => command) };
};

describe.each([
  [2, undefined],
  [3, true],
])("to a host of minor version %i", (minor, unstarted) => {
  test(`what was never started is given back ${unstarted ? "as that" : "without saying so"}`, async () => {
    const { connection, commands } = await open(minor);
    const queue = await connection.openQueue<number>("q");
    await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
    let end = () => {};
    let started = 0;
    const handler = () => {
      started++;
      return new Promise<void>((resolve) => {
        end = resolve;
      });
    };
    const consumer = queue.consume(handler, { prefetch: 3 });
    await expect.poll(async () => [started, (await queue.stats()).leased]).toEqual([1, 3]);
    consumer.pause();
    await expect.poll(async () => (await queue.stats()).ready).toBe(2);
    end();
    await consumer.stop();
    expect(await queue.stats()).toMatchObject({ ready: 2, leased: 0, totals: { acked: 1 } });
    const verdicts = commands().flatMap(({ settlements = [] }) =>
      (settlements as { verdict: Record<string, unknown> }[]).map(({ verdict }) => verdict),
    );
    const released = { type: "release", ...(unstarted && { unstarted }) };
    expect(verdicts.filter(({ type }) => type === "release")).toStrictEqual([released, released]);
  });

  test("its consumers go on after a change of hosts, with what they hold counted", async () => {
    const { connection } = await open(minor);
    const [hosts] = opened as [Hosts];
    const queue = await connection.openQueue<number>("q");
    const seen: number[] = [];
    const handler = ({ body }: { body: number }) => {
      seen.push(body);
      return new Promise<void>(() => {});
    };
    queue.consume(handler, { concurrency: 2 });
    await queue.send(1);
    await expect.poll(() => seen).toEqual([1]);
    await hosts.change();
    await queue.sendBatch([{ body: 2 }, { body: 3 }]);
    await expect.poll(() => seen).toEqual([1, 2]);
    expect(await queue.stats()).toMatchObject({ ready: 1, leased: 2 });
  });
});

describe("of a host that does not say what is delivered again", () => {
  test("a delivery says whether an attempt has counted", async () => {
    const { connection } = await open(2);
    const queue = await connection.openQueue<number>("q");
    await queue.send(1);
    const [first] = await queue.receive();
    expect(first).toMatchObject({ attempt: 1, redelivered: false });
    await first?.retry({ delayMs: 0 });
    const seen: unknown[] = [];
    queue.consume(({ attempt, redelivered }) => void seen.push({ attempt, redelivered }));
    await expect.poll(() => seen).toEqual([{ attempt: 2, redelivered: true }]);
  });

  test("a view says so too, and does not count the attempt that is under way", async () => {
    const { connection } = await open(2);
    const queue = await connection.openQueue<number>("q");
    const views = async () => (await queue.peek()).map(({ state, redelivered }) => [state, redelivered]);
    await queue.send(1);
    expect(await views()).toEqual([["ready", false]]);
    const [first] = await queue.receive();
    expect(await views()).toEqual([["leased", false]]);
    await first?.retry({ delayMs: 0 });
    expect(await views()).toEqual([["ready", true]]);
    const [second] = await queue.receive({ waitMs: 1_000 });
    expect(await views()).toEqual([["leased", true]]);
    await second?.deadLetter("no");
    expect((await queue.deadLetters.list()).map(({ redelivered }) => redelivered)).toEqual([true]);
  });
});

describe("a span of more than 24.8 days, for a host that takes none", () => {
  test("is an instant where it delays a send", async () => {
    const { connection, commands } = await open(2);
    const queue = await connection.openQueue<number>("q");
    const before = Date.now();
    await Promise.all([
      queue.send(1, { delayMs: 60 * DAY_MS }),
      queue.send(2, { delayMs: 24 * DAY_MS }),
      queue.send(3),
    ]);
    const views = await queue.peek();
    const days = views.map(({ deliverAt }) => deliverAt && Math.round((deliverAt - before) / DAY_MS));
    expect(days).toEqual([60, 24, null]);
    const spans = JSON.stringify(commands()).match(/"delayMs":\d+/g);
    expect(spans).toEqual([`"delayMs":${24 * DAY_MS}`]);
  });

  test("nor fractions in columns: they are rounded up", async () => {
    const { connection } = await open(2);
    const queue = await connection.openQueue<number>("q");
    const batch = [
      { body: 1, delayMs: 60_000.5 },
      { body: 2, delayMs: 60_001.5 },
    ];
    await expect(queue.sendBatch(batch)).resolves.toHaveLength(2);
    const views = await queue.peek({ state: "delayed" });
    expect(views.map(({ deliverAt, sentAt }) => (deliverAt ?? 0) - sentAt)).toEqual([60_001, 60_002]);
  });

  test("is refused where it is a time to live, and nothing beside it", async () => {
    const { connection } = await open(2);
    const queue = await connection.openQueue<number>("q");
    const refused = expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining("ttlMs") });
    const long = { ttlMs: 60 * DAY_MS };
    const sent = await Promise.allSettled([queue.send(1), queue.send(2, long), queue.send(3), queue.pause()]);
    expect(sent.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(sent[1]).toMatchObject({ reason: refused });
    await expect(connection.openQueue("q", long)).rejects.toEqual(refused);
    expect((await queue.peek()).map(({ body }) => body)).toEqual([1, 3]);
  });

  test("is refused where it delays what is settled, and nothing beside it", async () => {
    const { connection } = await open(2);
    const queue = await connection.openQueue<number>("q");
    await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }, { body: 4 }]);
    const [first, second, third, fourth] = await queue.receive({ max: 4 });
    const delayMs = 60 * DAY_MS;
    const settled = await Promise.allSettled([
      first?.ack(),
      second?.retry({ delayMs }),
      third?.release({ delayMs }),
      fourth?.ack(),
    ]);
    const refused = { status: "rejected", reason: expect.objectContaining({ code: "invalid-argument" }) };
    expect(settled).toMatchObject([{ status: "fulfilled" }, refused, refused, { status: "fulfilled" }]);
    expect(await queue.stats()).toMatchObject({ totals: { acked: 2 } });
  });
});
