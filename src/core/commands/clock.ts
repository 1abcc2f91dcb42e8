// What the clock does to the working state: it goes on, or it was set back. Invariant: going on changes nothing that is
// stored, since being due follows from the time; being set back is a change in the journal.

import type { Instant, Span } from "../spec/time.js";
import { forgetOld } from "../state/deduplication.js";
import { setRateBack } from "../state/rate.js";
import type { State } from "../state/state.js";
import { addReady, blockedRuns, waitingRuns } from "../state/waiting.js";
import { dueQueues, forgetfulQueues, touch } from "./due.js";
import { setSchedulesBack } from "./schedules.js";

/** Moves what is due by `now` to the ready messages. Changes nothing that is stored: being due follows from the time. */
export function advance(state: State, now: Instant): void {
  state.now = Math.max(state.now, now);
  for (const queue of dueQueues(state, now)) {
    for (let run = queue.delayed.peek(); run !== undefined && run.readyAt <= now; run = queue.delayed.peek()) {
      queue.delayed.pop();
      queue.delayedCount -= run.count;
      if (run.isDelayed) run.isDelayed = false;
      run.untokenedAt = undefined;
      addReady(queue, run, "tail");
    }
    // Also where nothing came of it: what is due now and can do nothing waits for a change.
    state.agenda.touch(queue);
  }
  for (const queue of forgetfulQueues(state, now)) {
    forgetOld(queue, now);
    state.forgetting.touch(queue);
  }
}

/** The clock was set back: what lasts a while from some moment on goes back with it, what names an instant stays. */
export function setBack(state: State, byMs: Span, at: Instant): void {
  // What became due before, in turns that changed nothing else, was due.
  advance(state, at + byMs);
  state.now = at;
  for (const queue of state.queues.values()) {
    touch(state, queue);
    const delayed = [...queue.delayed.items()];
    queue.delayed.clear();
    for (const run of delayed) {
      if (!run.isInstant) run.readyAt -= byMs;
      if (run.untokenedAt !== undefined) run.untokenedAt -= byMs;
      queue.delayed.push(run);
    }
    setRateBack(queue, byMs);
    setSchedulesBack(queue, byMs);
    for (const run of blockedRuns(queue)) if (!run.isInstant) run.readyAt -= byMs;
    for (const remembered of queue.deduplication.byId.values()) remembered.at -= byMs;
    if (queue.expiries.next === Number.POSITIVE_INFINITY) continue;
    queue.expiries.clear();
    for (const run of waitingRuns(queue)) {
      if (run.expiresAt !== undefined) run.expiresAt -= byMs;
      queue.expiries.add(run);
    }
  }
  for (const grant of state.grants.values()) {
    grant.until -= byMs;
    for (const held of grant.leases.values()) {
      held.until -= byMs;
      if (held.expiresAt !== undefined) held.expiresAt -= byMs;
    }
    state.leaseEnds.addAll(grant);
  }
}
