// How often a database that cannot be opened is tried again, on a clock of the test's own.

import { afterEach, expect, test, vi } from "vitest";
import { createPatience } from "../../../../src/client/connection/patience.js";
import { createHostLink } from "../../../../src/client/link/host-link.js";
import type { Runtime } from "../../../../src/client/runtime/runtime.js";
import { PASSING, QueueError } from "../../../../src/core/spec/errors.js";

const MINUTE = 60_000;
const TROUBLE = new QueueError("storage-failed", "it cannot be opened", { detail: PASSING });

const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
afterEach(() => void complaints.mockClear());

function createWorld() {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  const tries: number[] = [];
  const runtime: Runtime = {
    now: () => now,
    setTimer(callback, ms) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    afterTurn: (callback) => queueMicrotask(callback),
    uuid: () => "u",
    random: () => 0.5,
  };
  const patience = createPatience({ runtime, questions: new Set(), drafts: () => [], withdraw() {} });
  const link = createHostLink({
    client: "c",
    runtime,
    async openPort() {
      tries.push(now);
      throw TROUBLE;
    },
    locks: undefined,
    asking: undefined,
    serve: () => undefined,
    held: () => [],
    onConnected() {},
    onDisconnected() {},
    patience: async () => patience,
    onEnded() {},
    onPeerUnreadable() {},
  });
  const pass = async (ms: number) => {
    const until = now + ms;
    for (;;) {
      for (let i = 0; i < 20; i++) await undefined;
      const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      timers.delete(next);
      now = next.at;
      next.callback();
    }
    now = until;
  };
  return { link, patience, tries, pass };
}

const gapsOf = (tries: readonly number[]) => tries.slice(1).map((at, i) => at - (tries[i] as number));

test("it is tried again for ever, twice as late each time, and after two minutes at most", async () => {
  const { link, tries, pass } = createWorld();
  link.wake();
  await pass(24 * 60 * MINUTE);
  const gaps = gapsOf(tries);
  expect(gaps.slice(0, 8)).toEqual([375, 750, 1_500, 3_000, 6_000, 12_000, 24_000, 48_000]);
  expect(new Set(gaps.slice(8))).toEqual(new Set([90_000]));
  // In WebKit's worst week others tried a hundred times as often.
  expect(tries.length).toBeLessThan(1_000);
  expect(complaints).toHaveBeenCalledTimes(1);
});

test("however many calls are made, each is tried for while it waits, and none more often than twice in that time", async () => {
  const { link, tries, pass } = createWorld();
  link.wake();
  await pass(10 * MINUTE);
  const before = tries.length;
  for (let i = 0; i < 600; i++) {
    link.wake();
    await pass(100);
  }
  const gaps = gapsOf(tries.slice(before));
  expect(tries.length - before).toBeGreaterThan(2);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(15_000);
});

test("a page that is looked at tries at once", async () => {
  const { link, tries, pass } = createWorld();
  link.wake();
  await pass(10 * MINUTE);
  const before = tries.length;
  link.hurry();
  await pass(1);
  expect(tries.length).toBe(before + 1);
});

test("a database that opens and is lost at once is one trouble, and is tried more and more rarely; after a quiet minute it is another", async () => {
  const { patience, pass } = createWorld();
  const rested = async () => {
    let waited = 0;
    let isOver = false;
    void patience.rest(TROUBLE).then(() => {
      isOver = true;
    });
    for (; !isOver; waited += 25) await pass(25);
    patience.end();
    return waited;
  };
  const gaps = [await rested(), await rested(), await rested(), await rested()];
  expect(gaps.map((ms) => Math.round(ms / 375))).toEqual([1, 2, 4, 8]);
  expect(complaints).toHaveBeenCalledTimes(1);
  await pass(MINUTE + 1);
  expect(Math.round((await rested()) / 375)).toBe(1);
  expect(complaints).toHaveBeenCalledTimes(2);
});
