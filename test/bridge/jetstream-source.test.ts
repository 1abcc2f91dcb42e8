// A bridge from a real JetStream server to a local queue.

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats, headers, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { bridge, fromEncrypted, toEncrypted } from "../../src/bridge.js";
import { fromJetStream, toJetStream } from "../../src/bridge-jetstream.js";
import { addStream, readStream } from "./jetstream.js";
import { type NatsServer, startNatsServer } from "./nats-server.js";
import { createScene, drained, numbers } from "./scene.js";

const scene = createScene();
let server: NatsServer;
let nc: NatsConnection;
let count = 0;

beforeAll(async () => {
  server = await startNatsServer({ binary: inject("brokers").natsServer });
  nc = await server.connection();
});
afterEach(() => scene.close());
afterAll(() => server.close());

async function streamOf() {
  const name = `D${++count}`;
  await addStream(nc, { name });
  return name;
}
const from = (stream: string, options: Partial<Parameters<typeof fromJetStream>[0]> = {}) =>
  fromJetStream({ servers: server.url, stream, durable: "device", ...options });
const acked = async (stream: string) =>
  (await (await jetstreamManager(nc)).consumers.info(stream, "device").catch(() => undefined))?.ack_floor.stream_seq ??
  0;

test("what went up comes down as it was: bodies, headers, priority, group, time to live", async () => {
  const stream = await streamOf();
  const [source, target] = [await scene.open<unknown>(), await scene.open<unknown>()];
  const odd = { "Nats-Rollup": "all", "two\nlines": "a\r\nb", blank: " x ", ä: "ü", "ce-type": "t" };
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
  await source.send(new Blob(["of a file"], { type: "text/plain" }), { groupId: "käse/1" });
  const ids = (await source.peek()).map(({ id }) => id);
  scene.with(bridge(source, toJetStream({ servers: server.url, stream, subject: `${stream.toLowerCase()}.a` })));
  scene.with(bridge(from(stream), target));
  await drained(source);
  await expect.poll(async () => (await target.peek()).length).toBe(6);
  const arrived = await target.peek();
  expect(arrived.slice(0, 5).map(({ body }) => body)).toEqual(bodies);
  expect(await ((arrived[5] as { body: unknown }).body as Blob).text()).toBe("of a file");
  expect(arrived[0]).toMatchObject({ headers: { shop: "north", ...odd }, priority: 7, groupId: "käse/1" });
  // Its id came along: what the engine gives out twice is stored once.
  expect(await target.send("again", { deduplicationId: ids[0] as string })).toMatchObject({ duplicate: true });
});

test("what crosses encrypted comes down as it was, and the stream holds no word of it, but the header that makes its subject", async () => {
  const stream = await streamOf();
  const [source, target] = [await scene.open<unknown>(), await scene.open<unknown>()];
  const headers = { shop: "north", note: "rhubarb", "Nats-Rollup": "rhubarb" };
  const bodies = [{ text: "rhubarb" }, { at: new Date(5), text: "rhubarb" }, ...numbers(0, 500)];
  for (const body of bodies) await source.send(body, { headers, groupId: "rhubarb", ttlMs: 3_600_000 });
  const subject = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) =>
    `${stream.toLowerCase()}.${headers.shop}`;
  const encryption = { password: "correct horse", iterations: 100_000 };
  const stored = toEncrypted(toJetStream({ servers: server.url, stream, subject }), { encryption, readable: ["shop"] });
  scene.with(bridge(source, stored));
  await drained(source);
  const carried = await readStream(nc, stream);
  expect(carried.map(({ subject }) => subject)).toEqual(bodies.map(() => `${stream.toLowerCase()}.north`));
  for (const { bytes, headers } of carried) {
    expect(new TextDecoder("latin1").decode(bytes)).not.toContain("rhubarb");
    expect(JSON.stringify(headers)).not.toContain("rhubarb");
  }
  scene.with(bridge(fromEncrypted(from(stream), { encryption }), target));
  await expect.poll(async () => (await target.peek({ max: 1_000 })).length, { timeout: 30_000 }).toBe(bodies.length);
  const arrived = await target.peek({ max: 1_000 });
  expect(arrived.map(({ body }) => body)).toEqual(bodies);
  expect(arrived[0]).toMatchObject({ headers, groupId: "rhubarb" });
});

