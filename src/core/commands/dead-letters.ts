// Dead letters: messages that were given up, kept with the reason until someone redrives or purges them.

import { idOf } from "../log/ids.js";
import type { ChangeOf } from "../log/journal.js";
import { forEachSeq, rangesOf } from "../log/ranges.js";
import { assert } from "../spec/errors.js";
import type { DeadLetterFilter } from "../spec/filters.js";
import type { Instant } from "../spec/time.js";
import { type DeadMessage, takeDead } from "../state/dead.js";
import { freePlace, groupOf, joinAgain } from "../state/groups.js";
import { runOf } from "../state/run.js";
import { depthOf, type QueueState, type State } from "../state/state.js";
import { type CommandOf, type Decision, done, refused } from "./commands.js";

/**
 * Sends dead letters back to the queue with their attempts at zero: all that match, or `max` of them, or none. One that is
 * the first of several says behind which place nothing had died yet: a millisecond is long enough to die again in.
 */
export function redrive(state: State, command: CommandOf<"redrive">, now: Instant): Decision {
  const { queue: name, filter, max, diedBy, beforePlace } = command;
  const latest = diedBy ?? Number.POSITIVE_INFINITY;
  const end = beforePlace ?? Number.POSITIVE_INFINITY;
  const queue = state.queues.get(name);
  const matching = queue
    ? select(state, queue, filter, now)
        .filter((dead) => dead.diedAt <= latest && dead.place < end)
        .slice(0, max)
    : [];
  const redriven = matching.length;
  const answer = {
    redriven,
    ...(diedBy !== undefined && queue && { beforePlace: beforePlace ?? queue.nextDeadPlace }),
  };
  if (queue === undefined || redriven === 0) return done([], answer);
  const { maxMessages, maxBytes } = queue.settings;
  const bytes = matching.reduce((sum, dead) => sum + dead.size, queue.bytes);
  if (depthOf(queue) + redriven > maxMessages || (maxBytes && bytes > maxBytes)) {
    const message = `queue "${name}" has no room for ${redriven} redriven messages: it holds ${depthOf(queue)} of at most ${maxMessages}`;
    return refused("full", message, { queue: name, maxMessages, waiting: depthOf(queue) });
  }
  return done([{ type: "redriven", queue: name, seqs: rangesOf(matching.map((dead) => dead.seq)) }], answer);
}

export function purgeDead(state: State, name: string, filter: DeadLetterFilter, now: Instant): Decision {
  const queue = state.queues.get(name);
  const seqs = queue ? select(state, queue, filter, now).map((dead) => dead.seq) : [];
  if (seqs.length === 0) return done([], { purged: 0 });
  return done([{ type: "dead-purged", queue: name, seqs: rangesOf(seqs) }], { purged: seqs.length });
}

export function applyRedriven(queue: QueueState, { seqs }: ChangeOf<"redriven">, at: Instant): void {
  forEachSeq(seqs, (seq) => {
    const dead = takeDead(queue, seq);
    assert(dead, `dead letter ${seq} is there to be redriven`);
    queue.counters.redriven++;
    queue.bytes += dead.size;
    const group = dead.groupId === undefined ? undefined : groupOf(queue, dead.groupId);
    joinAgain(
      queue,
      runOf({ ...dead, group }, { attempts: 0, readyAt: at, failure: undefined, redelivered: dead.redelivered }),
      at,
    );
  });
}

export function applyDeadPurged(state: State, queue: QueueState, { seqs }: ChangeOf<"dead-purged">, at: Instant): void {
  forEachSeq(seqs, (seq) => {
    const dead = takeDead(queue, seq);
    assert(dead, `dead letter ${seq} is there to be purged`);
    queue.counters.purged++;
    state.batches.release(dead.bodySeq, 1);
    if (dead.groupId !== undefined) freePlace(queue, groupOf(queue, dead.groupId), seq, at);
  });
}

function select(
  state: State,
  queue: QueueState,
  { ids, reason, olderThanMs }: DeadLetterFilter,
  now: Instant,
): DeadMessage[] {
  const wanted = ids && new Set(ids);
  return [...queue.dead.values()].filter(
    (dead) =>
      (reason === undefined || dead.reason === reason) &&
      (olderThanMs === undefined || dead.diedAt <= now - olderThanMs) &&
      (wanted === undefined || wanted.has(idOf(state, dead.seq))),
  );
}
