// Accepts messages. Invariant: numbers rise in the order of acceptance, and each accepted body is in exactly one batch.

import { idOf } from "../log/ids.js";
import type { Change, OutcomeFailed } from "../log/journal.js";
import { assert } from "../spec/errors.js";
import { BATCH_BYTES_MAX, BATCH_COUNT_MAX, SHARED_BATCH_BYTES_MAX } from "../spec/limits.js";
import { DEFAULT_SETTINGS } from "../spec/settings.js";
import type { Instant } from "../spec/time.js";
import { depthOf, type QueueState, type State } from "../state/state.js";
import { type Decision, done, failure, refused, type Send, type SendSegment, type SendValue } from "./commands.js";
import { refuseSealed } from "./encryption.js";
import { type Accepted, countFitting, type MadeRoom, makeRoom } from "./overflow.js";
import { sortOut } from "./sort-out.js";

export function send(state: State, command: Send, now: Instant): Decision {
  for (const { sealed } of command.segments) {
    const refusal = refuseSealed(state, command.queue, sealed);
    if (refusal) return refusal;
  }
  const hasIds = command.segments.some((segment) => segment.deduplicationIds !== undefined);
  return hasIds ? sendNew(state, command, now) : sendAll(state, command, now);
}

/** Accepts what is not known yet; a known message is answered with the id of the first, and its body is not stored. */
function sendNew(state: State, command: Send, now: Instant): Decision {
  const {
    fresh,
    starts,
    bodies,
    duplicates,
    replaced,
    refused: tooMany,
  } = sortOut(state.queues.get(command.queue), command, now);
  const none: SendValue = { term: currentTerm(state), seq: state.nextSeq, count: 0 };
  const { changes, outcome } = fresh.sizes.length > 0 ? sendAll(state, fresh, now) : done([], none);
  const {
    seq,
    count,
    refused: why = tooMany?.why,
  } = outcome.ok ? (outcome.value as SendValue) : { seq: 0, count: 0, refused: outcome };
  if (why) {
    const end = starts[count] ?? tooMany?.end ?? 0;
    if (command.atomic || end === 0) return { changes: [], outcome: why };
    const cut = sendNew(state, firstOf(command, end), now);
    return { ...cut, outcome: { ok: true, value: { ...(cut.outcome as { value: SendValue }).value, refused: why } } };
  }
  const end = seq + fresh.sizes.length;
  const newBodies = [...replaced.values()];
  const replacements = [...replaced.keys()].map((replacedSeq, i): Change => {
    return { type: "replaced", queue: command.queue, seq: replacedSeq, bodySeq: end + i };
  });
  const named = duplicates.map(([index, first]): [number, string] => {
    return [index, idOf(state, "seq" in first ? first.seq : seq + first.place)];
  });
  const value: SendValue = {
    ...none,
    count: command.sizes.length,
    ...(named.length > 0 && { duplicates: named }),
  };
  return {
    ...done(
      [
        ...changes.filter((change) => change.type === "stored"),
        ...batchesOf(
          end,
          newBodies.map((body) => command.sizes[body] as number),
        ),
        // First: what makes room for the others may be what is replaced.
        ...replacements,
        ...changes.filter((change) => change.type !== "stored"),
      ],
      value,
    ),
    bodies: [...bodies, ...newBodies],
  };
}

/** The same send without what comes after its first `count` messages. */
function firstOf(command: Send, count: number): Send {
  let left = count;
  const segments = command.segments.flatMap((segment) => {
    const taken = Math.min(left, segment.count);
    left -= taken;
    const ids = segment.deduplicationIds?.slice(0, taken);
    return taken > 0 ? [{ ...segment, count: taken, ...(ids && { deduplicationIds: ids }) }] : [];
  });
  return { ...command, segments, sizes: command.sizes.slice(0, count) };
}

const currentTerm = (state: State): string => state.terms[state.terms.length - 1]?.term ?? "";

