// A bridge to a real MQTT broker while that is killed, ended and paused, the line fails, and the bridge's own process dies;
// `npm run torture:bridge -- --only mqtt` for longer.

import { afterEach, expect, inject, test } from "vitest";
import { bridge } from "../../src/bridge.js";
import { toMqtt } from "../../src/bridge-mqtt.js";
import { startFaultyLine } from "../edge/proxy.js";
import { folderFor } from "../edge/server-process.js";
import { PERSISTENT, startMosquitto } from "./mosquitto.js";
import { subscriber, warningsOf } from "./mqtt.js";
import { createScene, drained, numbers } from "./scene.js";
import { startMqtt } from "./torture/mqtt.js";
import { torture } from "./torture/torture.js";

const { mosquitto: binary } = inject("brokers");
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

test.each([1, 2] as const)(
  "QoS %i, the line cut and the broker ended: what it confirms arrives, in order, under its id, and no session is lost",
  async (qos) => {
    const broker = await startMosquitto(binary, PERSISTENT);
    const line = await startFaultyLine(broker.url.replace("mqtt", "ws"));
    const scene = createScene();
    closing.push(scene.close, line.close, broker.close);
    const session = { clientId: "shop", clean: false, reconnectPeriod: 100 };
    const properties = { sessionExpiryInterval: 600, receiveMaximum: 1_000 };
    const { got } = await subscriber(broker, "t", { ...session, properties }, qos);
    const source = await scene.open<number>();
    await source.sendBatch(numbers(0, 3_000).map((body) => ({ body })));
    const servers = line.url.replace("ws", "mqtt");
    const up = scene.with(bridge(source, toMqtt({ servers, topic: "t", qos }), { batch: 50 }));
    const warnings = warningsOf(up);
    for (const passed of [500, 1_000, 1_500]) {
      await expect.poll(() => up.stats().forwarded, { interval: 5, timeout: 20_000 }).toBeGreaterThan(passed);
      line.cut();
    }
    await broker.kill("SIGTERM");
    await broker.start();
    await drained(source);
    const first = () => [...new Map(got.map(({ id, payload }) => [id, Number(String(payload))])).values()];
    await expect.poll(() => first().length, { timeout: 20_000 }).toBe(3_000);
    expect(first()).toEqual(numbers(0, 3_000));
    expect(warnings).toEqual([]);
  },
);

test("whatever fails, what an application confirms has arrived, and groups are in order", {
  timeout: 120_000,
}, async () => {
  const engine = await startMqtt(binary, true);
  const faults = ["kill", "cut", "bridge", "kill"] as const;
  const { reports, stored } = await torture({
    engine,
    folder: folderFor("bridge"),
    faults,
    everyMs: 600,
    stillMs: 500,
  });
  expect(reports.grouped.problems).toEqual([]);
  expect(reports.plain.problems).toEqual([]);
  expect(Math.min(...Object.values(stored))).toBeGreaterThan(200);
});