test("what others have sent arrives in the order of the stream, once each, and is acknowledged once it is stored", async () => {
  const stream = await streamOf();
  const target = await scene.open<unknown>();
  const client = jetstream(nc);
  const subject = `${stream.toLowerCase()}.a`;
  const mh = headers();
  mh.set("content-type", "application/json");
  for (const body of numbers(0, 300)) await client.publish(subject, JSON.stringify(body), { headers: mh });
  await client.publish(subject, "no JSON", { headers: mh });
  const down = scene.with(bridge(from(stream), target, { inFlight: 50 }));
  await expect.poll(async () => (await target.peek({ max: 400 })).length).toBe(301);
  const bodies = (await target.peek({ max: 400 })).map(({ body }) => body);
  expect(bodies.slice(0, 300)).toEqual(numbers(0, 300));
  expect(new TextDecoder().decode(bodies[300] as Uint8Array)).toBe("no JSON");
  await expect.poll(() => acked(stream)).toBe(301);
  await down.close();
  // The next one goes on where this one stopped.
  await client.publish(subject, "300", { headers: mh });
  scene.with(bridge(from(stream), target));
  await expect.poll(async () => (await target.peek({ max: 400 })).length).toBe(302);
});

test("a CloudEvent of either mode is taken as one where that is said", async () => {
  const stream = await streamOf();
  const target = await scene.open<unknown>();
  const client = jetstream(nc);
  const subject = `${stream.toLowerCase()}.a`;
  const attributes = {
    specversion: "1.0",
    id: "e-1",
    source: "/s",
    type: "sold",
    time: "2026-01-02T03:04:05Z",
    partitionkey: "till",
  };
  const json = headers();
  json.set("content-type", "application/cloudevents+json");
  await client.publish(subject, JSON.stringify({ ...attributes, data: { sku: "tea" } }), { headers: json });
  const binary = headers();
  binary.set("content-type", "application/json");
  for (const [name, value] of Object.entries({ ...attributes, id: "e-2" })) binary.set(`ce-${name}`, value);
  await client.publish(subject, '{"sku":"milk"}', { headers: binary });
  scene.with(bridge(from(stream, { cloudEvents: true }), target));
  await expect.poll(async () => (await target.peek()).length).toBe(2);
  const arrived = await target.peek();
  expect(arrived.map(({ body }) => body)).toEqual([{ sku: "tea" }, { sku: "milk" }]);
  for (const message of arrived) {
    expect(message).toMatchObject({ groupId: "till", headers: { "ce-type": "sold", "ce-source": "/s" } });
  }
  expect(await target.send("x", { deduplicationId: "/s e-1" })).toMatchObject({ duplicate: true });
});

test("what a session that was cut off left unacknowledged comes before what is new", async () => {
  const stream = await streamOf();
  const manager = await jetstreamManager(nc);
  await manager.consumers.add(stream, { durable_name: "device", ack_policy: "explicit", ack_wait: 1_000_000_000 });
  const client = jetstream(nc);
  const subject = `${stream.toLowerCase()}.a`;
  const mh = headers();
  mh.set("content-type", "application/json");
  for (const body of numbers(0, 10)) await client.publish(subject, String(body), { headers: mh });
  const consumer = await client.consumers.get(stream, "device");
  let seen = 0;
  for await (const _ of await consumer.fetch({ max_messages: 5, expires: 2_000 })) if (++seen === 5) break;
  const target = await scene.open<number>();
  scene.with(bridge(from(stream), target));
  await expect.poll(async () => (await target.peek()).length).toBe(10);
  expect((await target.peek()).map(({ body }) => body)).toEqual(numbers(0, 10));
});

