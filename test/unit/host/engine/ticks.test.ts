import { describe, expect, test } from "vitest";
import { CATCH_UP_MAX } from "../../../../src/core/spec/limits.js";
import type { ScheduleSpec } from "../../../../src/core/spec/schedule-spec.js";
import { firstTick, tickAfterSetBack, tickOf } from "../../../../src/host/engine/ticks.js";

const at = (text: string) => Date.parse(`${text}Z`);
const DAY = 24 * 60 * 60 * 1_000;
const due = (spec: Partial<ScheduleSpec>, nextAt: number) => ({
  queue: "q",
  id: "s",
  spec: { catchUp: "one" as const, priority: 4, ...spec },
  bodySeq: 1,
  size: 1,
  nextAt,
});

describe("the first tick", () => {
  test.each([
    ["0 9 * * *", "UTC", "2026-01-05T09:00"],
    ["0 9 * * *", "Europe/Berlin", "2026-01-05T08:00"],
    ["*/10 * * * * *", undefined, "2026-01-05T00:00:10"],
    ["0 0 29 2 *", undefined, "2028-02-29T00:00"],
    ["@daily", undefined, "2026-01-06T00:00"],
  ])("of %j in %s", (cron, timeZone, expected) => {
    expect(firstTick({ cron, timeZone, catchUp: "one", priority: 4 }, at("2026-01-05T00:00"))).toBe(at(expected));
  });

  test.each([
    ["x", "UTC", "cron"],
    ["", "UTC", "cron"],
    ["60 * * * *", "UTC", "cron"],
    ["0 0 30 2 *", "UTC", "cron"],
    ["2030-01-01T00:00:00", "UTC", "cron"],
    ["0 0 0 1 1 * 2030", "UTC", "cron"],
    ["* * * * *", "Mars/Base", "timeZone"],
  ])("of %j in %s is refused for its %3$s", (cron, timeZone, name) => {
    expect(firstTick({ cron, timeZone, catchUp: "one", priority: 4 }, 0)).toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining(`schedules.upsert().${name} must be`),
      detail: { name },
    });
  });
});

test.each([
  ["a time zone", { cron: "0 9 * * *", timeZone: "Mars/Base" }],
  ["an expression", { cron: "at noon" }],
])("%s that cannot be read here is tried again in an hour", (_, spec) => {
  const tick = due(spec, 5_000);
  expect(tickOf(tick, 7_500, 4_900)).toMatchObject({ due: [], nextAt: 7_500 + 3_600_000 });
  expect(tickAfterSetBack(tick, 5_000, 2 * DAY)).toBeUndefined();
});

describe("what is due", () => {
  const everySecond = { everyMs: 1_000 };

  test("after the last turn is sent, however many ticks it is and whatever was missed means", () => {
    for (const catchUp of ["none", "one", "all"] as const) {
      const { due: found, nextAt } = tickOf(due({ ...everySecond, catchUp }, 5_000), 7_500, 4_900);
      expect([found, nextAt]).toEqual([[5_000, 6_000, 7_000], 8_000]);
    }
  });

  test("of a schedule that was due long ago is no more than is sent at once, and nobody is kept counting", () => {
    for (const nextAt of [-1e300, -1e17])
      expect(tickOf(due({ everyMs: 3_000, catchUp: "all" }, nextAt), 7_000, 0).due.length).toBeLessThanOrEqual(
        CATCH_UP_MAX,
      );
  });

  test.each([
    ["none", [7_000]],
    ["one", [6_000, 7_000]],
    ["all", [5_000, 6_000, 7_000]],
  ] as const)("before the last turn was missed: %s", (catchUp, expected) => {
    expect(tickOf(due({ ...everySecond, catchUp }, 5_000), 7_500, 6_500).due).toEqual(expected);
  });

  test.each([
    ["none", []],
    ["one", [7_000]],
    ["all", [5_000, 6_000, 7_000]],
  ] as const)("at a host's first turn was missed: %s", (catchUp, expected) => {
    const found = tickOf(due({ ...everySecond, catchUp }, 5_000), 7_500, undefined);
    expect([found.due, found.nextAt]).toEqual([expected, 8_000]);
  });

  test("after a long sleep, or with a clock set forward, was missed", () => {
    expect(tickOf(due(everySecond, 5_000), 5_000 + DAY, 4_900).due).toEqual([5_000 + DAY]);
    expect(tickOf(due({ ...everySecond, catchUp: "all" }, 5_000), 5_000 + DAY, 4_900).due).toHaveLength(1_000);
  });

  test("by a cron expression is each of its instants, once", () => {
    const spec = { cron: "30 2 * * *", timeZone: "Europe/Berlin", catchUp: "all" } as const;
    const found = tickOf(due(spec, at("2026-10-24T00:30")), at("2026-10-26T12:00"), undefined);
    expect(found.due).toEqual([at("2026-10-24T00:30"), at("2026-10-25T00:30"), at("2026-10-26T01:30")]);
    expect(found.nextAt).toBe(at("2026-10-27T01:30"));
  });

  test("by a cron expression comes when the gap ends, on the day that lacks its hour", () => {
    const spec = { cron: "30 2 * * *", timeZone: "Europe/Berlin", catchUp: "all" } as const;
    // 02:30 of the 29th of March is not there: 03:00 in summer time is.
    expect(firstTick({ ...spec, priority: 4 }, at("2026-03-28T12:00"))).toBe(at("2026-03-29T01:00"));
    const found = tickOf(due(spec, at("2026-03-28T01:30")), at("2026-03-31T00:00"), undefined);
    expect(found.due).toEqual([at("2026-03-28T01:30"), at("2026-03-29T01:00"), at("2026-03-30T00:30")]);
  });

  test("at the very instant is sent, and the next is a later one", () => {
    const spec = { cron: "* * * * *" };
    const now = at("2026-01-01T00:01");
    expect(tickOf(due(spec, now), now, now - 1)).toMatchObject({ due: [now], nextAt: now + 60_000 });
    expect(tickOf(due(spec, now), now + 999, now - 1)).toMatchObject({ due: [now], nextAt: now + 60_000 });
    expect(tickOf(due({ cron: "* * * * * *" }, now), now + 1_999, now - 1)).toMatchObject({
      due: [now, now + 1_000],
      nextAt: now + 2_000,
    });
  });
});

test("a clock that was wrong by more than a day starts cron ticks anew, and moves nothing else", () => {
  const cron = due({ cron: "0 * * * *" }, at("2027-01-01T10:00"));
  const now = at("2026-01-01T09:30");
  expect(tickAfterSetBack(cron, now, 365 * DAY)).toMatchObject({ due: [], nextAt: at("2026-01-01T10:00") });
  expect(tickAfterSetBack(cron, now, DAY / 2)).toBeUndefined();
  expect(tickAfterSetBack(due({ everyMs: 100 }, now), now, 365 * DAY)).toBeUndefined();
});
