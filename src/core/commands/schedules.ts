// Schedules: a stored body that is sent again and again. When, the host computes; here it is decided what that sends.
// Invariant: a tick's message and the time of the next tick are one commit, so that no tick is sent twice or forgotten.

import type { Change, ChangeOf, Seq } from "../log/journal.js";
import { assert } from "../spec/errors.js";
import { SCHEDULES_MAX } from "../spec/limits.js";
import { hasTiming } from "../spec/schedule-spec.js";
import type { Instant, Span } from "../spec/time.js";
import { ownMap } from "../state/nothing.js";
import type { QueueState, Schedule, State } from "../state/state.js";
import { type CommandOf, type Decision, done, refused, type Send, type SendValue } from "./commands.js";
import { refuseKeyOf, refuseSealed } from "./encryption.js";
import { batchesOf, send } from "./send.js";
import { refer } from "./topics.js";

type ScheduleChange = ChangeOf<"scheduled" | "unscheduled" | "ticked">;

/** Outcome value of a `schedule`. */
export interface ScheduleValue {
  readonly nextAt: Instant | null;
}

export function schedule(state: State, command: CommandOf<"schedule">, now: Instant): Decision {
  const { queue, id, spec, sizes } = command;
  const { schedules, settings } = state.queues.get(queue) ?? {};
  const known = schedules?.get(id);
  // While the queue is being encrypted, by who does that.
  const isHidden = settings?.encrypting && known && known.spec.sealed === undefined && spec.sealed !== undefined;
  const refusal = isHidden ? refuseKeyOf(state, queue, spec.sealed) : refuseSealed(state, queue, spec.sealed);
  if (refusal) return refusal;
  if (known === undefined && schedules && schedules.size >= SCHEDULES_MAX) {
    return refused("full", `queue "${queue}" has ${SCHEDULES_MAX} schedules, and may have no more`, { queue });
  }
  const isSameTime = known && TIMING.every((key) => known.spec[key] === spec[key]);
  const nextAt = isSameTime ? known.nextAt : (command.nextAt ?? now + (spec.everyMs ?? 0));
  const size = sizes[0] as number;
  const bodySeq = state.nextSeq;
  const value: ScheduleValue = { nextAt: nextAt ?? null };
  return done(
    [
      ...batchesOf(bodySeq, [size]),
      { type: "scheduled", queue, id, spec, bodySeq, size, ...(nextAt !== undefined && { nextAt }) },
    ],
    value,
  );
}

/** What says when a schedule ticks: as long as it stays the same, the ticks go on as they did. */
const TIMING = ["cron", "timeZone", "everyMs"] as const;

export function unschedule(state: State, { queue, id }: CommandOf<"unschedule">): Decision {
  const removed = state.queues.get(queue)?.schedules.has(id) ?? false;
  return done(removed ? [{ type: "unscheduled", queue, id }] : [], { removed });
}

/** Of a queue that is deleted. */
export const unscheduleAll = ({ name, schedules }: QueueState): Change[] =>
  [...schedules.keys()].map((id) => ({ type: "unscheduled", queue: name, id }));

/** Sends the ticks that the host found due. Those that the queue has no room for stay due. */
export function tick(state: State, { queue, id, due, nextAt }: CommandOf<"tick">, now: Instant): Decision {
  const known = state.queues.get(queue)?.schedules.get(id);
  if (known === undefined) return done([]);
  const sent = due.length > 0 ? sendTicks(state, queue, known, due.length, now) : done([], { count: 0 });
  if (!sent.outcome.ok) return done([]);
  const { count } = sent.outcome.value as Pick<SendValue, "count">;
  const next = due[count] ?? nextAt;
  return done([
    ...sent.changes.flatMap((change) => refer(change, () => known.bodySeq)),
    { type: "ticked", queue, id, ...(next !== undefined && { nextAt: next }) },
  ]);
}

function sendTicks(state: State, queue: string, { spec, size }: Schedule, count: number, now: Instant): Decision {
  const { priority, ttlMs, groupId, sealed } = spec;
  const command: Send = {
    type: "send",
    queue,
    atomic: false,
    segments: [{ count, priority, ...(ttlMs !== undefined && { ttlMs }), ...(sealed !== undefined && { sealed }) }],
    sizes: Array.from({ length: count }, () => size),
    ...(groupId !== undefined && { groups: groupId }),
  };
  return send(state, command, now);
}

/** The schedules of these queues that tick by `now`, without those whose queue takes nothing more: their ticks wait for room. */
export function* dueSchedules(
  state: State,
  queues: Iterable<QueueState>,
  now: Instant,
): Generator<{ readonly queue: string } & Schedule> {
  for (const { name, schedules } of queues) {
    for (const known of schedules.values()) if (isDue(state, name, known, now)) yield { queue: name, ...known };
  }
}

const isDue = (state: State, queue: string, known: Schedule, now: Instant): boolean =>
  known.nextAt !== undefined && known.nextAt <= now && sendTicks(state, queue, known, 1, now).outcome.ok;

export function* allSchedules(state: State): Generator<{ readonly queue: string } & Schedule> {
  for (const { name, schedules } of state.queues.values()) {
    for (const known of schedules.values()) yield { queue: name, ...known };
  }
}

/** Epoch milliseconds at which the next schedule of the queue ticks; of those that wait for room, never. */
export function nextTick(state: State, { name, schedules }: QueueState): number {
  let next = Number.POSITIVE_INFINITY;
  for (const known of schedules.values()) {
    const { nextAt } = known;
    if (nextAt === undefined || nextAt >= next) continue;
    if (nextAt > state.now || isDue(state, name, known, state.now)) next = nextAt;
  }
  return next;
}

export function applySchedule(state: State, queue: QueueState, change: ScheduleChange, at: Instant): void {
  const { schedules } = queue;
  const known = schedules.get(change.id);
  if (change.type === "ticked") {
    if (known) Object.assign(known, { nextAt: change.nextAt, lastAt: at });
    return;
  }
  if (change.type === "unscheduled") schedules.delete(change.id);
  else {
    const { id, spec, bodySeq, size, nextAt } = change;
    assert(hasTiming(spec), `schedule ${id} says when it ticks`);
    state.nextSeq = Math.max(state.nextSeq, bodySeq + 1);
    queue.schedules = ownMap(schedules).set(id, {
      id,
      spec,
      bodySeq,
      size,
      nextAt,
      ...(known?.lastAt !== undefined && { lastAt: known.lastAt }),
    });
  }
  if (known) state.batches.release(known.bodySeq, 1);
}

/** The clock was set back: what ticks every so often goes on as if it had not been; a cron tick names its instant. */
export function setSchedulesBack({ schedules }: QueueState, byMs: Span): void {
  for (const known of schedules.values()) {
    if (known.nextAt !== undefined && known.spec.everyMs !== undefined) known.nextAt -= byMs;
  }
}

/** The bodies that schedules alone keep: no message refers to them now. */
export function bodiesOfSchedules(state: State): Set<Seq> {
  const bodies = new Set<Seq>();
  for (const { bodySeq } of allSchedules(state)) if (!state.batches.shared.has(bodySeq)) bodies.add(bodySeq);
  return bodies;
}
