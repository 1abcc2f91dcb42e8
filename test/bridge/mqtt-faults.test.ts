// A bridge to a real MQTT broker while that is killed, ended and paused, the line fails, and the bridge's own process dies;
// `npm run torture:bridge -- --only mqtt` for longer.

import { expect, inject, test } from "vitest";
import { folderFor } from "../edge/server-process.js";
import { startMqtt } from "./torture/mqtt.js";
import { type Fault, torture } from "./torture/torture.js";

const { mosquitto: binary } = inject("brokers");
const folder = folderFor("bridge");

test.each<[what: string, isConfirmed: boolean, faults: readonly Fault[]]>([
  ["the line fails, or the broker is ended: what it confirms arrives, in order", false, ["cut", "terminate", "bridge"]],
  ["the broker is killed: what an application confirms has arrived, groups in order", true, ["kill", "pause", "kill"]],
])("whatever fails: %s", { timeout: 120_000 }, async (_, isConfirmed, faults) => {
  const engine = await startMqtt(binary, isConfirmed);
  const { reports, stored } = await torture({ engine, folder, faults, everyMs: 700, stillMs: 1_500 });
  expect(reports.grouped.problems).toEqual([]);
  expect(reports.plain.problems).toEqual([]);
  expect(Math.min(...Object.values(stored))).toBeGreaterThan(200);
});
