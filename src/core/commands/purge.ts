// Deletes what waits: all of it, or what a filter picks. What is named is found in purge-by-name.ts.

import type { PurgeLimits } from "../log/journal.js";
import type { PurgeFilter, PurgeSelection } from "../spec/filters.js";
import type { Instant } from "../spec/time.js";
import { clearLine } from "../state/deduplication.js";
import { purgeGroups } from "../state/groups.js";
import type { Run } from "../state/run.js";
import { type QueueState, type State, waitingCount } from "../state/state.js";
import { waitingRuns } from "../state/waiting.js";
import { type Decision, done } from "./commands.js";
import { emptyRuns } from "./expire.js";
import { purgeByName } from "./purge-by-name.js";
import { freePurged, pick } from "./purge-limits.js";

export function purge(state: State, name: string, filter: PurgeSelection | undefined, now: Instant): Decision {
  const queue = state.queues.get(name);
  if (queue === undefined) return done([], { purged: 0 });
  if (filter?.ids) return purgeByName(state, queue, filter.ids, limitsOf(filter, now));
  const only = filter && limitsOf(filter, now);
  const purged = only ? pick(queue, only).reduce((sum, run) => sum + run.count, 0) : waitingCount(queue);
  return done(purged === 0 ? [] : [{ type: "purged", queue: name, ...(only && { only }) }], { purged });
}

function limitsOf({ state, priority, olderThanMs }: PurgeFilter, now: Instant): PurgeLimits {
  return {
    ...(state !== undefined && { state }),
    ...(priority !== undefined && { priority }),
    ...(olderThanMs !== undefined && { sentBefore: now - olderThanMs }),
  };
}

export function applyPurged(state: State, queue: QueueState, only: PurgeLimits | undefined, at: Instant): void {
  if (only) {
    const parts = pick(queue, only).map((run): [Run, number] => [run, run.count]);
    emptyRuns(state, queue, parts, at, (gone) => freePurged(state, queue, gone));
    return;
  }
  for (const run of waitingRuns(queue)) freePurged(state, queue, run);
  clearLine(state, queue);
  for (const lane of queue.lanes) {
    lane.front.clear();
    lane.tail.clear();
  }
  queue.suspects.clear();
  queue.delayed.clear();
  queue.expiries.clear();
  purgeGroups(queue);
  queue.readyCount = 0;
  queue.delayedCount = 0;
}
