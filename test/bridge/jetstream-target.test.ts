// What a real JetStream server does with what a bridge sends, row by row; nats-server 2.9.10 or later.

import { readFileSync } from "node:fs";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { type Bridge, bridge } from "../../src/bridge.js";
import { toJetStream } from "../../src/bridge-jetstream.js";
import { addStream, jsonOf, MINUTE_NS, readStream } from "./jetstream.js";
import { type NatsServer, startNatsServer, usersConfig } from "./nats-server.js";
import { createScene, drained, numbers } from "./scene.js";

const scene = createScene();
let server: NatsServer;
let nc: NatsConnection;

beforeAll(async () => {
  server = await startNatsServer({ binary: inject("brokers").natsServer, config: "max_payload: 65536" });
  nc = await server.connection();
});
afterEach(() => scene.close());
afterAll(() => server.close());

let count = 0;
const newName = () => `S${++count}`;
/** As docs/bridges.md says. */
const GOOD = { max_age: 60 * MINUTE_NS, duplicate_window: 10 * MINUTE_NS } as const;

async function streamOf(config: Parameters<typeof addStream>[1] | Record<string, never> = {}) {
  const name = newName();
  await addStream(nc, { ...GOOD, name, ...config });
  return name;
}
const targetOf = (stream: string, options: Partial<Parameters<typeof toJetStream>[0]> = {}) =>
  toJetStream({ servers: server.url, stream, subject: `${stream.toLowerCase()}.a`, ...options });

async function stalledBy(up: Bridge): Promise<string> {
  await expect.poll(() => up.stats().state, { timeout: 20_000 }).toBe("stalled");
  return up.stats().error?.message ?? "";
}

test("the stream that docs/bridges.md says to make is made, and forwarded to", async () => {
  const page = readFileSync(new URL("../../docs/bridges.md", import.meta.url), "utf8");
  const [, json = ""] = /```json\n([\s\S]+?)```/.exec(page) ?? [];
  await addStream(nc, { ...JSON.parse(json), num_replicas: 1 });
  const source = await scene.open<number>();
  await source.send(1, { headers: { shop: "north" } });
  const up = scene.with(bridge(source, targetOf("ORDERS", { subject: ({ headers }) => `orders.${headers.shop}` })));
  await drained(source);
  expect(up.stats()).toMatchObject({ forwarded: 1, guarantee: "durable" });
});

