// A bridge from a real MQTT broker to a local queue.

import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { type BridgeTarget, bridge, fromEncrypted, toEncrypted } from "../../src/bridge.js";
import { fromMqtt, toMqtt } from "../../src/bridge-mqtt.js";
import type { Queue } from "../../src/index.js";
import { deferred } from "../../src/link/rpc/deferred.js";
import { startFaultyLine } from "../edge/proxy.js";
import { type Mosquitto, PERSISTENT, startMosquitto } from "./mosquitto.js";
import { stalledBy, warningsOf } from "./mqtt.js";
import { createScene, drained, numbers } from "./scene.js";

const { mosquitto: binary } = inject("brokers");
const scene = createScene();
const closing: (() => Promise<void>)[] = [];
let broker: Mosquitto;
let count = 0;
const newTopic = () => `down/${++count}`;

beforeAll(async () => {
  broker = await startMosquitto(binary, PERSISTENT);
});
afterEach(() => scene.close());
afterAll(() => Promise.all([broker.close(), ...closing.map((close) => close())]));

const from = (topic: string, options: Partial<Parameters<typeof fromMqtt>[0]> = {}) =>
  fromMqtt({ servers: broker.url, topic, clientId: `device-${count}`, ...options });
const subscribed = (topic: string) => expect.poll(() => isSubscribed(topic)).toBe(true);
/** By this queue, which is empty then. */
async function subscribedBy(target: Pick<Queue, "peek" | "purge">, topic: string): Promise<void> {
  await subscribed(topic);
  await expect.poll(async () => (await target.peek()).length).toBe(1);
  await target.purge();
}
/** The broker says that somebody is to get it. */
async function isSubscribed(topic: string): Promise<boolean> {
  const client = await broker.client();
  let code: number | undefined;
  client.on("packetreceive", (packet) => {
    if (packet.cmd === "puback") code = packet.reasonCode ?? 0;
  });
  await client.publishAsync(topic, "probe", { qos: 1 });
  await client.endAsync();
  return code === 0;
}
const withoutProbes = async (queue: {
  peek(options: { max: number }): Promise<readonly { readonly body: unknown }[]>;
}) => (await queue.peek({ max: 1_000 })).map(({ body }) => body).filter((body) => text(body) !== "probe");
const text = (body: unknown) => (body instanceof Uint8Array ? new TextDecoder().decode(body) : body);

test("what went up comes down as it was: bodies, headers, priority, group, time to live", async () => {
  const topic = newTopic();
  const [source, target] = [await scene.open<unknown>(), await scene.open<unknown>()];
  scene.with(bridge(from(topic), target));
  await subscribedBy(target, topic);
  const odd = { "two\nlines": "a\r\nb", blank: " x ", ä: "ü", half: "\ud800", never: "\uffff", type: "t" };
  const bodies = [
    { sku: "tea" },
    new Uint8Array([1, 2]),
    { at: new Date(5), map: new Map([[1, new Set([2])]]) },
    "text",
    null,
  ];
  for (const body of bodies) {
    await source.send(body, { headers: { shop: "north", ...odd }, priority: 7, groupId: "käse/1", ttlMs: 3_600_000 });
  }
  const before = await source.peek();
  scene.with(bridge(source, toMqtt({ servers: broker.url, topic })));
  await drained(source);
  await expect.poll(async () => (await target.peek()).length).toBe(5);
  const arrived = await target.peek();
  expect(arrived.map(({ body }) => body)).toEqual(bodies);
  for (const [i, message] of arrived.entries()) {
    expect(message).toMatchObject({
      headers: { shop: "north", ...odd, "mqtt-topic": topic },
      priority: 7,
      groupId: "käse/1",
    });
    expect(Math.abs((message.expiresAt ?? 0) - (before[i]?.expiresAt ?? 0))).toBeLessThan(60_000);
  }
  expect(arrived.map(({ headers }) => headers["mqtt-id"])).toEqual(before.map(({ id }) => id));
  // Its id came along: what the broker gives out twice is stored once.
  expect(await target.send("again", { deduplicationId: before[0]?.id as string })).toMatchObject({ duplicate: true });
});

