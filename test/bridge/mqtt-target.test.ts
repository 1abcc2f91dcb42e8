// What a real MQTT broker does with what a bridge sends, row by row; mosquitto 2.0.11 or later.

import { pbkdf2Sync } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { bridge } from "../../src/bridge.js";
import { fromMqtt, toMqtt } from "../../src/bridge-mqtt.js";
import { type Mosquitto, startMosquitto } from "./mosquitto.js";
import { stalledBy, startWebSocket, subscriber, warningsOf } from "./mqtt.js";
import { createScene, drained, numbers } from "./scene.js";

const { mosquitto: binary } = inject("brokers");
const scene = createScene();
const brokers: Mosquitto[] = [];
const start = async (config?: string, files?: Record<string, string>) => {
  const broker = await startMosquitto(binary, config, files);
  brokers.push(broker);
  return broker;
};
let broker: Mosquitto;
let count = 0;
const newTopic = () => `t/${++count}`;

beforeAll(async () => {
  broker = await start("max_packet_size 20000\nmessage_size_limit 10000\n");
});
afterEach(() => scene.close());
afterAll(() => Promise.all(brokers.map((one) => one.close())));

const to = (topic: string, options: Partial<Parameters<typeof toMqtt>[0]> = {}) =>
  toMqtt({ servers: broker.url, topic, ...options });

describe("what arrives", () => {
  test("is every message once, in order, with headers, priority, group, context of its trace, content type and time to live", async () => {
    const source = await scene.open<unknown>();
    const { got } = await subscriber(broker, "shops/#");
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const odd = { "two\nlines": "a\r\nb", blank: " x ", ä: "ü", half: "\ud800", never: "\uffff" };
    const headers = { shop: "north", traceparent, ...odd };
    await source.send({ sku: "tea" }, { headers, priority: 7, groupId: "käse/1", ttlMs: 90_000 });
    await source.send(new Uint8Array([1, 2, 3]));
    await source.send({ at: new Date(5) });
    await source.sendBatch(numbers(0, 500).map((body) => ({ body })));
    const ids = (await source.peek({ max: 1_000 })).map(({ id }) => id);
    const topic = (message: { readonly headers: Readonly<Record<string, string>> }) =>
      `shops/${message.headers.shop ?? "none"}`;
    const up = scene.with(bridge(source, toMqtt({ servers: broker.url, topic })));
    await drained(source);
    await expect.poll(() => got.length).toBe(503);
    const [first, second, third, ...rest] = got;
    expect(first).toMatchObject({ topic: "shops/north", contentType: "application/json" });
    expect(first?.headers).toMatchObject({ shop: "north", traceparent, "originmq-priority": "7" });
    expect(first?.headers).toMatchObject({ "originmq-group": "k%C3%A4se%2F1" });
    expect(JSON.parse(String(first?.headers["originmq-headers"]))).toEqual(odd);
    expect(first?.packet.properties?.messageExpiryInterval).toBeGreaterThan(60);
    expect(first?.packet.properties?.messageExpiryInterval).toBeLessThanOrEqual(90);
    expect(second).toMatchObject({ topic: "shops/none", contentType: "application/octet-stream" });
    expect([...(second?.payload ?? [])]).toEqual([1, 2, 3]);
    expect(third?.contentType).toBe("application/vnd.originmq");
    expect(rest.map(({ payload }) => JSON.parse(String(payload)))).toEqual(numbers(0, 500));
    expect(new Set(got.map(({ id }) => id))).toEqual(new Set(ids));
    expect(up.stats()).toMatchObject({ state: "flowing", forwarded: 503, guarantee: "confirmed" });
  });

  test("is a CloudEvent where that is asked for: attributes are user properties as they are, or the body is the event", async () => {
    const topic = newTopic();
    const { got } = await subscriber(broker, topic);
    for (const mode of ["binary", "json"] as const) {
      const source = await scene.open<unknown>();
      await source.send({ mode }, { groupId: "käse", headers: { type: "of the sender", shop: "north" } });
      scene.with(bridge(source, to(topic, { cloudEvents: { mode, source: "/shop ü%", type: "com.example.sold" } })));
      await drained(source);
    }
    await expect.poll(() => got.length).toBe(2);
    const [binary, json] = got;
    expect(binary?.contentType).toBe("application/json");
    expect(binary?.headers).toMatchObject({
      ...{ specversion: "1.0", id: binary?.id, source: "/shop ü%", type: "com.example.sold", partitionkey: "käse" },
      ...{ shop: "north", "originmq-headers": '{"type":"of the sender"}' },
    });
    expect(JSON.parse(String(binary?.payload))).toEqual({ mode: "binary" });
    expect(json?.contentType).toBe("application/cloudevents+json");
    expect(JSON.parse(String(json?.payload))).toMatchObject({
      ...{ specversion: "1.0", id: json?.id, source: "/shop ü%", type: "com.example.sold", partitionkey: "käse" },
      ...{ datacontenttype: "application/json", data: { mode: "json" } },
    });
  });

  test("goes over an application's own client, too, which stays open; one of MQTT 3.1.1 is refused by its version", async () => {
    const topic = newTopic();
    const { got } = await subscriber(broker, topic);
    const own = await broker.client();
    const source = await scene.open<number>();
    await source.send(1);
    const up = scene.with(bridge(source, to(topic, { servers: own })));
    await drained(source);
    await up.close();
    expect(own.connected).toBe(true);
    await expect.poll(() => got.length).toBe(1);
    const old = await broker.client({ protocolVersion: 4 });
    expect(await stalledBy(scene.with(bridge(source, to(topic, { servers: old }))))).toContain("protocolVersion: 5");
  });
});

