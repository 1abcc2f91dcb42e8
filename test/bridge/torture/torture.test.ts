// Minutes of it, with a fault every 15 s: what stands still does so for longer than nats.js waits for an answer.

import { expect, inject, test } from "vitest";
import { folderFor } from "../../edge/server-process.js";
import { type Fault, torture } from "./torture.js";

const minutes = Number(process.env.ORIGINMQ_TORTURE_MINUTES ?? 10);

test(`${minutes} minutes: nothing is lost, and each message is in its stream once, in order`, async () => {
  const times = new Map<Fault, number>();
  const { reports, faults, stored } = await torture({
    binary: inject("brokers").natsServer,
    folder: folderFor("bridge-torture"),
    forMs: minutes * 60_000,
    everyMs: 15_000,
    stillMs: 8_000,
    restMs: 100,
    onFault(fault, count) {
      times.set(fault, (times.get(fault) ?? 0) + 1);
      console.log(`${fault}: ${count} stored`);
    },
  });
  for (const [name, report] of Object.entries(reports)) {
    const { sent, delivered, dead, problems } = report;
    console.log(`${name}: ${sent} sent, ${delivered} in the stream, ${dead} dead letters; ${problems.length} problems`);
  }
  console.log(`${faults} faults: ${[...times].map(([fault, count]) => `${count} ${fault}`).join(", ")}`);
  expect(Object.values(reports).flatMap(({ problems }) => problems)).toEqual([]);
  expect(Math.min(...Object.values(stored))).toBeGreaterThan(1_000);
});