describe("what arrives", () => {
  test("is every message once, in order, with headers, priority, group, context of its trace and content type", async () => {
    const [stream, source] = [await streamOf(), await scene.open<unknown>()];
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const odd = { "Nats-Rollup": "all", "two\nlines": "a\r\nb", blank: " x ", ä: "ü" };
    await source.send(
      { sku: "tea" },
      { headers: { shop: "north", traceparent, ...odd }, priority: 4, groupId: "käse/1" },
    );
    await source.send(new Uint8Array([1, 2, 3]));
    await source.send({ at: new Date(5) });
    await source.sendBatch(numbers(0, 2_000).map((body) => ({ body })));
    const subject = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) =>
      `${stream.toLowerCase()}.${headers.shop ?? "none"}`;
    const up = scene.with(bridge(source, targetOf(stream, { subject })));
    await drained(source);
    const stored = await readStream(nc, stream);
    expect(stored[0]).toMatchObject({ subject: `${stream.toLowerCase()}.north` });
    expect(stored[0]?.headers).toMatchObject({
      shop: "north",
      traceparent,
      "content-type": "application/json",
      "originmq-group": "k%C3%A4se%2F1",
    });
    expect(JSON.parse(stored[0]?.headers["originmq-headers"] ?? "")).toEqual(odd);
    expect(jsonOf(stored[0] as never)).toEqual({ sku: "tea" });
    expect(stored[1]?.headers["content-type"]).toBe("application/octet-stream");
    expect([...(stored[1]?.bytes ?? [])]).toEqual([1, 2, 3]);
    expect(stored[2]?.headers["content-type"]).toBe("application/vnd.originmq");
    expect(stored.slice(3).map(jsonOf)).toEqual(numbers(0, 2_000));
    expect(up.stats()).toMatchObject({ state: "flowing", forwarded: 2_003, duplicates: 0, guarantee: "durable" });
  });

  test("is a CloudEvent where that is asked for, in either mode", async () => {
    const stream = await streamOf();
    for (const mode of ["binary", "json"] as const) {
      const source = await scene.open<unknown>();
      await source.send({ mode }, { groupId: "g" });
      const cloudEvents = { mode, source: "/shop", type: "com.example.sold" };
      scene.with(bridge(source, targetOf(stream, { cloudEvents })));
      await drained(source);
    }
    const [binary, json] = await readStream(nc, stream);
    expect(binary?.headers).toMatchObject({
      "ce-specversion": "1.0",
      "ce-id": binary?.id,
      "ce-source": "/shop",
      "ce-type": "com.example.sold",
      "ce-partitionkey": "g",
      "content-type": "application/json",
    });
    expect(jsonOf(binary as never)).toEqual({ mode: "binary" });
    expect(json?.headers["content-type"]).toBe("application/cloudevents+json");
    expect(jsonOf(json as never)).toMatchObject({
      ...{ specversion: "1.0", id: json?.id, source: "/shop", type: "com.example.sold", partitionkey: "g" },
      ...{ datacontenttype: "application/json", data: { mode: "json" } },
    });
  });

  test("goes over an application's own connection, too, and over WebSockets where there are any", async () => {
    const stream = await streamOf();
    const own = await server.connection();
    const source = await scene.open<number>();
    await source.send(1);
    const up = scene.with(bridge(source, targetOf(stream, { servers: own })));
    await drained(source);
    await up.close();
    expect(own.isClosed()).toBe(false);
    const another = await scene.open<number>();
    await another.send(2);
    const over = scene.with(bridge(another, targetOf(stream, { servers: server.webSocketUrl })));
    if (globalThis.WebSocket === undefined) {
      expect(await stalledBy(over)).toContain("no WebSocket");
      return;
    }
    await drained(another);
    expect((await readStream(nc, stream)).map(jsonOf)).toEqual([1, 2]);
  });
});

describe("a message that was sent before", () => {
  test("is a duplicate, also in a stream that is full, and whatever else is expected of it", async () => {
    const stream = await streamOf({ max_msgs: 1, discard: "new" } as never);
    const client = jetstream(nc);
    const subject = `${stream.toLowerCase()}.a`;
    await client.publish(subject, "1", { msgID: "one" });
    await expect(client.publish(subject, "2", { msgID: "two" })).rejects.toThrow("maximum messages exceeded");
    expect(await client.publish(subject, "1", { msgID: "one" })).toMatchObject({ duplicate: true });
    const wrong = { lastSubjectSequence: 99, lastSequence: 99, lastMsgID: "nobody" };
    expect(await client.publish(subject, "1", { msgID: "one", expect: wrong })).toMatchObject({ duplicate: true });
    const elsewhere = client.publish(subject, "1", { msgID: "one", expect: { streamName: "OTHER" } });
    await expect(elsewhere).rejects.toMatchObject({ code: 10_060 });
    // What was refused is not remembered.
    await (await jetstreamManager(nc)).streams.purge(stream);
    expect(await client.publish(subject, "2", { msgID: "two" })).toMatchObject({ duplicate: false });
  });

  // The stream's window is of the server's clock, and a device's clock may be anything.
  test.each([
    ["right", 0],
    ["behind by a day", -86_400_000],
  ])("is looked up where the stream has forgotten its id, by a device whose clock is %s", async (_, shiftMs) => {
    const stream = await streamOf({ max_age: 60 * MINUTE_NS, duplicate_window: 1_000_000_000 } as never);
    const source = await scene.open<string>();
    await source.send("sold", { groupId: "till" });
    // A bridge that ends after the server has stored it and before it hears of that.
    const [delivery] = await source.receive();
    const mh = headers();
    mh.set("originmq-group", "till");
    const subject = `${stream.toLowerCase()}.a`;
    await jetstream(nc).publish(subject, '"sold"', { msgID: delivery?.id ?? "", headers: mh });
    await delivery?.release();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const { now } = Date;
    vi.spyOn(Date, "now").mockImplementation(() => now() + shiftMs);
    const up = scene.with(bridge(source, targetOf(stream, { allowForgetfulTarget: true })));
    await drained(source);
    expect(up.stats()).toMatchObject({ forwarded: 1, duplicates: 1 });
    await source.send("next", { groupId: "till" });
    await drained(source);
    expect((await readStream(nc, stream)).map(jsonOf)).toEqual(["sold", "next"]);
    vi.restoreAllMocks();
  });
});