test("what crosses encrypted comes down as it was, with its sender's id, and the broker has no word of it", async () => {
  const topic = newTopic();
  const [source, target] = [await scene.open<unknown>(), await scene.open<unknown>()];
  const encryption = {
    key: await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]),
  };
  const listener = await broker.client();
  const seen: string[] = [];
  listener.on("message", (_, payload, { properties }) =>
    seen.push(`${payload.toString("latin1")}${JSON.stringify(properties)}`),
  );
  await listener.subscribeAsync(topic, { qos: 1 });
  const down = scene.with(bridge(fromEncrypted(from(topic), { encryption }), target));
  const warnings: string[] = [];
  down.addEventListener("warning", ({ detail }) => warnings.push(detail.code));
  // What is published beside it, readable, is none of it.
  const warned = async () => {
    await listener.publishAsync(topic, "readable", { qos: 1 });
    return warnings;
  };
  await expect.poll(warned, { timeout: 20_000 }).toContain("tampered");
  const headers = { note: "rhubarb" };
  for (const body of ["rhubarb", { at: new Date(5) }]) await source.send(body, { headers, groupId: "rhubarb" });
  const ids = (await source.peek()).map(({ id }) => id);
  scene.with(bridge(source, toEncrypted(toMqtt({ servers: broker.url, topic }), { encryption })));
  await drained(source);
  await expect.poll(async () => (await target.peek()).length, { timeout: 30_000 }).toBe(2);
  const arrived = await target.peek();
  expect(arrived.map(({ body }) => body)).toEqual(["rhubarb", { at: new Date(5) }]);
  for (const [i, message] of arrived.entries())
    expect(message).toMatchObject({
      headers: { ...headers, "mqtt-topic": topic, "mqtt-id": ids[i] },
      groupId: "rhubarb",
    });
  await expect.poll(() => seen.length).toBeGreaterThanOrEqual(3);
  for (const text of seen) expect(text).not.toContain("rhubarb");
  await listener.endAsync();
});

test("what others have sent comes through: any content type, an expiry, a topic to answer on, of QoS 0 as well", async () => {
  const topic = newTopic();
  const target = await scene.open<unknown>();
  scene.with(bridge(from(`${topic}/+`), target));
  await subscribedBy(target, `${topic}/x`);
  const client = await broker.client();
  const json = { contentType: "application/json", messageExpiryInterval: 600, responseTopic: "answers/1" };
  await client.publishAsync(`${topic}/a`, '{"t":21.5}', { qos: 1, properties: json });
  await client.publishAsync(`${topic}/b`, "plain", { qos: 2, properties: { contentType: "text/plain" } });
  await client.publishAsync(`${topic}/c`, "no JSON", { qos: 0, properties: { contentType: "application/json" } });
  await client.publishAsync(`${topic}/d`, '{"t":21.5}', {
    qos: 1,
    properties: { userProperties: { shop: ["north", "south"] } },
  });
  await expect.poll(async () => (await target.peek()).length).toBe(4);
  const [a, b, c, d] = await target.peek();
  expect(a).toMatchObject({
    body: { t: 21.5 },
    headers: { "mqtt-topic": `${topic}/a`, "mqtt-response-topic": "answers/1" },
  });
  expect(a?.expiresAt).toBeGreaterThan(Date.now() + 500_000);
  expect(b?.body).toBe("plain");
  expect(text(c?.body)).toBe("no JSON");
  expect(text(d?.body)).toBe('{"t":21.5}');
  expect(d?.headers).toEqual({ shop: "north", "mqtt-topic": `${topic}/d` });
});

test("a CloudEvent of either mode is taken as one where that is said; other user properties stay headers", async () => {
  const topic = newTopic();
  const target = await scene.open<unknown>();
  scene.with(bridge(from(topic, { cloudEvents: true }), target));
  await subscribedBy(target, topic);
  const client = await broker.client();
  const event = { specversion: "1.0", source: "/s%", type: "sold", time: "2026-01-02T03:04:05Z", partitionkey: "till" };
  await client.publishAsync(topic, JSON.stringify({ ...event, id: "e-1", data: { sku: "tea" } }), {
    qos: 1,
    properties: { contentType: "application/cloudevents+json" },
  });
  await client.publishAsync(topic, '{"sku":"milk"}', {
    qos: 1,
    properties: { contentType: "application/json", userProperties: { ...event, id: "e-2", shop: "north" } },
  });
  await expect.poll(async () => (await target.peek()).length).toBe(2);
  const arrived = await target.peek();
  expect(arrived.map(({ body }) => body)).toEqual([{ sku: "tea" }, { sku: "milk" }]);
  for (const message of arrived) {
    expect(message).toMatchObject({ groupId: "till", headers: { "ce-type": "sold", "ce-source": "/s%" } });
  }
  expect(Object.keys(arrived[1]?.headers ?? {}).sort()).toEqual([
    "ce-source",
    "ce-specversion",
    "ce-type",
    "mqtt-id",
    "mqtt-topic",
    "shop",
  ]);
  expect(await target.send("x", { deduplicationId: "/s% e-1" })).toMatchObject({ duplicate: true });
});

