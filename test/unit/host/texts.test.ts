// Texts on the wire: who gets them, and what becomes of those that are none.

import { afterEach, describe, expect, test } from "vitest";
import { MINOR_COLUMNS } from "../../../src/core/spec/version.js";
import type { Column, HandOut, NumberedCommand } from "../../../src/link/rpc/wire.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { startHosts } from "../client/client-fixture.js";
import { sendOf, sendTexts, startHost, type TestHost } from "./world.js";

const opened: { close(): Promise<void> }[] = [];
const start = async (parts?: Parameters<typeof startHost>[0]): Promise<TestHost> => {
  const world = await startHost(parts);
  opened.push(world.host);
  return world;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((host) => host.close()));
});

const receive = { op: "receive", waiter: "w", queue: "q", max: 10, waitMs: 0, mode: "receive" } as const;
const peek = { op: "peek", queue: "q", max: 10, states: ["ready"] } as const;
const consume = { op: "consume", consumer: "c", queue: "q", prefetch: 10 } as const;
const MAP = new Map([["tea", 2]]);

describe("a client", () => {
  test("of an earlier minor version gets values, pushed, received and peeked", async () => {
    const world = await start();
    const sender = await world.connect("today", { minor: MINOR_COLUMNS });
    const reader = await world.connect("yesterday", { minor: 1 });
    const bodies = [{ n: 1 }, "a\nb"];
    const texts = '{"n":1}\n"a\\nb"';
    await sender.submit(sendTexts(1, texts));
    expect(await reader.link.call<{ body: unknown }[]>(peek)).toMatchObject(bodies.map((body) => ({ body })));
    expect((await reader.link.call<HandOut>(receive)).bodies).toEqual(bodies);
    await reader.link.call(consume);
    await sender.submit(sendTexts(2, texts));
    await expect.poll(() => reader.pushed.map((handOut) => handOut.bodies)).toEqual([bodies]);
  });

  test("of this one gets texts as they were sent, and peeks at values", async () => {
    const world = await start();
    const client = await world.connect("today", { minor: MINOR_COLUMNS });
    const texts = '{"n":1}\n"a\\nb"';
    await client.submit(sendTexts(1, texts));
    expect(await client.link.call<{ body: unknown }[]>(peek)).toMatchObject([{ body: { n: 1 } }, { body: "a\nb" }]);
    expect((await client.link.call<HandOut>(receive)).bodies).toBe(texts);
    await client.link.call(consume);
    await client.submit(sendTexts(2, texts));
    await expect.poll(() => client.pushed.map((handOut) => handOut.bodies)).toEqual([texts]);
  });

  test("gets texts and values as values where one hand-out has both", async () => {
    const world = await start();
    const client = await world.connect("today", { minor: MINOR_COLUMNS });
    await client.submit(sendTexts(1, "1\n2"), sendOf(2, MAP), sendTexts(3, "[4]"));
    expect((await client.link.call<HandOut>(receive)).bodies).toEqual([1, 2, MAP, [4]]);
  });
});

describe("texts of which the segments say another number", () => {
  const segment = { count: 2, priority: 4 };
  test.each<[string, string, NumberedCommand["command"]]>([
    ["too few", "1 bodies", sendTexts(1, "1", 2).command],
    ["too many", "3 bodies", sendTexts(1, "1\n2\n3", 2).command],
    ["an empty line too many", "3 bodies", sendTexts(1, "1\n2\n", 2).command],
    ["nothing", "1 bodies", sendTexts(1, "", 2).command],
    ["nothing for nothing", "1 bodies", { ...sendTexts(1, "").command, segments: [] } as NumberedCommand["command"]],
    ["too few for a topic", "1 bodies", { type: "publish", topic: "t", segments: [segment], bodies: "1" }],
    [
      "too few in a transaction",
      "1 bodies",
      { type: "transaction", sends: [{ queue: "q", segments: [segment], bodies: "1" }], settlements: [] },
    ],
    ["more than a request may carry", "at most", sendTexts(1, "1\n".repeat(100_000), 2).command],
    ["no text and no array", "lines of text", { ...sendTexts(1, "1").command, bodies: 7 } as never],
    ["a schedule's, which has one value", "bodies", scheduleWith('"tick"' as never)],
  ])("are refused, and the host goes on: %s", async (_, named, command) => {
    const world = await start();
    const client = await world.connect("foreign", { minor: MINOR_COLUMNS });
    const { outcomes } = await client.submit({ number: 1, command }, sendTexts(2, '"still works"'));
    expect(outcomes).toMatchObject([
      { ok: false, code: "invalid-argument", message: expect.stringContaining(named) },
      { ok: true },
    ]);
    expect(await client.link.call(peek)).toMatchObject([{ body: "still works" }]);
  });
});

function scheduleWith(bodies: Column<unknown>): NumberedCommand["command"] {
  const spec = { everyMs: 1_000, catchUp: "one", priority: 4 } as const;
  return { type: "schedule", queue: "q", id: "s", spec, bodies: bodies as never };
}

