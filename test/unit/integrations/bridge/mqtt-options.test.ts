// What bridges to MQTT take, and what they refuse by its name before anything is opened.

import { expect, test } from "vitest";
import type { BridgeMessage } from "../../../../src/bridge.js";
import { fromMqtt, toMqtt } from "../../../../src/bridge-mqtt.js";
import { QueueError } from "../../../../src/index.js";
import { readPacket, sizeOf, writePacket } from "../../../../src/integrations/bridge/mqtt/packet.js";
import { isTopicOf } from "../../../../src/integrations/bridge/mqtt/topic.js";

const servers = "mqtt://localhost";
const refusal = (make: () => unknown): QueueError => {
  try {
    make();
  } catch (error) {
    return error as QueueError;
  }
  throw new Error("it was taken");
};

test.each<[options: object, words: RegExp]>([
  [{ servers }, /toMqtt\(\)\.topic/],
  [{ topic: "t" }, /toMqtt\(\)\.servers/],
  [{ servers, topic: "t", qos: 0 }, /toMqtt\(\)\.qos must be 1 or 2, since a broker confirms nothing of QoS 0, got 0/],
  [{ servers, topic: "t", qos: 3 }, /toMqtt\(\)\.qos must be 1 or 2, got 3/],
  [{ servers: "nats://localhost", topic: "t" }, /toMqtt\(\)\.servers must be addresses that begin with mqtt/],
  [{ servers: [], topic: "t" }, /toMqtt\(\)\.servers must be one address or several/],
  [{ servers, topic: "t", confirmWithinMs: 5 }, /toMqtt\(\)\.confirmWithinMs.*no confirmBy/],
  [{ servers, topic: "t", confirmBy: "c", confirmWithinMs: 0 }, /toMqtt\(\)\.confirmWithinMs/],
  [{ servers, topic: "t", clientID: "x" }, /toMqtt\(\): unknown option "clientID"/],
  [{ servers, topic: "t", sessionExpiryInterval: 1.5 }, /toMqtt\(\)\.sessionExpiryInterval must be an integer/],
  [{ servers, topic: "t", cloudEvents: { mode: "xml" } }, /toMqtt\(\)\.cloudEvents\.mode/],
  [
    { servers: { publish() {} }, topic: "t", clientId: "x" },
    /toMqtt\(\)\.clientId must be left out where a client is given/,
  ],
])("toMqtt(%j) says which option is wrong", (options, words) => {
  const error = refusal(() => toMqtt(options as never));
  expect(error).toBeInstanceOf(QueueError);
  expect(error).toMatchObject({ code: "invalid-argument", message: expect.stringMatching(words) });
});

test.each<[options: object, words: RegExp]>([
  [{ servers, topic: "t" }, /fromMqtt\(\)\.clientId/],
  [{ servers, topic: [], clientId: "d" }, /fromMqtt\(\)\.topic must be a topic, or several/],
  [{ servers, topic: "t", clientId: "d", qos: 1 }, /fromMqtt\(\): unknown option "qos"/],
  [{ servers, topic: "t", clientId: "d", sessionExpiryInterval: 0 }, /fromMqtt\(\)\.sessionExpiryInterval/],
  [{ servers: { publish() {} }, topic: "t", clientId: "d" }, /fromMqtt\(\)\.servers.*a connection of its own/],
])("fromMqtt(%j) says which option is wrong", (options, words) => {
  const error = refusal(() => fromMqtt(options as never));
  expect(error).toMatchObject({ code: "invalid-argument", message: expect.stringMatching(words) });
});

test.each<[topic: string, filter: string, expected: boolean]>([
  ["a/b", "a/b", true],
  ["a/b", "a/+", true],
  ["a/b/c", "a/+", false],
  ["a/b/c", "a/#", true],
  ["a", "a/#", true],
  ["a", "+", true],
  ["/a", "+", false],
  ["$SYS/a", "#", false],
  ["$SYS/a", "$SYS/#", true],
])("topic %s of filter %s: %s", (topic, filter, expected) => expect(isTopicOf(topic, filter)).toBe(expected));

const message = (more: Partial<BridgeMessage>): BridgeMessage => ({
  ...{ id: "id-1", body: 1, contentType: null, headers: {}, priority: 4, groupId: null, sentAt: 5, expiresAt: null },
  ...{ redelivered: false, ...more },
});

test("the size of a packet is what the protocol says, whatever is in it", () => {
  const written = writePacket(message({ headers: { shop: "nörd" }, expiresAt: 10_000 }), { topic: "t/ü" }, 0);
  if (written instanceof Promise) throw new Error("nothing is to be read");
  const text = (value: string) => 2 + Buffer.byteLength(value);
  const users = Object.entries(written.properties.userProperties ?? {});
  const properties =
    1 +
    text("application/json") +
    5 +
    users.reduce((sum, [name, value]) => sum + 1 + text(name) + text(String(value)), 0);
  // Of less than 128 bytes each length is one byte, of less than 16,384 two.
  const rest = text("t/ü") + 2 + (properties < 128 ? 1 : 2) + properties + 1;
  expect(sizeOf(written)).toBe(1 + (rest < 128 ? 1 : 2) + rest);
});

test("a message that comes without an id has the one that it is given, and no header says otherwise", () => {
  const packet = { topic: "t", payload: new Uint8Array([49]), qos: 1, dup: false, messageId: 7 } as const;
  const read = readPacket(packet, { id: () => "made", cloudEvents: false, now: 9 });
  expect(read).toMatchObject({
    id: "made",
    headers: { "mqtt-topic": "t" },
    sentAt: 9,
    expiresAt: null,
    contentType: null,
  });
  expect(read.headers["mqtt-id"]).toBeUndefined();
});
