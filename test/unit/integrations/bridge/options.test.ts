// What may be said of targets and sources: what could never work is said at once, and not in each message's dead letter.

import { expect, test } from "vitest";
import { fromJetStream, toJetStream } from "../../../../src/bridge-jetstream.js";
import { fromMqtt, toMqtt } from "../../../../src/bridge-mqtt.js";

test.each([[[]], [{}], [null], [5], [{ close() {} }]])("%j is no server", (servers) => {
  const given = { servers: servers as never };
  const words = /\.servers must be one address or several/;
  expect(() => toJetStream({ ...given, stream: "S", subject: "s.a" })).toThrow(words);
  expect(() => fromJetStream({ ...given, stream: "S", durable: "d" })).toThrow(words);
  expect(() => toMqtt({ ...given, topic: "t" })).toThrow(words);
  expect(() => fromMqtt({ ...given, topic: "t", clientId: "c" })).toThrow(words);
});

test.each(["s.*", "s.>", "s.", "s..a", "s.a b"])('nothing can be published to the subject "%s"', (subject) => {
  expect(() => toJetStream({ servers: "nats://x", stream: "S", subject })).toThrow(/toJetStream\(\)\.subject/);
});

test.each(["t/#", "t/+/a", "t\u0000"])('nor to the topic "%s"', (topic) => {
  expect(() => toMqtt({ servers: "mqtt://x", topic })).toThrow(/toMqtt\(\)\.topic/);
});

test("confirmations are not shared with others: of each, one would hear", () => {
  const options = { servers: "mqtt://x", topic: "t", confirmBy: "$share/bridges/confirmed" };
  expect(() => toMqtt(options)).toThrow(/toMqtt\(\)\.confirmBy must be a topic of this bridge's own/);
});

test.each(["a.b", "a b", "a*", "a>", "a/b"])('no stream and no consumer is called "%s"', (name) => {
  const servers = "nats://x";
  expect(() => toJetStream({ servers, stream: name, subject: "s" })).toThrow(/toJetStream\(\)\.stream must be without/);
  expect(() => fromJetStream({ servers, stream: name, durable: "d" })).toThrow(/\.stream must be without/);
  expect(() => fromJetStream({ servers, stream: "S", durable: name })).toThrow(/\.durable must be without/);
});

test.each(["a/#/b", "a#", "a/b+", "#/"])('nobody can subscribe to "%s"', (topic) => {
  const options = { servers: "mqtt://x", clientId: "c" };
  expect(() => fromMqtt({ ...options, topic })).toThrow(/fromMqtt\(\)\.topic must be a topic in which/);
  expect(() => fromMqtt({ ...options, topic: ["a/+/b", "#", topic] })).toThrow(/topic in which/);
  expect(() => fromMqtt({ ...options, topic: ["a/+/b", "#", "$share/g/a/#"] })).not.toThrow();
});
