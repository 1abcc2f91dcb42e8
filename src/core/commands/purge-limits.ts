// Which waiting messages meet the limits of a purge, and what becomes of what they took.

import type { PurgeLimits } from "../log/journal.js";
import type { Run } from "../state/run.js";
import type { QueueState, State } from "../state/state.js";
import { blockedRuns, delayedRuns, readyRuns, separateHeads } from "../state/waiting.js";

/**
 * Runs of which all messages match, by number: what a filter asks for is the same for all of a run, however runs are cut,
 * and groups go on in the order of what they lose, wherever it stands.
 */
export function pick(queue: QueueState, only: PurgeLimits): Run[] {
  const { state } = only;
  const picked: Run[] = [];
  separateHeads(queue);
  const take = (where: PurgeLimits["state"], runs: Iterable<Run>) => {
    if (state !== undefined && state !== where) return;
    for (const run of runs) {
      if (run.count === 0 || !meets(run, only)) continue;
      if (where === "delayed") run.isDelayed = true;
      picked.push(run);
    }
  };
  take("ready", readyRuns(queue));
  take("delayed", delayedRuns(queue));
  take("blocked", blockedRuns(queue));
  return picked.sort((a, b) => a.seq - b.seq);
}

/** Whether one message meets them, but for where it waits. */
export const meets = (
  { priority, sentAt }: Pick<Run, "priority" | "sentAt">,
  only: Omit<PurgeLimits, "state">,
): boolean => (only.priority ?? priority) === priority && (only.sentBefore === undefined || sentAt <= only.sentBefore);

/** These are purged: nothing keeps their bodies any more, nor their bytes. */
export function freePurged(state: State, queue: QueueState, { bodySeq, count, size }: Run): void {
  state.batches.release(bodySeq, count);
  queue.counters.purged += count;
  queue.bytes -= count * size;
}
