// Minutes of it, with a fault every 15 s: what stands still does so for longer than a client waits for an answer.

import { expect, inject, test } from "vitest";
import { folderFor } from "../../edge/server-process.js";
import type { Engine } from "./engine.js";
import { startJetStream } from "./jetstream.js";
import { startMqtt } from "./mqtt.js";
import { type Fault, MQTT_FAULTS, torture } from "./torture.js";

const minutes = Number(process.env.ORIGINMQ_TORTURE_MINUTES ?? 10);
const only = process.env.ORIGINMQ_TORTURE_ONLY;
const { natsServer, mosquitto } = inject("brokers");

const engines: [name: string, start: () => Promise<Engine>, faults: readonly Fault[] | undefined][] = [
  ["jetstream", () => startJetStream(natsServer), undefined],
  ["mqtt", () => startMqtt(mosquitto, true), MQTT_FAULTS],
];

test.each(engines.filter(([name]) => only === undefined || only === name))(
  `%s, ${minutes} minutes: nothing is lost, and each message has arrived once, in order`,
  async (_, start, faults) => {
    const times = new Map<Fault, number>();
    const tortured = await torture({
      engine: await start(),
      folder: folderFor("bridge-torture"),
      ...(faults && { faults }),
      forMs: minutes * 60_000,
      everyMs: 15_000,
      stillMs: 8_000,
      restMs: 100,
      onFault(fault, count) {
        times.set(fault, (times.get(fault) ?? 0) + 1);
        console.log(`${fault}: ${count} arrived`);
      },
    });
    for (const [name, report] of Object.entries(tortured.reports)) {
      const { sent, delivered, dead, problems } = report;
      console.log(`${name}: ${sent} sent, ${delivered} arrived, ${dead} dead letters; ${problems.length} problems`);
    }
    console.log(`${tortured.faults} faults: ${[...times].map(([fault, count]) => `${count} ${fault}`).join(", ")}`);
    expect(Object.values(tortured.reports).flatMap(({ problems }) => problems)).toEqual([]);
    expect(Math.min(...Object.values(tortured.stored))).toBeGreaterThan(1_000);
  },
);