test("a device that may not look messages up forwards what was sent before all the same, under its id", async () => {
  const may = 'publish: ["own.>", "$JS.API.STREAM.INFO.own"], subscribe: ["_INBOX.>"]';
  const other = await startNatsServer({ binary: inject("brokers").natsServer, config: usersConfig({ till: may }) });
  try {
    const admin = await other.connection();
    await addStream(admin, { ...GOOD, name: "own" });
    const source = await scene.open<string>();
    await source.sendBatch([{ body: "sold" }, { body: "next" }]);
    const [delivery] = await source.receive();
    await jetstream(admin).publish("own.a", '"sold"', { msgID: delivery?.id ?? "" });
    await delivery?.release();
    const connection = { user: "till", pass: "till" };
    const target = toJetStream({ servers: other.url, connection, stream: "own", subject: "own.a" });
    const up = scene.with(bridge(source, target));
    await drained(source);
    expect(up.stats()).toMatchObject({ forwarded: 2, duplicates: 1, error: null });
    expect((await readStream(admin, "own")).map(jsonOf)).toEqual(["sold", "next"]);
  } finally {
    await scene.close();
    await other.close();
  }
});

describe("a stream that would not keep it", () => {
  const cases: [what: string, config: object, words: RegExp][] = [
    ["work queue", { retention: "workqueue" }, /retention workqueue.*allowForgetfulTarget/],
    ["interest, with nobody interested", { retention: "interest" }, /keeps nothing while it has no consumer/],
    ["memory", { storage: "memory" }, /in memory.*allowForgetfulTarget/],
    [
      "a window that has shrunk to max_age",
      { max_age: 10_000_000_000, duplicate_window: 0 },
      /remembers ids for 10000 ms.*max_age: 10000/,
    ],
    ["no acknowledgements", { no_ack: true }, /confirms nothing/],
    ["sealed", { sealed: true }, /sealed/],
  ];
  test.each(cases)("%s: is refused when it is opened, by its name, and nothing is sent", async (_, config, words) => {
    const { sealed, ...others } = config as { readonly sealed?: boolean };
    const stream = await streamOf(others as never);
    if (sealed) await (await jetstreamManager(nc)).streams.update(stream, { sealed: true } as never);
    const source = await scene.open<number>();
    await source.send(1);
    const up = scene.with(bridge(source, targetOf(stream)));
    expect(await stalledBy(up)).toMatch(words);
    expect(up.stats().error?.code).toBe("unsupported");
    expect(await source.stats()).toMatchObject({ ready: 1, leased: 0 });
    expect(await readStream(nc, stream)).toEqual([]);
  });

  test("that is not there is waited for", async () => {
    const stream = newName();
    const source = await scene.open<number>();
    await source.send(1);
    const up = scene.with(bridge(source, targetOf(stream)));
    expect(await stalledBy(up)).toContain(`there is no stream "${stream}"`);
    await addStream(nc, { ...GOOD, name: stream });
    await drained(source);
    expect((await readStream(nc, stream)).map(jsonOf)).toEqual([1]);
  });

  test("of interest, is forwarded to once somebody is, where allowForgetfulTarget says so", async () => {
    const stream = await streamOf({ retention: "interest" } as never);
    const client = jetstream(nc);
    const subject = `${stream.toLowerCase()}.a`;
    // Without a consumer: a number, and nothing is kept.
    expect(await client.publish(subject, "1", { msgID: "one" })).toMatchObject({ duplicate: false });
    expect(await client.publish(subject, "1", { msgID: "one" })).toMatchObject({ seq: 0, duplicate: true });
    const source = await scene.open<number>();
    await source.send(2);
    const up = scene.with(bridge(source, targetOf(stream, { allowForgetfulTarget: true })));
    expect(await stalledBy(up)).toContain("has no consumer");
    const manager = await jetstreamManager(nc);
    await manager.consumers.add(stream, { durable_name: "somebody", ack_policy: "explicit" });
    await drained(source);
    expect((await manager.streams.info(stream)).state.messages).toBe(1);
    expect(up.stats().guarantee).toBe("confirmed");
  });

  test("drops the oldest when it is made smaller than it is, also where it refuses the newest", async () => {
    const stream = await streamOf({ discard: "new" } as never);
    const subject = `${stream.toLowerCase()}.a`;
    for (const n of numbers(0, 5)) await jetstream(nc).publish(subject, String(n));
    await (await jetstreamManager(nc)).streams.update(stream, { max_msgs: 2 });
    expect((await readStream(nc, stream)).map(jsonOf)).toEqual([3, 4]);
  });

  test("cannot be made with a window that is longer than its messages live", async () => {
    const name = newName();
    const config = { name, max_age: MINUTE_NS, duplicate_window: 2 * MINUTE_NS };
    await expect(addStream(nc, config)).rejects.toMatchObject({ code: 10_052 });
    const { config: made } = await addStream(nc, { name, max_age: MINUTE_NS });
    expect(made.duplicate_window).toBe(MINUTE_NS);
    const { config: unlimited } = await addStream(nc, { name: newName(), duplicate_window: 0 });
    expect(unlimited.duplicate_window).toBe(2 * MINUTE_NS);
  });
});

