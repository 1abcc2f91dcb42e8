// When schedules tick. Time zones and cron expressions are read here, and nowhere else: what comes of them goes into
// commands, so that a replay needs neither.

import { Cron } from "croner";
import { type CommandOf, failure } from "../../core/commands/commands.js";
import type { OutcomeFailed } from "../../core/log/journal.js";
import { show } from "../../core/spec/check.js";
import { CATCH_UP_MAX } from "../../core/spec/limits.js";
import type { ScheduleSpec } from "../../core/spec/schedule-spec.js";
import type { Instant, Span } from "../../core/spec/time.js";
import type { Schedule } from "../../core/state/state.js";

/** A host that did not run a turn for so long stood still: what was due meanwhile was missed. */
const STOOD_STILL_MS = 60_000;
/** A clock that goes back by more was wrong before: cron ticks are counted from the new time on. */
const WRONG_CLOCK_MS = 24 * 60 * 60 * 1_000;

/** After so long another build may host, which can read a cron expression or a time zone that this one cannot. */
const UNREADABLE_RETRY_MS = 60 * 60 * 1_000;

type Due = { readonly queue: string } & Schedule;
type Tick = CommandOf<"tick">;

const cronOf = ({ cron = "", timeZone = "UTC" }: ScheduleSpec): Cron =>
  new Cron(cron, { timezone: timeZone, mode: "5-or-6-parts" });

/** Epoch milliseconds of the first tick of a cron expression after `now`, or why it has none. */
export function firstTick(spec: ScheduleSpec, now: Instant): number | undefined | OutcomeFailed {
  const { cron, timeZone = "UTC" } = spec;
  if (cron === undefined) return undefined;
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    return refuse("timeZone", timeZone, "an IANA time zone that this browser knows");
  }
  try {
    const parsed = cronOf(spec);
    const next = parsed.getOnce() === null && parsed.nextRun(new Date(now));
    return next ? next.getTime() : refuse("cron", cron, "a cron expression that has a next time");
  } catch (error) {
    const why = error instanceof Error ? ` (${error.message})` : "";
    return refuse("cron", cron, `a cron expression of five fields, or of six with seconds first${why}`);
  }
}

const refuse = (name: string, value: string, expected: string): OutcomeFailed =>
  failure("invalid-argument", `schedules.upsert().${name} must be ${expected}, got ${show(value)}`, { name, expected });

/**
 * `ranAt`: when the last turn was; nothing is due before it that somebody could have sent. Missing: there was none. What cannot
 * be read here waits, and keeps nobody else from ticking.
 */
export function tickOf(due: Due, now: Instant, ranAt: Instant | undefined): Tick {
  try {
    return readTick(due, now, ranAt);
  } catch {
    const { queue, id } = due;
    return { type: "tick", queue, id, due: [], nextAt: now + UNREADABLE_RETRY_MS };
  }
}

function readTick({ queue, id, spec, nextAt = 0 }: Due, now: Instant, ranAt: Instant | undefined): Tick {
  const isLate = ranAt === undefined || now - nextAt > STOOD_STILL_MS;
  const onTimeAfter = isLate ? now : ranAt;
  const missedMax = { none: 0, one: 1, all: CATCH_UP_MAX }[spec.catchUp];
  const due: number[] = [];
  let missed = 0;
  for (const at of ticksBack(spec, nextAt, now)) {
    if (due.length === CATCH_UP_MAX || (at <= onTimeAfter && ++missed > missedMax)) break;
    due.push(at);
  }
  return { type: "tick", queue, id, due: due.reverse(), nextAt: tickAfter(spec, nextAt, now) };
}

/** The clock was set back by `byMs`: the cron tick that this moves, if it was so wrong before. */
export function tickAfterSetBack({ queue, id, spec, nextAt }: Due, now: Instant, byMs: Span): Tick | undefined {
  if (byMs <= WRONG_CLOCK_MS || spec.cron === undefined) return undefined;
  try {
    return { type: "tick", queue, id, due: [], nextAt: tickAfter(spec, nextAt ?? now, now) };
  } catch {
    // It ticks as late as it would have, or is tried again then.
    return undefined;
  }
}

/** The ticks from `first`, which is one, up to `now`, the last one first. */
function* ticksBack(spec: ScheduleSpec, first: number, now: Instant): Generator<number> {
  const { everyMs } = spec;
  if (everyMs !== undefined) {
    for (let at = first + Math.floor((now - first) / everyMs) * everyMs; at >= first; at -= everyMs) yield at;
    return;
  }
  const cron = cronOf(spec);
  // What is searched for is before the second in which `from` is.
  let from = new Date(now + 1_000);
  for (;;) {
    const [before] = cron.previousRuns(1, from);
    if (before === undefined || before.getTime() <= first) break;
    from = before;
    if (before.getTime() <= now) yield before.getTime();
  }
  yield first;
}

/** The first tick after `now`; `tick` is one. */
function tickAfter(spec: ScheduleSpec, tick: number, now: Instant): number | undefined {
  const { everyMs } = spec;
  if (everyMs !== undefined) return tick + (Math.floor((now - tick) / everyMs) + 1) * everyMs;
  return cronOf(spec).nextRun(new Date(now))?.getTime();
}
