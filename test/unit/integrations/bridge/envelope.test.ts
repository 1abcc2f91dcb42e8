// What engines carry of messages, and what is read of those that others have sent.

import { expect, test } from "vitest";
import { connect } from "../../../../src/index.js";
import {
  decodeEnvelope,
  encodeEnvelope,
  type Received,
} from "../../../../src/integrations/bridge/envelope/envelope.js";
import { optionsOf } from "../../../../src/integrations/bridge/queue-target.js";

const received = (headers: Record<string, string>, more: Partial<Received> = {}): Received => ({
  ...{ id: "", headers, bytes: new TextEncoder().encode("1"), storedAt: 5, redelivered: false, ...more },
});
const event = { specversion: "1.0", id: "1", type: "sold", source: "/shops/1" };
const prefixed = (attributes: object) =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, String(value)]));

test("events are the same where source and id are: of two sources each may have its first", () => {
  const idOf = (attributes: object, id = "") => decodeEnvelope(received(prefixed(attributes), { id }), true, "ce-").id;
  expect(idOf(event)).toBe(idOf(event, "NEWS:7"));
  expect(idOf(event)).not.toBe(idOf({ ...event, source: "/shops/2" }));
  // What this package has sent is known by the id of its message, which it says twice.
  expect(idOf(event, "1")).toBe("1");
  const json = new TextEncoder().encode(JSON.stringify(event));
  const asJson = decodeEnvelope(
    received({ "content-type": "application/cloudevents+json" }, { bytes: json }),
    true,
    "ce-",
  );
  expect(asJson.id).toBe(idOf(event));
});

test("headers of others are kept by their names, those of events among them where events are not asked for", () => {
  const headers = { status: "on", description: "of a sensor", "ce-type": "sold", shop: "north" };
  const given = { ...headers, "content-type": "application/json", "Nats-Msg-Id": "7", "originmq-priority": "9" };
  expect(decodeEnvelope(received(given), false, "ce-")).toMatchObject({ headers, priority: 9, body: 1 });
  expect(decodeEnvelope(received(given), false, "ce-").headers).toEqual(headers);
  expect(decodeEnvelope(received({ ...prefixed(event), status: "on" }), true, "ce-").headers).toEqual({
    "ce-specversion": "1.0",
    "ce-type": "sold",
    "ce-source": "/shops/1",
    status: "on",
  });
});

test("a header named __proto__ comes back, whoever has written it, and no object has another prototype by it", async () => {
  const headers = JSON.parse('{"__proto__":"of bees","shop":"north"}');
  const message = decodeEnvelope(received(headers, { id: "1" }), false, "ce-");
  expect(Object.entries(message.headers)).toEqual(Object.entries(headers));
  const connection = await connect({ storage: "memory", database: "envelope-names" });
  const queue = await connection.openQueue("orders");
  await queue.send(1, optionsOf(message));
  const [delivery] = await queue.receive();
  expect(Object.entries(delivery?.headers ?? {})).toEqual(Object.entries(headers));
  await connection.close();
  const sent = (await encodeEnvelope(message, { prefix: "ce-" })).headers;
  // An engine's client may assign what it reads.
  expect(Object.keys(sent)).not.toContain("__proto__");
  const again = decodeEnvelope(received(sent), false, "ce-").headers;
  expect(Object.entries(again).sort()).toEqual(Object.entries(headers).sort());
});

test("what another has written where this package writes numbers is taken where a queue takes it", async () => {
  const connection = await connect({ storage: "memory", database: "envelope" });
  const queue = await connection.openQueue("orders");
  for (const [name, text] of [
    ["originmq-priority", "4.5"],
    ["originmq-priority", "high"],
    ["originmq-expires-at", "1e15"],
    ["originmq-expires-at", "99999999999999.5"],
    ["originmq-sent-at", "0x10"],
  ] as const) {
    const message = decodeEnvelope(received({ [name]: text }, { id: `${name}: ${text}` }), false, "ce-");
    expect(await queue.send(message.body, optionsOf(message))).toMatchObject({ duplicate: false });
  }
  await connection.close();
});
