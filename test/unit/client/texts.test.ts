// Bodies that are plain JSON data travel and lie as text, the others as values. Whoever sends and receives sees no
// difference, however they come together.

import { afterEach, describe, expect, test } from "vitest";
import { type Connection, connect, type Delivery, type Queue } from "../../../src/index.js";
import type { BodyBatch } from "../../../src/store/log-store.js";
import { type Hosts, startHosts } from "./client-fixture.js";
import { asEarlierHost } from "./earlier-host.js";

const opened: Hosts[] = [];
const start = async (...args: Parameters<typeof startHosts>) => {
  const hosts = await startHosts(...args);
  opened.push(hosts);
  return hosts;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((hosts) => hosts.close()));
});

const openQueue = async (hosts: Hosts, name = "q") => hosts.connect().connection.openQueue<unknown>(name);

const encodings = ({ disk }: Hosts) => [...disk.bodies.values()].map(({ encoding }) => encoding);
const bodiesOf = (messages: readonly { readonly body: unknown }[]) => messages.map(({ body }) => body);
const drain = async (queue: Queue<unknown>) => {
  const bodies: unknown[] = [];
  await queue.consumeUntilEmpty(({ body }) => void bodies.push(body));
  return bodies;
};

const MAP = new Map([["tea", 2]]);
const WHEN = new Date(86_400_000);

