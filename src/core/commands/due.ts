// What time alone brings about: the one place that says when a queue has to be looked at next.
// Invariant: a queue of which nothing can happen before it changes is due never, whatever has become due in it.

import type { Instant } from "../spec/time.js";
import { nextForgotten } from "../state/deduplication.js";
import { nextToken } from "../state/rate.js";
import { isFullOfDeadLetters, type QueueState, type State } from "../state/state.js";
import { nextTick } from "./schedules.js";

/**
 * Epoch milliseconds at which time alone changes something of the queue: a delayed message comes due, one expires, there
 * is a token, or a schedule ticks. What waits for room, for a tick or for one more dead letter, waits for a change.
 */
function nextInstant(state: State, queue: QueueState): number {
  return Math.min(
    queue.delayed.peek()?.readyAt ?? Number.POSITIVE_INFINITY,
    isFullOfDeadLetters(queue) ? Number.POSITIVE_INFINITY : queue.expiries.next,
    nextToken(queue, state.now),
    queue.schedules.size === 0 ? Number.POSITIVE_INFINITY : nextTick(state, queue),
  );
}

/** The queues of which something is due, in an order that follows from the state alone. */
export const dueQueues = (state: State, now: Instant): QueueState[] =>
  state.agenda.due(now, (queue) => nextInstant(state, queue)).sort((a, b) => (a.name < b.name ? -1 : 1));

/** Those that have an id to forget. */
export const forgetfulQueues = (state: State, now: Instant): QueueState[] => state.forgetting.due(now, nextForgotten);

/** Something of it has changed. */
export function touch(state: State, queue: QueueState): void {
  state.agenda.touch(queue);
  if (queue.deduplication.byId.size > 0) state.forgetting.touch(queue);
}

/** Epoch milliseconds at which time alone changes something: of a queue, or a lease may end. */
export const nextWakeUp = (state: State): number =>
  Math.min(
    state.leaseEnds.next,
    state.agenda.next((queue) => nextInstant(state, queue)),
  );