describe("a text that is no JSON, from a foreign client,", () => {
  const GOOD_AND_BAD = '1\n{"n":\n\n3';
  const startBoth = async () => {
    const hosts = await startHosts();
    opened.push(hosts);
    const foreign = await hosts.current.connect("foreign", { minor: MINOR_COLUMNS });
    return { hosts, foreign };
  };

  test("is peeked at as undefined, and those beside it are seen", async () => {
    const { hosts, foreign } = await startBoth();
    await foreign.submit(sendTexts(1, GOOD_AND_BAD));
    const queue = await hosts.connect().connection.openQueue<unknown>("q");
    expect((await queue.peek()).map(({ body }) => body)).toEqual([1, undefined, undefined, 3]);
  });

  test.each([
    ["a handler of its own", undefined],
    ["a schema", { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const],
  ])("fails each attempt of %s and ends as a dead letter; those beside it are handled", async (_, schema) => {
    const { hosts, foreign } = await startBoth();
    await foreign.submit(sendTexts(1, GOOD_AND_BAD));
    const { connection } = hosts.connect();
    const backoff = { type: "fixed", baseMs: 1 } as const;
    const queue = await connection.openQueue<unknown>("q", { maxDeliveries: 2, backoff, ...(schema && { schema }) });
    const seen: unknown[] = [];
    queue.consume(({ body }) => void seen.push(body), { concurrency: 2 });
    await expect.poll(async () => (await queue.stats()).dead).toBe(2);
    expect(seen.sort()).toEqual([1, 3]);
    const dead = await queue.deadLetters.list();
    expect(dead).toMatchObject([1, 2].map(() => ({ attempts: 2, error: { name: "SyntaxError" } })));
    expect(dead.map(({ body }) => body)).toEqual([undefined, undefined]);
    await queue.send("still works");
    await expect.poll(() => seen).toContain("still works");
  });

  test("can be settled by whoever takes it by hand, without looking at it", async () => {
    const { hosts, foreign } = await startBoth();
    await foreign.submit(sendTexts(1, "no json"));
    const queue = await hosts.connect().connection.openQueue<unknown>("q");
    const [delivery] = await queue.receive();
    expect(() => delivery?.body).toThrow(SyntaxError);
    await delivery?.deadLetter("no JSON");
    expect(await queue.deadLetters.list()).toMatchObject([{ reason: "no JSON" }]);
  });

  test("is undefined for a client of an earlier version", async () => {
    const { hosts, foreign } = await startBoth();
    await foreign.submit(sendTexts(1, GOOD_AND_BAD));
    const reader = await hosts.current.connect("yesterday", { minor: 1 });
    expect((await reader.link.call<HandOut>(receive)).bodies).toEqual([1, undefined, undefined, 3]);
  });

  test("is undefined where it goes out, or is rewritten, with values", async () => {
    const { foreign, hosts } = await startBoth();
    await foreign.submit(sendTexts(1, GOOD_AND_BAD), sendOf(2, MAP));
    const queue = await hosts.connect().connection.openQueue<unknown>("q");
    expect((await queue.receive({ max: 10 })).map(({ body }) => body)).toEqual([1, undefined, undefined, 3, MAP]);
  });

  test("is no answer: the right one, beside it, is", async () => {
    const { hosts, foreign } = await startBoth();
    const { connection, name } = hosts.connect();
    const queue = await connection.openQueue<unknown>("q");
    const answered = queue.request("ping", { timeoutMs: 10_000 });
    await expect.poll(async () => (await queue.stats()).ready).toBe(1);
    const reply = (number: number, bodies: string): NumberedCommand => {
      const segments = [{ count: bodies.split("\n").length, priority: 4 }];
      return { number, command: { type: "send", queue: `originmq:replies:${name}`, atomic: true, segments, bodies } };
    };
    const [asked] = await queue.receive();
    const request = asked?.headers["originmq-request"];
    const right = JSON.stringify({ request, value: "pong" });
    expect((await foreign.submit(reply(1, `no json\nnull\n7\n${right}`))).outcomes).toMatchObject([{ ok: true }]);
    expect(await answered).toBe("pong");
    await asked?.ack();
  });
});

test("bodies of one command that come back from the store by many batches keep their texts", async () => {
  const disk = createMemoryDisk();
  const world = await start({ store: createMemoryStore({ disk }) });
  const client = await world.connect("today", { minor: MINOR_COLUMNS });
  const lines = Array.from({ length: 9 }, (_, n) => JSON.stringify({ n, text: "x".repeat(30_000) }));
  await client.submit(sendTexts(1, lines.join("\n")));
  expect([...disk.bodies.values()].map(({ bodies }) => (bodies as string).split("\n").length)).toEqual([4, 4, 1]);
  expect((await client.link.call<HandOut>(receive)).bodies).toBe(lines.join("\n"));
});

test("texts that a rewrite joins stay texts", async () => {
  const disk = createMemoryDisk();
  const world = await start({ store: createMemoryStore({ disk }), checkpointRecords: 20 });
  const client = await world.connect("today", { minor: MINOR_COLUMNS });
  for (let n = 1; n <= 60; n++) await client.submit(sendTexts(n, `{"n":${n}}`));
  const joined = () => [...disk.bodies.values()].find(({ seqs }) => seqs !== undefined);
  await expect.poll(joined).toMatchObject({ encoding: "json", bodies: expect.stringContaining('{"n":1}\n{"n":2}\n') });
  const { bodies } = await client.link.call<HandOut>({ ...receive, max: 100 });
  expect(bodies).toBe(Array.from({ length: 60 }, (_, i) => `{"n":${i + 1}}`).join("\n"));
});