describe("plain bodies and others", () => {
  test("arrive in order and as they were, sent together or apart, and are shown so before", async () => {
    const hosts = await start();
    const queue = await openQueue(hosts);
    const apart = [{ n: 1 }, MAP, "line\nbreak", null];
    for (const body of apart) await queue.send(body);
    const together = [{ n: 2 }, WHEN, [undefined], { n: 3 }];
    await Promise.all(together.map((body) => queue.send(body)));
    await queue.sendBatch([{ body: { n: 4 } }, { body: "plain" }]);
    await queue.sendBatch([{ body: { n: 5 } }, { body: -0 }]);
    const all = [...apart, ...together, { n: 4 }, "plain", { n: 5 }, -0];
    expect(encodings(hosts)).toEqual(["json", "clone", "json", "json", "clone", "json", "clone"]);
    expect(bodiesOf(await queue.peek())).toStrictEqual(all);
    await hosts.change();
    expect(bodiesOf(await queue.peek())).toStrictEqual(all);
    expect(await drain(queue)).toStrictEqual(all);
  });

  test("are handed out together, texts and values", async () => {
    const hosts = await start();
    const queue = await openQueue(hosts);
    await queue.send({ n: 1 });
    await queue.send(MAP);
    await queue.send({ n: 3 });
    expect(encodings(hosts)).toEqual(["json", "clone", "json"]);
    const taken = await queue.receive({ max: 10 });
    expect(bodiesOf(taken)).toStrictEqual([{ n: 1 }, MAP, { n: 3 }]);
  });

  test("are sent to two queues by one transaction, each as it is", async () => {
    const hosts = await start();
    const { connection } = hosts.connect();
    const [plain, other] = [await connection.openQueue<unknown>("plain"), await connection.openQueue<unknown>("other")];
    await plain.send({ n: 0 });
    const [delivery] = await plain.receive();
    await connection.transaction((tx) => {
      tx.send(plain, { n: 1 }, { headers: { h: "1" } });
      tx.send(other, WHEN);
      tx.send(plain, { n: 2 });
      tx.ack(delivery as Delivery<unknown>);
    });
    expect(await plain.peek()).toMatchObject([{ body: { n: 1 }, headers: { h: "1" } }, { body: { n: 2 } }]);
    expect(bodiesOf(await other.peek())).toStrictEqual([WHEN]);
    await hosts.change();
    expect(await drain(plain)).toStrictEqual([{ n: 1 }, { n: 2 }]);
    expect(await drain(other)).toStrictEqual([WHEN]);
  });

  test("are published to a topic, one stored body for all subscriptions", async () => {
    const hosts = await start();
    const { connection } = hosts.connect();
    const topic = await connection.openTopic<unknown>("t");
    const all = await topic.subscription("all");
    const some = await topic.subscription("some", { filter: { kind: "some" } });
    await topic.publish({ n: 1 }, { headers: { kind: "some" } });
    await topic.publishBatch([{ body: { n: 2 } }, { body: MAP, headers: { kind: "some" } }, { body: { n: 3 } }]);
    expect(encodings(hosts)).toEqual(["json", "clone"]);
    expect(await drain(all)).toStrictEqual([{ n: 1 }, { n: 2 }, MAP, { n: 3 }]);
    expect(await drain(some)).toStrictEqual([{ n: 1 }, MAP]);
  });

  test("replace each other under one deduplication id", async () => {
    const hosts = await start();
    const { connection } = hosts.connect();
    const queue = await connection.openQueue<unknown>("q", { deduplicationMode: "replace" });
    const save = (body: unknown) => queue.send(body, { deduplicationId: "draft" });
    const first = await save({ n: 1 });
    await queue.send("between");
    for (const body of [MAP, { n: 3 }]) {
      expect(await save(body)).toEqual({ id: first.id, duplicate: true });
      expect(bodiesOf(await queue.peek())).toStrictEqual([body, "between"]);
    }
    // In one command: the last one counts, and the new message beside them is stored.
    await Promise.all([save({ n: 4 }), queue.send({ n: 6 }), save({ n: 5 })]);
    expect(await drain(queue)).toStrictEqual([{ n: 5 }, "between", { n: 6 }]);
  });

  test("are asked and answered with, progress on the way", async () => {
    const hosts = await start();
    const queue = await openQueue(hosts);
    queue.consume(async ({ body, progress }) => {
      await progress(body);
      return body === "nothing" ? undefined : body;
    });
    for (const body of [{ n: 1 }, MAP, "nothing"]) {
      const steps: unknown[] = [];
      const reply = await queue.request(body, { onProgress: (step) => void steps.push(step), timeoutMs: 10_000 });
      expect(reply).toStrictEqual(body === "nothing" ? undefined : body);
      expect(steps).toStrictEqual([body]);
    }
  });

  test("die, are listed and come back", async () => {
    const hosts = await start();
    const queue = await openQueue(hosts);
    await queue.send({ n: 1 });
    await queue.send(MAP);
    for (const delivery of await queue.receive({ max: 2 })) await delivery.deadLetter("no");
    expect(bodiesOf(await queue.deadLetters.list())).toStrictEqual([{ n: 1 }, MAP]);
    await queue.deadLetters.redrive();
    expect(await drain(queue)).toStrictEqual([{ n: 1 }, MAP]);
  });

  test("are kept by schedules, whose ticks deliver them", async () => {
    const hosts = await start();
    const queue = await openQueue(hosts);
    await queue.schedules.upsert("plain", { everyMs: 100 }, { n: 1 });
    await queue.schedules.upsert("other", { everyMs: 100 }, MAP);
    expect(bodiesOf(await queue.schedules.list())).toStrictEqual([{ n: 1 }, MAP]);
    const seen: unknown[] = [];
    queue.consume(({ body }) => void seen.push(body));
    await expect.poll(() => seen).toEqual(expect.arrayContaining([{ n: 1 }, MAP]));
  });

  test("fail alone where they cannot be sent, and the plain ones beside them go on", async () => {
    const hosts = await start();
    const queue = await openQueue(hosts);
    const sent = await Promise.allSettled([{ n: 1 }, { run: () => {} }, MAP, { n: 2 }].map((body) => queue.send(body)));
    expect(sent.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(sent[1]).toMatchObject({ reason: { code: "not-cloneable", message: expect.stringContaining("body.run") } });
    expect(await drain(queue)).toStrictEqual([{ n: 1 }, MAP, { n: 2 }]);
  });

  test("fail alone where a member of one cannot be read", async () => {
    const hosts = await start();
    const queue = await openQueue(hosts);
    const broken = Object.defineProperty({}, "total", {
      enumerable: true,
      get() {
        throw new Error("no total");
      },
    });
    const sent = await Promise.allSettled([{ n: 1 }, broken, MAP, { n: 2 }].map((body) => queue.send(body)));
    expect(sent.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(sent[1]).toMatchObject({ reason: { code: "not-cloneable", detail: { path: "body.total" } } });
    expect(await drain(queue)).toStrictEqual([{ n: 1 }, MAP, { n: 2 }]);
  });

  test("fail with the place where it stands beside the elements of an array", async () => {
    const queue = await openQueue(await start());
    const list = Object.assign([1], { parse: () => {} });
    const detail = { path: "body.list.parse" };
    await expect(queue.send({ list })).rejects.toMatchObject({ code: "not-cloneable", detail });
    await expect(queue.send({ list: [1, [() => {}]] })).rejects.toMatchObject({ detail: { path: "body.list[1][0]" } });
  });

  test("whose text the store has lost are taken out of their queue, and those beside them go on", async () => {
    const hosts = await start();
    const queue = await openQueue(hosts);
    await queue.sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
    await queue.send(MAP);
    const [[key, batch] = []] = hosts.disk.bodies;
    hosts.disk.bodies.set(key as number, { ...(batch as BodyBatch), bodies: "1\n2" });
    await hosts.change();
    expect(await drain(queue)).toStrictEqual([1, 2, MAP]);
    expect(await queue.stats()).toMatchObject({ ready: 0, totals: { acked: 3, quarantined: 1 } });
  });
});

describe("a plain body is what it was when it was sent, whatever its sender does with the object then", () => {
  const change = (body: { n: number; list: unknown[] }) => {
    body.n = 2;
    body.list.push("b");
  };

  test.each<[string, (queue: Queue<unknown>, body: unknown, connection: Connection) => Promise<unknown>[]]>([
    ["alone", (queue, body) => [queue.send(body)]],
    ["beside others", (queue, body) => [queue.send(MAP), queue.send(body), queue.send(WHEN)]],
    ["in a batch with others", (queue, body) => [queue.sendBatch([{ body }, { body: MAP }])]],
    [
      "in a transaction",
      (queue, body, tab) => [tab.transaction((tx) => void [tx.send(queue, body), tx.send(queue, MAP)])],
    ],
  ])("%s", async (_, send) => {
    const hosts = await start();
    const { connection } = hosts.connect();
    const queue = await connection.openQueue<unknown>("q");
    const body = { n: 1, list: ["a"] };
    const sent = send(queue, body, connection);
    change(body);
    await Promise.all(sent);
    expect(bodiesOf(await queue.peek())).toContainEqual({ n: 1, list: ["a"] });
  });

  test("where it waits for room, and is sent again", async () => {
    const hosts = await start();
    const { connection } = hosts.connect();
    const queue = await connection.openQueue<unknown>("q", { maxMessages: 1, overflow: "block" });
    await queue.send("full");
    const body = { n: 1, list: ["a"] };
    const sent = [queue.send(body), queue.send(MAP)];
    await queue.stats();
    change(body);
    await queue.purge();
    await sent[0];
    expect(bodiesOf(await queue.peek())).toEqual([{ n: 1, list: ["a"] }]);
    await queue.purge();
    await sent[1];
  });

  test("where it waits for the file of a message sent before it", async () => {
    const hosts = await start();
    const queue = await openQueue(hosts);
    const body = { n: 1, list: ["a"] };
    const sent = [queue.send(new File(["tea"], "tea.txt")), queue.send(body)];
    change(body);
    await Promise.allSettled(sent);
    expect(bodiesOf(await queue.peek())).toContainEqual({ n: 1, list: ["a"] });
  });
});

describe("maxBytes", () => {
  test("counts a plain body by the length of its text", async () => {
    const hosts = await start();
    const { connection } = hosts.connect();
    const queue = await connection.openQueue<unknown>("q", { maxBytes: 10 });
    await expect(queue.send({ n: 12345 })).rejects.toMatchObject({ code: "full" });
    await queue.send({ n: 1234 });
    await expect(queue.send(1)).rejects.toMatchObject({ code: "full" });
  });

  test("refuses a plain body that does not fit beside another as a value, although it would alone, instead of waiting for ever", async () => {
    const hosts = await start();
    const { connection } = hosts.connect();
    // 13 bytes as a text, more as it is estimated.
    const body = { a: 1, b: 2 };
    const queue = await connection.openQueue<unknown>("q", { maxBytes: 20, overflow: "block" });
    const sent = await Promise.allSettled([queue.send(body), queue.send(1n)]);
    expect(sent).toMatchObject([{ status: "rejected", reason: { code: "full" } }, { status: "fulfilled" }]);
    await queue.purge();
    await queue.send(body);
  });
});

describe("a host of an earlier build", () => {
  test("gets values, in every command, and what it hands out is read", async () => {
    const hosts = await start();
    const seen: unknown[] = [];
    const { connection } = hosts.connect(1, (port) => asEarlierHost(port, 1, seen));
    const queue = await connection.openQueue<unknown>("q");
    const topic = await connection.openTopic<unknown>("t");
    const subscription = await topic.subscription("s");
    await Promise.all([queue.send({ n: 1 }), queue.send("a\nb")]);
    await queue.sendBatch([{ body: { n: 2 } }, { body: MAP }]);
    await topic.publish({ n: 3 });
    await connection.transaction((tx) => {
      tx.send(queue, { n: 4 });
      tx.send("other", { n: 5 });
    });
    await queue.schedules.upsert("later", { everyMs: 60_000 }, { n: 6 });
    const commands = seen.flatMap((request) => (request as { commands?: { command: object }[] }).commands ?? []);
    const sends = commands.flatMap(({ command }) =>
      "sends" in command ? (command.sends as object[]) : "bodies" in command ? [command] : [],
    );
    expect(sends.map((send) => Reflect.get(send, "bodies"))).toStrictEqual([
      [{ n: 1 }, "a\nb"],
      [{ n: 2 }, MAP],
      [{ n: 3 }],
      [{ n: 4 }],
      [{ n: 5 }],
      [{ n: 6 }],
    ]);
    expect(encodings(hosts)).not.toContain("json");
    expect(await drain(queue)).toStrictEqual([{ n: 1 }, "a\nb", { n: 2 }, MAP, { n: 4 }]);
    expect(await drain(subscription)).toStrictEqual([{ n: 3 }]);
  });

  test("that takes a message by its estimate refuses what it has no room for, instead of being asked for ever", async () => {
    const hosts = await start();
    const { connection } = hosts.connect(1, (port) => asEarlierHost(port, 1));
    const queue = await connection.openQueue<unknown>("q", { maxBytes: 20, overflow: "block" });
    await expect(queue.send({ a: 1, b: 2 })).rejects.toMatchObject({ code: "full" });
    await expect(queue.sendBatch([{ body: { a: 1, b: 2 } }])).rejects.toMatchObject({ code: "full" });
  });

  test("that follows a newer one gets what that one has not answered as values, and the next newer one texts", async () => {
    const disk: Hosts = await start();
    let minor: number | undefined;
    const seen: unknown[] = [];
    const { connection } = disk.connect(1, (port) => (minor === undefined ? port : asEarlierHost(port, minor, seen)));
    const queue = await connection.openQueue<unknown>("q");
    await queue.send({ n: 1 });
    minor = 1;
    await disk.change();
    await queue.send({ n: 2 });
    minor = undefined;
    await disk.change();
    await queue.send({ n: 3 });
    expect(encodings(disk)).toEqual(["json", "clone", "json"]);
    expect(await drain(queue)).toStrictEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });
});

describe("a delivery", () => {
  const taken = async (body: unknown) => {
    const connection = await connect({ storage: "memory", database: `texts-${Math.random()}` });
    const queue = await connection.openQueue<unknown>("q");
    await queue.send(body, { headers: { h: "1" }, groupId: "g", priority: 7 });
    const [delivery] = await queue.receive();
    return { connection, queue, delivery: delivery as Delivery<unknown> };
  };

  test("opens its body once: what a handler changes in it stays changed for those it is passed on to", async () => {
    const { connection, delivery } = await taken({ n: 1 });
    (delivery.body as { n: number }).n = 2;
    expect(delivery.body).toEqual({ n: 2 });
    await connection.close({ force: true });
  });

  test("can be taken apart by name, methods too, and inherited from", async () => {
    const { connection, queue, delivery } = await taken({ n: 1 });
    const { id, body, attempt, headers, priority, groupId, sentAt, expiresAt, leaseExpiresAt, signal, ack } = delivery;
    expect({ id, body, attempt, headers, priority, groupId, expiresAt }).toEqual({
      ...{ id: expect.any(String), body: { n: 1 }, attempt: 1, headers: { h: "1" } },
      ...{ priority: 7, groupId: "g", expiresAt: null },
    });
    expect(leaseExpiresAt).toBeGreaterThan(sentAt);
    expect(signal.aborted).toBe(false);
    const heir: Delivery<unknown> = Object.create(delivery, { body: { value: "another" } });
    expect([heir.id, heir.body, heir.headers]).toEqual([id, "another", headers]);
    await connection.transaction((tx) => void tx.send("next", heir.body));
    await ack();
    await expect(heir.ack()).rejects.toMatchObject({ code: "lease-lost" });
    expect(await queue.stats()).toMatchObject({ totals: { acked: 1 } });
    await connection.close();
  });
});