describe("a message that is refused for good", () => {
  test("is a dead letter that names both sizes where it is too large, headers and id counted, and the line lives", async () => {
    const stream = await streamOf();
    const subject = `${stream.toLowerCase()}.a`;
    await jetstream(nc).publish(subject, new Uint8Array(65_536));
    expect(() => nc.publish(subject, new Uint8Array(65_537))).toThrow(/max_payload/);
    await expect(jetstream(nc).publish(subject, new Uint8Array(65_536), { msgID: "x" })).rejects.toThrow(/max_payload/);
    const source = await scene.open<Uint8Array>();
    await source.sendBatch([1, 65_536, 2].map((length) => ({ body: new Uint8Array(length) })));
    scene.with(bridge(source, targetOf(stream)));
    await drained(source);
    const [dead] = await source.deadLetters.list();
    expect(dead?.reason).toMatch(
      /the message has 65\d\d\d bytes with its headers and id, and stream "S\d+" takes 65536/,
    );
    expect((await readStream(nc, stream)).map(({ bytes }) => bytes.length)).toEqual([65_536, 1, 2]);
  });

  test("is one where the stream has a limit of its own, or the subject is none of its", async () => {
    const stream = await streamOf({ max_msg_size: 1_000 } as never);
    const source = await scene.open<string>();
    await source.sendBatch([
      { body: "x".repeat(2_000) },
      { body: "good" },
      { body: "bad", headers: { to: "elsewhere" } },
    ]);
    const subject = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) =>
      headers.to ?? `${stream.toLowerCase()}.a`;
    scene.with(bridge(source, targetOf(stream, { subject })));
    await drained(source);
    expect((await source.deadLetters.list()).map(({ reason }) => reason)).toEqual([
      expect.stringContaining("takes 1000"),
      expect.stringContaining(`the subject "elsewhere" is none of stream "${stream}"`),
    ]);
    expect((await readStream(nc, stream)).map(jsonOf)).toEqual(["good"]);
  });

  test("is one where no server takes such a subject, and those behind it go on", async () => {
    const stream = await streamOf();
    const good = `${stream.toLowerCase()}.a`;
    const wrong = ["", ".", ".*", ".>", ".a b", ".\t", `.${"x".repeat(5_000)}`].map(
      (end) => stream.toLowerCase() + end,
    );
    const source = await scene.open<number>();
    await source.sendBatch([...wrong, good].map((to, body) => ({ body, headers: { to } })));
    const up = scene.with(bridge(source, targetOf(stream, { subject: ({ headers }) => headers.to as string })));
    await drained(source);
    expect((await source.deadLetters.list()).map(({ body }) => body)).toEqual(numbers(0, wrong.length));
    expect(up.stats()).toMatchObject({ forwarded: 1, refused: wrong.length, sentAgain: 0, error: null });
  });
});