test.each([1, 2] as const)("QoS %i: never more is under way than the broker's receive maximum", async (qos) => {
  const narrow = await start("max_inflight_messages 3\n");
  const source = await scene.open<number>();
  const { got } = await subscriber(narrow, "t", {}, qos);
  await source.sendBatch(numbers(0, 1_000).map((body) => ({ body })));
  const client = await narrow.client();
  const open = new Set<number>();
  let most = 0;
  client.on("packetsend", ({ cmd, messageId = 0 }) => {
    if (cmd === "publish") most = Math.max(most, open.add(messageId).size);
  });
  client.on("packetreceive", ({ cmd, messageId = 0 }) => {
    if (cmd === "puback" || cmd === "pubcomp") open.delete(messageId);
  });
  const up = scene.with(bridge(source, toMqtt({ servers: client, topic: "t", qos })));
  await drained(source);
  await expect.poll(() => got.length).toBe(1_000);
  expect(most).toBe(3);
  expect(up.stats()).toMatchObject({ forwarded: 1_000, sentAgain: 0 });
  expect(got.map(({ payload }) => Number(String(payload)))).toEqual(numbers(0, 1_000));
});

test("over a WebSocket, too, both ways", async () => {
  const topic = newTopic();
  const webSocket = await startWebSocket(broker);
  const [source, target] = [await scene.open<number>(), await scene.open<number>()];
  const down = scene.with(bridge(fromMqtt({ servers: webSocket.url, topic, clientId: "over-web-sockets" }), target));
  // It has subscribed: of what is under way while one does, the first may be for nobody yet.
  await expect.poll(() => down.stats().state, { timeout: 20_000 }).toBe("flowing");
  const up = scene.with(bridge(source, to(topic, { servers: webSocket.url, requireSubscriber: true })));
  await source.sendBatch(numbers(0, 200).map((body) => ({ body })));
  await expect.poll(async () => (await target.stats()).ready, { timeout: 20_000 }).toBe(200);
  expect((await target.peek({ max: 200 })).map(({ body }) => body)).toEqual(numbers(0, 200));
  await up.close();
  await scene.close();
  await webSocket.close();
});

