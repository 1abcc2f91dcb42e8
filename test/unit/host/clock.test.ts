// The wall clock may be set while somebody waits: what was asked for is a span, and lasts as long as it said.

import { expect, test } from "vitest";
import { startHost } from "./world.js";

test("a receive waits for as long as it was told although the clock is set back by an hour", async () => {
  let setBackMs = 0;
  const world = await startHost({ platform: { now: () => Date.now() - setBackMs } });
  const { link, submit } = await world.connect("a");
  const waiting = link.call({ op: "receive", waiter: "w", queue: "q", max: 1, waitMs: 300, mode: "receive" });
  // It waits once the host has answered what was asked after it.
  await link.call({ op: "queues" });
  setBackMs = 3_600_000;
  await submit({ number: 1, command: { type: "pause", queue: "other", paused: true } });
  const late = new Promise((resolve) => setTimeout(resolve, 5_000, "late"));
  expect(await Promise.race([waiting, late])).not.toBe("late");
  await world.host.close();
});
