import { expect, test } from "vitest";
import type { ScheduleSpec } from "../../../src/core/spec/schedule-spec.js";
import type { ScheduleView } from "../../../src/link/rpc/views.js";
import type { NumberedCommand } from "../../../src/link/rpc/wire.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { startHost } from "./world.js";

const scheduleOf = (number: number, spec: Partial<ScheduleSpec>, body: unknown = "tick"): NumberedCommand => ({
  number,
  command: {
    type: "schedule",
    queue: "q",
    id: "s",
    spec: { catchUp: "one", priority: 4, ...spec },
    bodies: [body],
    headers: [{ from: "s" }],
  },
});

/** A host on a clock of its own; the next one goes on with its disk. */
async function startAt(start: number) {
  const disk = createMemoryDisk();
  let clock = start;
  const open = async () => {
    const { host, connect } = await startHost({
      store: createMemoryStore({ disk }),
      platform: { now: () => clock, setTimer: () => () => {} },
      checkpointRecords: 3,
    });
    const client = await connect(`c${Math.random()}`);
    const stats = () => client.link.call<{ totals: { accepted: number } }>({ op: "stats", queue: "q" });
    const accepted = async () => (await stats()).totals.accepted;
    const list = () => client.link.call<ScheduleView[]>({ op: "schedules", queue: "q" });
    return { ...client, accepted, list, close: () => host.close() };
  };
  const setTo = (now: number) => {
    clock = now;
  };
  return { open, setTo };
}

test("each tick is sent once as the clock goes, body and headers with it", async () => {
  const world = await startAt(1_000);
  const host = await world.open();
  await host.submit(scheduleOf(1, { everyMs: 1_000 }, { deep: [1] }));
  const counts: number[] = [];
  for (const now of [1_999, 2_000, 2_001, 2_999, 3_500, 4_000]) {
    world.setTo(now);
    counts.push(await host.accepted());
  }
  expect(counts).toEqual([0, 1, 1, 1, 2, 3]);
  const seen = await host.link.call({ op: "peek", queue: "q", max: 9, states: ["ready"] });
  const message = { body: { deep: [1] }, headers: { from: "s" } };
  expect(seen).toMatchObject([{ ...message, sentAt: 2_000 }, { ...message, sentAt: 3_500 }, message]);
  expect(await host.list()).toMatchObject([{ id: "s", everyMs: 1_000, cron: null, nextAt: 5_000, ...message }]);
  await host.close();
});

test.each([
  ["none", 1],
  ["one", 2],
  ["all", 4],
] as const)("what was missed while nobody hosted is caught up as it says: %s", async (catchUp, expected) => {
  const world = await startAt(1_000);
  const first = await world.open();
  await first.submit(scheduleOf(1, { everyMs: 1_000, catchUp }));
  world.setTo(2_000);
  expect(await first.accepted()).toBe(1);
  await first.close();
  world.setTo(5_500);
  const second = await world.open();
  expect(await second.accepted()).toBe(expected);
  await second.close();
  const third = await world.open();
  expect(await third.accepted()).toBe(expected);
  world.setTo(6_000);
  expect(await third.accepted()).toBe(expected + 1);
  await third.close();
});

test("a clock that is set back neither repeats a tick nor stops the next", async () => {
  const world = await startAt(100_000);
  const host = await world.open();
  await host.submit(scheduleOf(1, { everyMs: 10_000 }));
  world.setTo(110_000);
  expect(await host.accepted()).toBe(1);
  world.setTo(50_000);
  expect(await host.accepted()).toBe(1);
  world.setTo(59_999);
  expect(await host.accepted()).toBe(1);
  world.setTo(60_000);
  expect(await host.accepted()).toBe(2);
  await host.close();
});

test("a cron tick is not repeated when the clock goes over its instant again", async () => {
  const hour = 3_600_000;
  const world = await startAt(hour - 1_000);
  const host = await world.open();
  await host.submit(scheduleOf(1, { cron: "0 * * * *", timeZone: "UTC" }));
  for (const [now, expected] of [
    [hour, 1],
    [hour - 5_000, 1],
    [hour, 1],
    [hour + 10, 1],
    [2 * hour, 2],
  ] as const) {
    world.setTo(now);
    expect(await host.accepted()).toBe(expected);
  }
  await host.close();
});

test("a schedule without a time, or with a bad one, is refused and not stored", async () => {
  const world = await startAt(0);
  const host = await world.open();
  const bad = [{ cron: "x" }, { cron: "* * * * *", timeZone: "Mars/Base" }];
  const noTiming = [{}, { cron: "* * * * *", everyMs: 100 }, { everyMs: 99 }, { everyMs: 100, timeZone: "UTC" }];
  for (const [i, spec] of [...bad, ...noTiming].entries()) {
    const { outcomes } = await host.submit(scheduleOf(i + 1, spec));
    expect(outcomes[0]).toMatchObject({ ok: false, code: "invalid-argument" });
  }
  expect(await host.list()).toEqual([]);
  await host.close();
});
