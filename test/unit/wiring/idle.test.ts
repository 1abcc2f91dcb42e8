// How often an open queue that nothing happens to wakes those who have it, by counting timers that fire.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connect } from "../../../src/index.js";

const TEN_MINUTES_MS = 600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What was posted arrives, and what follows from it. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Timers that fire until so much time has passed. */
async function wakeUpsFor(ms: number): Promise<number> {
  const endsAt = Date.now() + ms;
  for (let wakeUps = 0; ; wakeUps++) {
    await settle();
    if (vi.getTimerCount() === 0) return wakeUps;
    vi.advanceTimersToNextTimer();
    if (Date.now() >= endsAt) return wakeUps;
  }
}

test("a queue with a consumer, all of its messages handled, wakes page and host once a minute together", async () => {
  const connection = await connect({ storage: "memory", database: "idle" });
  const orders = await connection.openQueue<number>("orders");
  const handled: number[] = [];
  orders.consume(({ body }) => void handled.push(body));
  for (let i = 0; i < 10; i++) await orders.send(i);
  await settle();
  expect(handled).toHaveLength(10);
  // What is left to do in the background, and clients that ask whether somebody is there, come to rest.
  await wakeUpsFor(TEN_MINUTES_MS / 10);
  expect(await wakeUpsFor(TEN_MINUTES_MS)).toBeLessThanOrEqual(10);
  expect(await wakeUpsFor(TEN_MINUTES_MS)).toBeGreaterThan(0);
  await connection.close();
});
