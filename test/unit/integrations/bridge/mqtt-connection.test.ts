// The client of mqtt.js that an application brings, while it is away.

import { EventEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import { joinLine } from "../../../../src/integrations/bridge/mqtt/connection.js";

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