describe("a message that the broker refuses", () => {
  test("for good is a dead letter with its words, and those behind it go on: too large, a topic that is none", async () => {
    const topic = newTopic();
    const { got } = await subscriber(broker, topic);
    const source = await scene.open<unknown>();
    const refused: string[] = [];
    // The broker says how large a packet may be, and of what is below that refuses what is too large for itself.
    for (const body of ["x".repeat(30_000), "x".repeat(15_000), "small"]) await source.send(body);
    await source.send(1, { headers: { topic: "with/+" } });
    await source.send(2, { headers: { big: `\n${"x".repeat(65_530)}` } });
    await source.send("last");
    const up = scene.with(
      bridge(source, toMqtt({ servers: broker.url, topic: ({ headers }) => headers.topic ?? topic })),
    );
    up.addEventListener("refused", ({ detail }) => void refused.push(detail.reason));
    await drained(source);
    expect(refused.sort()).toEqual([
      // Its PUBACK has a reason code that the protocol has for no PUBACK.
      expect.stringMatching(/^the broker's answer to it cannot be read: Invalid puback reason code$/),
      expect.stringMatching(
        /^the message cannot be written for MQTT: "originmq-headers" has 65\d+ bytes, and MQTT carries 65535$/,
      ),
      expect.stringMatching(/^the message cannot be written for MQTT: its topic "with\/\+" has a wildcard/),
      expect.stringMatching(/^the message has 30\d+ bytes with its topic and properties, and the broker takes 20000$/),
    ]);
    expect((await source.deadLetters.list()).length).toBe(4);
    // What was under way when the connection ended is there twice, under its id.
    const bodies = () => [...new Map(got.map(({ id, payload }) => [id, String(payload)])).values()];
    await expect.poll(bodies).toEqual(['"small"', '"last"']);
    expect(up.stats()).toMatchObject({ forwarded: 2, refused: 4 });
  });

  test("for want of rights is one as well; a client that is not let in waits, and is told why", async () => {
    const hash = pbkdf2Sync("secret", "saltsaltsalt", 101, 64, "sha512").toString("base64");
    const guarded = await start("allow_anonymous false\npassword_file FOLDER/passwords\nacl_file FOLDER/rights\n", {
      passwords: `till:$7$101$${Buffer.from("saltsaltsalt").toString("base64")}$${hash}\n`,
      rights: "user till\ntopic readwrite mine/#\n",
    });
    const source = await scene.open<number>();
    await source.send(1, { headers: { topic: "mine/1" } });
    await source.send(2, { headers: { topic: "theirs/1" } });
    const topic = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) => headers.topic ?? "";
    const stranger = scene.with(bridge(source, toMqtt({ servers: guarded.url, topic })));
    expect(await stalledBy(stranger)).toMatch(/not authorized \(reason code 135\)/);
    expect(stranger.stats().error?.code).toBe("denied");
    await stranger.close();
    const connection = { username: "till", password: "secret" };
    const up = scene.with(bridge(source, toMqtt({ servers: guarded.url, topic, connection })));
    await drained(source);
    expect(up.stats()).toMatchObject({ forwarded: 1, refused: 1 });
    expect((await source.deadLetters.list())[0]).toMatchObject({
      body: 2,
      reason: "the broker refuses it: not authorized (reason code 135)",
    });
  });
});

