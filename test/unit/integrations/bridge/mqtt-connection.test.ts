// The client of mqtt.js that an application brings, while it is away.

import { EventEmitter } from "node:events";
import * as installed from "mqtt";
import { expect, test, vi } from "vitest";
import { checkedMqtt, joinLine } from "../../../../src/integrations/bridge/mqtt/connection.js";

test("however often a client is waited for that is away, it has no listener of the bridge afterwards", async () => {
  vi.useFakeTimers();
  const client = Object.assign(new EventEmitter(), { connected: false, options: { protocolVersion: 5 } });
  for (let attempt = 0; attempt < 3; attempt++) {
    const joining = joinLine(client as never, () => {}).catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await joining).toContain("has not answered");
    expect(client.eventNames()).toEqual([]);
  }
  const joining = joinLine(client as never, () => {});
  client.emit("connect");
  await (await joining).close();
  expect(client.eventNames()).toEqual([]);
  vi.useRealTimers();
});

test("a version of mqtt.js is refused that may acknowledge what is not stored yet", () => {
  expect(checkedMqtt(installed).connect).toBe(installed.connect);
  // As bundles for browsers have it.
  expect(checkedMqtt({ default: installed }).connect).toBe(installed.connect);
  for (const version of ["5.15.3", "4.3.8", "6.0.0", undefined]) {
    const other = { connect() {}, MQTTJS_VERSION: version };
    expect(() => checkedMqtt(other)).toThrow(
      expect.objectContaining({ code: "unsupported", message: expect.stringContaining("mqtt 5.16") }),
    );
  }
});