test("a queue that is full is waited for, and holds at most `inFlight` of the stream up", async () => {
  const stream = await streamOf();
  const target = await scene.open<number>({ maxMessages: 20 });
  const client = jetstream(nc);
  const mh = headers();
  mh.set("content-type", "application/json");
  for (const body of numbers(0, 60)) await client.publish(`${stream.toLowerCase()}.a`, String(body), { headers: mh });
  const down = scene.with(bridge(from(stream), target, { inFlight: 10, batch: 5 }));
  await expect.poll(() => down.stats().state).toBe("stalled");
  expect(down.stats().error?.code).toBe("full");
  const handled: number[] = [];
  target.consume(({ body }) => {
    handled.push(body);
  });
  await expect.poll(() => handled.length, { timeout: 20_000 }).toBe(60);
  expect(handled).toEqual(numbers(0, 60));
});

test("a consumer that is made once the first attempts have failed is made for all that may be in flight", async () => {
  const target = await scene.open<number>();
  const stream = `D${++count}`;
  const down = scene.with(bridge(from(stream), target, { inFlight: 70 }));
  await expect.poll(() => down.stats().state).toBe("stalled");
  await addStream(nc, { name: stream });
  const manager = await jetstreamManager(nc);
  const made = () => manager.consumers.info(stream, "device").catch(() => undefined);
  await expect.poll(async () => (await made())?.config.max_ack_pending, { timeout: 20_000 }).toBe(70);
});

test("what a stream has that was made anew under its name is no message of the one before", async () => {
  const stream = await streamOf();
  const target = await scene.open<number>();
  scene.with(bridge(from(stream), target));
  const mh = headers();
  mh.set("content-type", "application/json");
  const publish = (body: number) => jetstream(nc).publish(`${stream.toLowerCase()}.a`, String(body), { headers: mh });
  const arrived = async () => (await target.peek()).map(({ body }) => body);
  await publish(1);
  await expect.poll(arrived).toEqual([1]);
  await (await jetstreamManager(nc)).streams.delete(stream);
  await addStream(nc, { name: stream });
  await publish(2);
  await expect.poll(arrived, { timeout: 20_000 }).toEqual([1, 2]);
});

test("closing does not wait for a server that answers nothing any more", async () => {
  const other = await startNatsServer({ binary: inject("brokers").natsServer });
  try {
    await addStream(await other.connection(), { name: "N" });
    const own = await connectNats({ servers: other.url });
    const target = await scene.open<number>();
    const down = scene.with(bridge(fromJetStream({ servers: own, stream: "N", durable: "device" }), target));
    await jetstream(own).publish("n.a", "1");
    await expect.poll(async () => (await target.peek()).length).toBe(1);
    other.pause();
    // It takes the system a moment to stop it.
    await new Promise((resolve) => setTimeout(resolve, 200));
    // A connection of nats.js looks once in two minutes.
    await down.close({ waitMs: 0 });
    expect(down.stats().state).toBe("closed");
    other.resume();
    await own.close();
  } finally {
    await other.close();
  }
}, 30_000);

test("says what is wrong with a stream or a consumer that is there", async () => {
  const stream = await streamOf();
  const target = await scene.open<number>();
  const missing = scene.with(bridge(from("NOWHERE"), target));
  await expect.poll(() => missing.stats().error?.message).toContain('there is no stream "NOWHERE"');
  const manager = await jetstreamManager(nc);
  await manager.consumers.add(stream, { durable_name: "device", ack_policy: "none" });
  const wrong = scene.with(bridge(from(stream), target));
  await expect.poll(() => wrong.stats().error?.message).toContain("must be a pull consumer");
  await manager.consumers.add(stream, { durable_name: "impatient", ack_policy: "explicit", max_deliver: 3 });
  const lossy = scene.with(bridge(from(stream, { durable: "impatient" }), target));
  await expect.poll(() => lossy.stats().error?.message).toContain("max_deliver 3");
  expect(() => fromJetStream({ servers: server.url, stream } as never)).toThrow(/durable/);
});
