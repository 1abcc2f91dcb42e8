// The samples of docs/bridges.md against real brokers, as they stand there but for the addresses.

import { jetstream } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { afterEach, expect, inject, test } from "vitest";
import * as bridges from "../../src/bridge.js";
import * as bridgesToJetStream from "../../src/bridge-jetstream.js";
import * as bridgesToMqtt from "../../src/bridge-mqtt.js";
import { blocksOf } from "../unit/docs/pages.js";
import { openTab, type Tab } from "../unit/docs/recipes.js";
import { addStream, jsonOf, MINUTE_NS, readStream } from "./jetstream.js";
import { startMosquitto } from "./mosquitto.js";
import { startNatsServer } from "./nats-server.js";
import { drained } from "./scene.js";

const samples = blocksOf("docs/bridges.md", "ts").map(({ code }) => code);
const sampleWith = (text: string) =>
  samples.find((code) => code.includes(text)) ?? expect.fail(`no sample has ${text}`);
const packages = {
  "originmq/bridge": bridges,
  "originmq/bridge/jetstream": bridgesToJetStream,
  "originmq/bridge/mqtt": bridgesToMqtt,
};

const endings: (() => Promise<unknown>)[] = [];
const atEnd = <Made extends object>(made: Made, end: (made: Made) => Promise<unknown>): Made => {
  endings.push(() => end(made));
  return made;
};
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const newTab = async (name: string) =>
  atEnd(await openTab(name), ({ connection }) => connection.close({ force: true }));

/** The two bridges of a sample, closed in the end. */
async function run(tab: Tab, code: string) {
  const made = await tab.run(`${code}\nexport { up, down };`, { deviceId: "till-7", console }, packages);
  const { up, down } = made as unknown as Record<"up" | "down", bridges.Bridge>;
  for (const one of [up, down]) atEnd(one, () => one.close({ waitMs: 0 }));
  return { up, down };
}

test("the sample of JetStream forwards orders to it, and news from it", async () => {
  const server = atEnd(await startNatsServer({ binary: inject("brokers").natsServer }), (started) => started.close());
  const nc = await server.connection();
  const limits = { max_age: 60 * MINUTE_NS, duplicate_window: 10 * MINUTE_NS };
  for (const name of ["ORDERS", "NEWS"]) await addStream(nc, { ...limits, name });
  const tab = await newTab("documented-jetstream");
  const orders = await tab.connection.openQueue("orders");
  await orders.send({ sku: "tea" }, { headers: { shop: "north" } });
  const code = sampleWith("toJetStream({").replaceAll("wss://nats.example.com", server.url);
  // It would be closed before it has begun.
  const { up } = await run(tab, code.replace("await up.close();", ""));
  await drained(orders);
  expect(up.stats()).toMatchObject({ guarantee: "durable", forwarded: 1 });
  expect(await readStream(nc, "ORDERS")).toMatchObject([{ subject: "orders.north" }]);
  expect((await readStream(nc, "ORDERS")).map(jsonOf)).toEqual([{ sku: "tea" }]);
  const json = headers();
  json.set("Content-Type", "application/json");
  await jetstream(nc).publish("news.today", JSON.stringify("rain"), { headers: json });
  const news = await tab.connection.openQueue("news");
  await expect.poll(() => news.peek(), { timeout: 20_000 }).toMatchObject([{ body: "rain" }]);
});

test("the sample that encrypts gives the stream nothing to read but what makes its subject, and takes it from there", async () => {
  const server = atEnd(await startNatsServer({ binary: inject("brokers").natsServer }), (started) => started.close());
  const nc = await server.connection();
  await addStream(nc, { max_age: 60 * MINUTE_NS, duplicate_window: 10 * MINUTE_NS, name: "ORDERS" });
  const tab = await newTab("documented-encrypted");
  const orders = await tab.connection.openQueue("orders");
  await orders.send({ sku: "tea" }, { headers: { shop: "north", till: "7" } });
  await run(tab, sampleWith("toEncrypted(").replaceAll("wss://nats.example.com", server.url));
  const received = await tab.connection.openQueue("received");
  await expect
    .poll(() => received.peek(), { timeout: 20_000 })
    .toMatchObject([{ body: { sku: "tea" }, headers: { shop: "north", till: "7" } }]);
  const [carried] = await readStream(nc, "ORDERS");
  expect(carried).toMatchObject({ subject: "orders.north", headers: { shop: "north" } });
  expect(new TextDecoder("latin1").decode(carried?.bytes)).not.toContain("tea");
  expect(carried?.headers).not.toHaveProperty("till");
});

test("the sample of MQTT forwards orders to what the next sample receives and confirms, and prices from there", async () => {
  const broker = atEnd(await startMosquitto(inject("brokers").mosquitto), (started) => started.close());
  const client = await broker.client({ protocolVersion: 5 });
  await client.subscribeAsync("orders/#", { qos: 1 });
  const [till, shop] = [await newTab("documented-till"), await newTab("documented-shop")];
  const stored: [unknown, unknown][] = [];
  const storeOnce = async (id: unknown, payload: unknown) => stored.push([id, String(payload)]);
  await shop.run(sampleWith("originmq-id"), { client, storeOnce, openQueue: shop.connection.openQueue });

  const orders = await till.connection.openQueue("orders");
  const { id } = await orders.send({ sku: "tea" }, { headers: { shop: "north" } });
  const { up } = await run(till, sampleWith("toMqtt({").replaceAll("wss://mqtt.example.com", broker.url));
  await drained(orders);
  expect(stored).toEqual([[id, '{"sku":"tea"}']]);
  expect(up.stats()).toMatchObject({ forwarded: 1 });
  const prices = await till.connection.openQueue("prices");
  await expect
    .poll(
      async () => {
        // A session begins with its first connection, and gets what is published from then on.
        await client.publishAsync("prices/tea", "4", { qos: 1 });
        return (await prices.peek()).length;
      },
      { timeout: 20_000, interval: 300 },
    )
    .toBeGreaterThan(0);
  expect((await prices.peek({ max: 1 }))[0]).toMatchObject({ headers: { "mqtt-topic": "prices/tea" } });
});