function sendAll(state: State, command: Send, now: Instant): Decision {
  const queue = state.queues.get(command.queue);
  const wanted = command.sizes.length;
  const named = command.segments.reduce((sum, { count }) => sum + count, 0);
  assert(named === wanted, `${named} messages are sent with ${wanted} bodies`);
  const fitting = countFitting(queue, command.sizes);
  if (fitting === wanted) return accept(state, command, now, { count: wanted });
  const { overflow, maxBytes, maxDeadLetters } = queue?.settings ?? DEFAULT_SETTINGS;
  const full = fullQueue(command.queue, queue, wanted);
  /** As many as can be accepted, or all, or none. */
  const acceptSome = (count: number, how: Omit<Acceptance, "count"> = {}): Decision => {
    if (count === 0 || (command.atomic && count < wanted)) return refused(full.code, full.message, full.detail);
    return accept(state, command, now, { count, ...how, ...(count < wanted && { full }) });
  };
  if (overflow === "dead-letter") {
    const room = Math.max(0, maxDeadLetters - (queue?.dead.size ?? 0));
    return acceptSome(Math.min(wanted, fitting + room), { waiting: fitting });
  }
  if (overflow === "reject" || overflow === "block" || queue === undefined) return acceptSome(fitting);
  const tooLarge = maxBytes ? command.sizes.findIndex((size) => size > maxBytes) : -1;
  const count = tooLarge < 0 ? wanted : tooLarge;
  const room = makeRoom(queue, accepted(state, command, now, { from: 0, to: count }));
  // Those that would have to go at once were not accepted one by one either, if none of them can stay.
  const isEnough = room !== undefined && room.own < (command.atomic ? 1 : count);
  return isEnough ? acceptSome(count, { room }) : acceptSome(fitting);
}

/** What becomes of the first `count` messages of a send. */
interface Acceptance {
  readonly count: number;
  /** So many of them wait, the others overflow; all, if it is not said. */
  readonly waiting?: number;
  readonly room?: MadeRoom;
  /** Why the rest is refused. */
  readonly full?: OutcomeFailed;
}

function accept(
  state: State,
  command: Send,
  now: Instant,
  { count, waiting = count, room, full }: Acceptance,
): Decision {
  const seq = state.nextSeq;
  const value: SendValue = { term: currentTerm(state), seq, count, refused: full };
  const overflowed = accepted(state, command, now, { from: waiting, to: count }).map((change): Change => {
    const { dueAt: _, dueAts: __, isInstant: ___, expiresAt: ____, ...rest } = change;
    return { ...rest, type: "overflowed" };
  });
  return done(
    [
      ...batchesOf(seq, command.sizes.slice(0, count), command.sharers),
      ...(room?.before ?? []),
      ...accepted(state, command, now, { from: 0, to: waiting }),
      ...(room?.after ?? []),
      ...overflowed,
    ],
    value,
  );
}

function fullQueue(name: string, queue: QueueState | undefined, wanted: number): OutcomeFailed {
  const { maxMessages, maxBytes, overflow } = queue?.settings ?? DEFAULT_SETTINGS;
  const waiting = queue ? depthOf(queue) : 0;
  const bytes = queue?.bytes ?? 0;
  const limit = `${waiting} of at most ${maxMessages} messages${maxBytes ? ` and ${bytes} of at most ${maxBytes} bytes` : ""}`;
  return failure("full", `queue "${name}" holds ${limit}: no room for ${wanted} more`, {
    queue: name,
    maxMessages,
    waiting,
    ...(maxBytes && { maxBytes, bytes }),
    ...(overflow === "block" && { overflow }),
  });
}