describe("a stream that is changed while it is forwarded to", () => {
  test("takes the subjects that it has then: a new one is none that is refused, and one that it had is refused", async () => {
    const stream = await streamOf();
    const [old, added] = [`${stream.toLowerCase()}.a`, `${stream.toLowerCase()}-new.a`];
    const source = await scene.open<number>();
    const up = scene.with(bridge(source, targetOf(stream, { subject: ({ headers }) => headers.to ?? old })));
    await source.send(0);
    await drained(source);
    const manager = await jetstreamManager(nc);
    await manager.streams.update(stream, { subjects: [old, added] });
    await source.sendBatch([{ body: 1, headers: { to: added } }, { body: 2 }]);
    await drained(source);
    expect(up.stats()).toMatchObject({ forwarded: 3, refused: 0 });
    expect((await readStream(nc, stream)).map(jsonOf)).toEqual([0, 1, 2]);
    await manager.streams.update(stream, { subjects: [added] });
    await source.sendBatch([{ body: 3 }, { body: 4, headers: { to: added } }]);
    await drained(source);
    const [dead] = await source.deadLetters.list();
    expect(dead).toMatchObject({ body: 3, reason: expect.stringContaining(`the subject "${old}" is none of stream`) });
    expect((await readStream(nc, stream)).map(jsonOf)).toEqual([0, 1, 2, 4]);
  });

  test("is said to be gone when it is, and forwarded to when it is there again", async () => {
    const stream = await streamOf();
    const source = await scene.open<number>();
    const up = scene.with(bridge(source, targetOf(stream)));
    await source.send(0);
    await drained(source);
    await (await jetstreamManager(nc)).streams.delete(stream);
    await source.send(1);
    await expect.poll(() => up.stats().error?.message, { timeout: 20_000 }).toContain(`there is no stream "${stream}"`);
    await addStream(nc, { ...GOOD, name: stream });
    await drained(source);
    expect((await readStream(nc, stream)).map(jsonOf)).toEqual([1]);
  });
});

describe("a stream that is full", () => {
  test("is waited for, and each group keeps its order", async () => {
    const stream = await streamOf({ max_msgs: 100, discard: "new" } as never);
    const source = await scene.open<number>();
    await source.sendBatch(numbers(0, 250).map((body) => ({ body, groupId: `g${body % 5}` })));
    const up = scene.with(bridge(source, targetOf(stream)));
    expect(await stalledBy(up)).toContain("maximum messages exceeded");
    expect(up.stats().refused).toBe(0);
    const first = (await readStream(nc, stream)).map(jsonOf) as number[];
    const manager = await jetstreamManager(nc);
    await manager.streams.update(stream, { max_msgs: -1 });
    await drained(source);
    const all = (await readStream(nc, stream)).map(jsonOf) as number[];
    expect(all.slice(0, 100)).toEqual(first);
    for (const group of numbers(0, 5)) {
      expect(all.filter((body) => body % 5 === group)).toEqual(numbers(0, 250).filter((body) => body % 5 === group));
    }
  });
});

test("options that are wrong are said at once", () => {
  expect(() => toJetStream({ servers: "", stream: "A", subject: "a" })).toThrow(/toJetStream\(\).*servers/);
  expect(() => toJetStream({ servers: "nats://x", subject: "a" } as never)).toThrow(/stream/);
  expect(() => toJetStream({ servers: "nats://x", stream: "A", subject: "a", window: 1 } as never)).toThrow(/window/);
});
