// When a schedule ticks and what its messages are like: what a client writes, the host checks and the engine stores.

import { type Check, DURATION_MS_MAX, integer, invalid } from "./check.js";

export const CATCH_UPS = ["none", "one", "all"] as const;
/** What becomes of ticks that nobody sent in time: none is sent, the last one, or all of them. */
export type CatchUp = (typeof CATCH_UPS)[number];

/** When a schedule ticks, and what its messages are like. It has either `cron` and `timeZone`, or `everyMs`. */
export interface ScheduleSpec {
  readonly cron?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly everyMs?: number | undefined;
  readonly catchUp: CatchUp;
  readonly priority: number;
  readonly ttlMs?: number | null | undefined;
  readonly groupId?: string | undefined;
}

const EVERY_MS_MIN = 100;

export const everyMs: Check = integer(EVERY_MS_MIN, DURATION_MS_MAX);

/** A schedule ticks by a cron expression, in a time zone, or every so many milliseconds. */
export function checkTiming(
  { cron, timeZone, everyMs }: Pick<ScheduleSpec, "cron" | "timeZone" | "everyMs">,
  name: string,
): void {
  if (cron === undefined && everyMs === undefined) invalid(`${name}.cron`, cron, "given, or everyMs");
  if (cron !== undefined && everyMs !== undefined) invalid(`${name}.everyMs`, everyMs, "left out when cron is given");
  if (timeZone !== undefined && cron === undefined) invalid(`${name}.timeZone`, timeZone, "left out without cron");
}