test("what was not stored is handed out again after an interruption, and what was is stored once: with an id, and without", async () => {
  const topic = newTopic();
  const line = await startFaultyLine(broker.url.replace("mqtt", "ws"));
  closing.push(() => line.close());
  const target = await scene.open<unknown>({ maxMessages: 30 });
  const source = from(topic, { servers: line.url.replace("ws", "mqtt") });
  const down = scene.with(bridge(source, target, { inFlight: 20 }));
  const warnings = warningsOf(down);
  await subscribedBy(target, topic);
  const client = await broker.client();
  const named = (i: number) => ({ contentType: "application/json", userProperties: { "originmq-id": `id-${i}` } });
  const unnamed = { contentType: "application/json" };
  for (const i of numbers(0, 100)) {
    await client.publishAsync(topic, String(i), { qos: 1, properties: i % 2 ? named(i) : unnamed });
  }
  // The queue is full, and 20 are with the bridge.
  await expect.poll(() => down.stats().error?.code).toBe("full");
  line.cut();
  const handled: unknown[] = [];
  target.consume(({ body }) => {
    handled.push(body);
    if (handled.length % 25 === 0) line.cut();
  });
  await expect.poll(() => new Set(handled).size, { timeout: 30_000 }).toBe(100);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([...new Set(handled)]).toEqual(numbers(0, 100));
  // Of the others, those come again of which the broker did not hear that they were stored.
  const isNamed = (body: unknown) => Number(body) % 2 === 1;
  expect(handled.filter(isNamed)).toEqual(numbers(0, 100).filter(isNamed));
  expect(warnings).toEqual([]);
});

test("a message without an id that is handed out again before the broker has heard of it keeps the one that it was given", async () => {
  const topic = newTopic();
  const line = await startFaultyLine(broker.url.replace("mqtt", "ws"));
  closing.push(() => line.close());
  const calls: string[][] = [];
  const { promise: held, resolve: answer } = deferred();
  const target: BridgeTarget = {
    name: "a target that takes its time",
    guarantee: "durable",
    open: async () => ({
      async send(messages) {
        calls.push(messages.map(({ id }) => id));
        await held;
        return messages.map(() => ({ type: "stored" }));
      },
      ended: new Promise(() => {}),
      close: async () => {},
    }),
  };
  scene.with(bridge(from(topic, { servers: line.url.replace("ws", "mqtt") }), target));
  await subscribed(topic);
  const before = calls.flat().length;
  const client = await broker.client();
  for (const i of numbers(0, 3)) await client.publishAsync(topic, String(i), { qos: 1 });
  await expect.poll(() => calls.flat().length).toBe(before + 3);
  line.cut();
  // The answer comes when the line that it is for is gone.
  setTimeout(answer, 300);
  await expect.poll(() => calls.flat().length).toBe(2 * (before + 3));
  expect(new Set(calls.flat()).size).toBe(before + 3);
});

test("the session is kept while the bridge is away, and over a broker that is ended and started again; one that forgets it is told of", async () => {
  const topic = newTopic();
  const target = await scene.open<unknown>();
  const first = scene.with(bridge(from(topic), target));
  await subscribed(topic);
  await first.close();
  const client = await broker.client();
  for (const i of numbers(0, 50)) {
    await client.publishAsync(topic, String(i), { qos: 1, properties: { contentType: "application/json" } });
  }
  await client.endAsync();
  await broker.kill("SIGTERM");
  await broker.start();
  const down = scene.with(bridge(from(topic), target));
  const warnings = warningsOf(down);
  await expect.poll(() => withoutProbes(target)).toEqual(numbers(0, 50));
  // Somebody else takes the session, and drops it.
  await (await broker.client({ clientId: `device-${count}`, clean: true })).endAsync();
  await expect.poll(() => warnings.map(({ code }) => code)).toEqual(["session-lost"]);
  await subscribed(topic);
});

test("a topic that is asked for under the same name comes beside those that were asked for before", async () => {
  const [before, now] = [newTopic(), `${newTopic()}/now`];
  const clientId = "device-with-two-topics";
  const target = await scene.open<unknown>();
  const first = scene.with(bridge(from(before, { clientId }), target));
  await subscribedBy(target, before);
  await first.close();
  scene.with(bridge(from(now, { clientId }), target));
  await subscribedBy(target, now);
  const client = await broker.client();
  for (const topic of [before, now]) await client.publishAsync(topic, topic, { qos: 1 });
  await client.endAsync();
  await expect
    .poll(async () => (await target.peek({ max: 10 })).map(({ headers }) => headers["mqtt-topic"]))
    .toEqual([before, now]);
});

test("says that there is no broker", async () => {
  const target = await scene.open<number>();
  const nobody = scene.with(bridge(from("t", { servers: "mqtt://127.0.0.1:1" }), target));
  expect(await stalledBy(nobody)).toMatch(/the broker at mqtt:\/\/127\.0\.0\.1:1 cannot be reached.*ECONNREFUSED/);
});
