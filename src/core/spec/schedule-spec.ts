// When a schedule ticks and what its messages are like: what a client writes, the host checks and the engine stores.

import { type Check, check, invalid, oneOf, type Spec, shape } from "./check.js";
import { cron, everyMs, groupId, priority, timeZone, ttlMs } from "./fields.js";
import { EVERY_MS_MIN } from "./limits.js";
import { sealed } from "./sealed.js";
import type { Span } from "./time.js";

export const CATCH_UPS = ["none", "one", "all"] as const;
/** What becomes of ticks that nobody sent in time: none is sent, the last one, or all of them. */
export type CatchUp = (typeof CATCH_UPS)[number];

/** When a schedule ticks, and what its messages are like. It has either `cron` and `timeZone`, or `everyMs`. */
export interface ScheduleSpec {
  readonly cron?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly everyMs?: Span | undefined;
  readonly catchUp: CatchUp;
  readonly priority: number;
  readonly ttlMs?: Span | null | undefined;
  readonly groupId?: string | undefined;
  /** Id of the key that its body is encrypted with. */
  readonly sealed?: string | undefined;
}

/** What says when it ticks, as data; `checkTiming` says which go together. */
export const TIMING_SPEC: Spec = { cron, timeZone, everyMs, catchUp: oneOf(...CATCH_UPS) };

const spec = shape(
  { ...TIMING_SPEC, priority, ttlMs, groupId, sealed },
  ...["cron", "timeZone", "everyMs", "ttlMs", "groupId", "sealed"],
);

/** See `ScheduleSpec`. */
export const scheduleSpec: Check = (value, name) => {
  check(spec, value, name);
  checkTiming(value as ScheduleSpec, name);
};

/** Whether what was stored says when it ticks: of one that does not, nothing could ever be computed. */
export function hasTiming(spec: unknown): spec is ScheduleSpec {
  const { cron, everyMs, catchUp } = Object(spec) as Partial<ScheduleSpec>;
  const isTimed =
    everyMs === undefined ? typeof cron === "string" : Number.isFinite(everyMs) && everyMs >= EVERY_MS_MIN;
  return isTimed && catchUp !== undefined && CATCH_UPS.includes(catchUp);
}

/** A schedule ticks by a cron expression, in a time zone, or every so many milliseconds. */
export function checkTiming(
  { cron, timeZone, everyMs }: Pick<ScheduleSpec, "cron" | "timeZone" | "everyMs">,
  name: string,
): void {
  if (cron === undefined && everyMs === undefined) invalid(`${name}.cron`, cron, "given, or everyMs");
  if (cron !== undefined && everyMs !== undefined) invalid(`${name}.everyMs`, everyMs, "left out when cron is given");
  if (timeZone !== undefined && cron === undefined) invalid(`${name}.timeZone`, timeZone, "left out without cron");
}
