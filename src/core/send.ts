// Accepts messages. Invariant: numbers rise in the order of acceptance, and each accepted body is in exactly one batch.

import { type Decision, done, failure, refused, type Send, type SendSegment, type SendValue } from "./commands.js";
import { sortOut } from "./deduplication.js";
import { assert } from "./errors.js";
import { idOf } from "./ids.js";
import type { Change } from "./journal.js";
import { DEFAULT_SETTINGS } from "./settings.js";
import { depthOf, type QueueState, type State } from "./state.js";

/** A batch is cut when it would exceed this many estimated bytes; a larger body stands alone. */
export const BATCH_BYTES_MAX = 256 * 1024;
/** Reading one message reads its whole batch, so tiny bodies do not pile up without end. */
export const BATCH_COUNT_MAX = 4_096;

export function send(state: State, command: Send, now: number): Decision {
  const hasIds = command.segments.some((segment) => segment.deduplicationIds !== undefined);
  return hasIds ? sendNew(state, command, now) : sendAll(state, command, now);
}

/** Accepts what is not known yet; a known message is answered with the id of the first, and its body is not stored. */
function sendNew(state: State, command: Send, now: number): Decision {
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

function sendAll(state: State, command: Send, now: number): Decision {
  const queue = state.queues.get(command.queue);
  const wanted = command.sizes.length;
  const named = command.segments.reduce((sum, { count }) => sum + count, 0);
  assert(named === wanted, `${named} messages are sent with ${wanted} bodies`);
  const room = roomOf(queue);
  const isFull = wanted > room;
  const full = isFull ? fullQueue(command.queue, queue, wanted) : undefined;
  if (full && (command.atomic || room === 0)) return refused(full.code, full.message, full.detail);

  const count = Math.min(wanted, room);
  const seq = state.nextSeq;
  const value: SendValue = { term: currentTerm(state), seq, count, refused: full };
  return done([...batchesOf(seq, command.sizes.slice(0, count)), ...accepted(state, command, seq, count, now)], value);
}

const roomOf = (queue: QueueState | undefined): number =>
  queue ? Math.max(0, queue.settings.maxMessages - depthOf(queue)) : DEFAULT_SETTINGS.maxMessages;

function fullQueue(name: string, queue: QueueState | undefined, wanted: number) {
  const maxMessages = (queue?.settings ?? DEFAULT_SETTINGS).maxMessages;
  const waiting = queue ? depthOf(queue) : 0;
  return failure(
    "full",
    `queue "${name}" holds ${waiting} of at most ${maxMessages} messages: no room for ${wanted} more`,
    {
      queue: name,
      maxMessages,
      waiting,
    },
  );
}

/** Batches of bodies numbered from `firstSeq` on. */
export function batchesOf(firstSeq: number, sizes: readonly number[]): Change[] {
  const batches: Change[] = [];
  let start = 0;
  let bytes = 0;
  const cut = (end: number) => {
    if (end > start) batches.push({ type: "stored", firstSeq: firstSeq + start, count: end - start, bytes });
    start = end;
    bytes = 0;
  };
  sizes.forEach((size, i) => {
    if (bytes + size > BATCH_BYTES_MAX || i - start >= BATCH_COUNT_MAX) cut(i);
    bytes += size;
  });
  cut(sizes.length);
  return batches;
}

function accepted(state: State, command: Send, firstSeq: number, total: number, now: number): Change[] {
  const changes: Change[] = [];
  const ttlOfQueue = state.queues.get(command.queue)?.settings.ttlMs;
  let seq = firstSeq;
  for (const segment of command.segments) {
    const count = Math.min(segment.count, firstSeq + total - seq);
    if (count <= 0) break;
    const dueAt = dueAtOf(segment, now);
    const isDelayed = dueAt !== undefined && dueAt > now;
    const { queue } = command;
    const { priority, ttlMs = ttlOfQueue } = segment;
    const groups = groupsOf(command.groups, seq - firstSeq, count);
    changes.push({
      type: "accepted",
      queue,
      seq,
      bodySeq: seq,
      count,
      priority,
      ...(isDelayed && { dueAt }),
      ...(isDelayed && segment.deliverAt !== undefined && { isInstant: true }),
      ...(typeof ttlMs === "number" && { expiresAt: now + ttlMs }),
      ...(segment.deduplicationIds && { deduplicationIds: segment.deduplicationIds.slice(0, count) }),
      ...(groups && { groups }),
    });
    seq += count;
  }
  return changes;
}

/** Those of a segment; one for all where they are alike. */
function groupsOf(groups: Send["groups"], start: number, count: number): string | readonly string[] | undefined {
  if (groups === undefined || typeof groups === "string") return groups;
  const own = groups.slice(start, start + count);
  return own.every((group) => group === own[0]) ? own[0] : own;
}

const dueAtOf = ({ delayMs, deliverAt }: SendSegment, now: number): number | undefined =>
  deliverAt ?? (delayMs === undefined ? undefined : now + delayMs);