describe("what the broker confirms", () => {
  test("may be for nobody: that is told of, or waited for where a subscriber is required", async () => {
    const topic = newTopic();
    const source = await scene.open<number>();
    const up = scene.with(bridge(source, to(topic)));
    const warnings = warningsOf(up);
    await source.sendBatch(numbers(0, 3).map((body) => ({ body })));
    await drained(source);
    expect(up.stats()).toMatchObject({ forwarded: 3, guarantee: "confirmed" });
    expect(warnings).toEqual([{ code: "no-subscriber", message: expect.stringContaining(`"${topic}"`) }]);
    await up.close();
    await source.sendBatch(numbers(3, 6).map((body) => ({ body })));
    const patient = scene.with(bridge(source, to(topic, { requireSubscriber: true })));
    expect(await stalledBy(patient)).toContain("has no subscriber");
    const late = await subscriber(broker, topic);
    await drained(source);
    await expect.poll(() => late.bodies).toEqual([3, 4, 5]);
  });

  test("it drops beyond max_queued_messages for one who is away; what an application confirms is kept until then", async () => {
    const small = await start("max_queued_messages 20\n");
    const session = { clientId: "shop", clean: false, properties: { sessionExpiryInterval: 600, receiveMaximum: 10 } };
    const away = async () => (await subscriber(small, "t", session)).client.endAsync();
    await away();
    const trusting = await scene.open<number>();
    await trusting.sendBatch(numbers(0, 100).map((body) => ({ body })));
    const up = scene.with(bridge(trusting, toMqtt({ servers: small.url, topic: "t" })));
    await drained(trusting);
    expect(up.stats()).toMatchObject({ forwarded: 100, guarantee: "confirmed", sentAgain: 0 });
    const back = await subscriber(small, "t", session);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(back.got.length).toBeLessThan(100);
    await back.client.endAsync();

    await away();
    const careful = await scene.open<number>();
    await careful.sendBatch(numbers(0, 100).map((body) => ({ body })));
    const target = toMqtt({ servers: small.url, topic: "t", confirmBy: "confirmed/shop", confirmWithinMs: 500 });
    const confirmed = scene.with(bridge(careful, target));
    await expect.poll(() => confirmed.stats().sentAgain).toBeGreaterThan(0);
    expect(confirmed.stats()).toMatchObject({ forwarded: 0, guarantee: "confirmed-by-application" });
    const inbox = new Set<unknown>();
    const shop = await subscriber(small, "t", session);
    const confirm = (id: string) => shop.client.publishAsync("confirmed/shop", id, { qos: 1 });
    for (const { id } of shop.got) await confirm(id);
    shop.client.on("message", (_, payload, packet) => {
      inbox.add(Number(String(payload)));
      void confirm(String(packet.properties?.userProperties?.["originmq-id"]));
    });
    await drained(careful);
    for (const { payload } of shop.got) inbox.add(Number(String(payload)));
    expect(inbox.size).toBe(100);
    expect(confirmed.stats().forwarded).toBe(100);
  });

  test("an application may confirm while the bridge is away: under its name it hears of that, and sends nothing again", async () => {
    const topic = newTopic();
    const { got, client } = await subscriber(broker, topic);
    const source = await scene.open<number>();
    await source.sendBatch(numbers(0, 5).map((body) => ({ body })));
    const target = () => to(topic, { clientId: "till", confirmBy: `${topic}/had` });
    const up = scene.with(bridge(source, target()));
    await expect.poll(() => got.length).toBe(5);
    await up.close({ waitMs: 0 });
    expect(up.stats().forwarded).toBe(0);
    await client.publishAsync(`${topic}/had`, JSON.stringify(got.map(({ id }) => id)), { qos: 1 });
    const again = scene.with(bridge(source, target()));
    await drained(source);
    expect(again.stats().forwarded).toBe(5);
    expect(got.length).toBe(5);
  });

  test("it loses when it is killed with the settings that it comes with; a bridge then says that its session is forgotten", async () => {
    const forgetful = await start();
    const session = { clientId: "shop", clean: false, properties: { sessionExpiryInterval: 600 } };
    await (await subscriber(forgetful, "t", session)).client.endAsync();
    const source = await scene.open<number>();
    await source.sendBatch(numbers(0, 50).map((body) => ({ body })));
    const up = scene.with(bridge(source, toMqtt({ servers: forgetful.url, topic: "t" })));
    const warnings = warningsOf(up);
    await drained(source);
    expect(up.stats().forwarded).toBe(50);
    await forgetful.kill();
    await forgetful.start();
    const back = await subscriber(forgetful, "t", session);
    await expect
      .poll(() => warnings, { timeout: 20_000 })
      .toEqual([
        { code: "session-lost", message: expect.stringContaining("what it had confirmed before may be lost") },
      ]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(back.got).toEqual([]);
  });
});