/** Batches of bodies numbered from `firstSeq` on. Those that share something stay in one. */
export function batchesOf(firstSeq: number, sizes: readonly number[], sharers?: readonly number[]): Change[] {
  const bytesMax = sharers ? SHARED_BATCH_BYTES_MAX : BATCH_BYTES_MAX;
  const batches: Change[] = [];
  let start = 0;
  let bytes = 0;
  const cut = (end: number) => {
    if (end > start) batches.push({ type: "stored", firstSeq: firstSeq + start, count: end - start, bytes });
    start = end;
    bytes = 0;
  };
  for (let i = 0, next = 0, run = 0; i < sizes.length; i = next) {
    let size = 0;
    for (const end = Math.min(i + (sharers?.[run++] ?? 1), sizes.length); next < end; next++)
      size += sizes[next] as number;
    if (bytes + size > bytesMax || next - start > BATCH_COUNT_MAX) cut(i);
    bytes += size;
  }
  cut(sizes.length);
  return batches;
}

/** A stretch of a send's messages. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The messages of a send from index `from` up to `to`. */
function accepted(state: State, command: Send, now: Instant, { from, to }: Stretch): Accepted[] {
  const changes: Accepted[] = [];
  const { queue, sizes } = command;
  const ttlOfQueue = state.queues.get(queue)?.settings.ttlMs;
  let start = 0;
  for (const segment of command.segments) {
    const whole = { from: Math.max(start, from), to: Math.min(start + segment.count, to) };
    const { ttlMs = ttlOfQueue, deduplicationIds } = segment;
    for (const { stretch, dueAts } of delaysOf(segment, command.times, whole, now)) {
      const seq = state.nextSeq + stretch.from;
      const priorities = command.priorities?.slice(stretch.from, stretch.to) ?? [segment.priority];
      const groups = groupsOf(command.groups, stretch);
      const ids = deduplicationIds?.slice(stretch.from - start, stretch.to - start);
      changes.push({
        type: "accepted",
        queue,
        seq,
        bodySeq: seq,
        count: stretch.to - stretch.from,
        priority: priorities[0] as number,
        size: meanOf(sizes, stretch),
        ...(!areAlike(priorities) && { priorities }),
        ...(dueAts && { dueAt: dueAts[0] as number }),
        ...(dueAts && !areAlike(dueAts) && { dueAts }),
        ...(dueAts && segment.deliverAt !== undefined && { isInstant: true }),
        ...(typeof ttlMs === "number" && { expiresAt: now + ttlMs }),
        ...(ids && { deduplicationIds: ids }),
        ...(groups && { groups }),
      });
    }
    start += segment.count;
  }
  return changes;
}

/** Cut where delayed messages and such that are ready at once meet. `dueAts`: one for each, or one for all; none: at once. */
function* delaysOf(
  { delayMs, deliverAt }: SendSegment,
  times: readonly number[] | undefined,
  { from, to }: Stretch,
  now: Instant,
): Generator<{ readonly stretch: Stretch; readonly dueAts?: readonly number[] }> {
  const isTimed = delayMs !== undefined || deliverAt !== undefined;
  const dueAtOf = (i: number) =>
    deliverAt === undefined ? now + (times?.[i] ?? delayMs ?? 0) : (times?.[i] ?? deliverAt);
  for (let start = from, end = from; start < to; start = end) {
    const isDelayed = isTimed && dueAtOf(start) > now;
    const dueAts = isDelayed ? [dueAtOf(start)] : undefined;
    end = isTimed && times ? start + 1 : to;
    for (; end < to && dueAtOf(end) > now === isDelayed; end++) dueAts?.push(dueAtOf(end));
    yield { stretch: { from: start, to: end }, ...(dueAts && { dueAts }) };
  }
}

const areAlike = <T>(entries: readonly T[]): boolean => entries.every((entry) => entry === entries[0]);

/** Rounded down, so that a queue that has room for each has room for the mean of all. */
function meanOf(sizes: readonly number[], { from, to }: Stretch): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += sizes[i] as number;
  return Math.floor(sum / (to - from));
}

/** Those of a stretch; one for all where they are alike. */
function groupsOf(groups: Send["groups"], { from, to }: Stretch): string | readonly string[] | undefined {
  if (groups === undefined || typeof groups === "string") return groups;
  const own = groups.slice(from, to);
  return areAlike(own) ? own[0] : own;
}
