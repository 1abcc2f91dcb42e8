// Which queues are encrypted, and with which key. The engine knows ids of keys alone.
// Invariant: all that a queue holds is encrypted with one key, or nothing of it is: no message gets in that says otherwise.

import type { Change } from "../log/journal.js";
import { KEY_QUEUE } from "../spec/key-queue.js";
import { depthOf, type QueueState, type State } from "../state/state.js";
import { type CommandOf, type Decision, refused } from "./commands.js";

/** Why what is sealed so cannot go to the queue, if it cannot. */
export function refuseSealed(state: State, queue: string, sealed: string | undefined): Decision | undefined {
  const stored = state.queues.get(queue)?.settings.encryption;
  return stored === sealed ? undefined : mismatch(queue, stored, sealed);
}

/** Why the queue cannot be opened, or given a key, if it cannot. One that holds something stays what it is. */
export function refuseKey(
  state: State,
  { queue: name, sealed, replacing }: CommandOf<"configure">,
): Decision | undefined {
  const queue = state.queues.get(name);
  const stored = queue?.settings.encryption;
  if (stored === sealed || (replacing !== undefined && stored === replacing)) return undefined;
  if (stored !== undefined || replacing !== undefined) return mismatch(name, stored, sealed);
  // Whoever still has it in memory would encrypt what nobody opens.
  if (name !== KEY_QUEUE && !keyOf(state)?.includes(JSON.stringify(sealed)))
    return refused("encrypted", `queue "${name}" was used with a key that was destroyed`, { queue: name });
  return queue && holdsAnything(queue)
    ? refused("encrypted", `queue "${name}" holds what is not encrypted: empty it first, or take another`, {
        queue: name,
      })
    : undefined;
}

const keyOf = (state: State): string | undefined => state.queues.get(KEY_QUEUE)?.settings.encryption;

/** Whether a key of the database is gone by this change, or wrapped with another. */
export const endsKey = (state: State, change: Change): boolean =>
  "queue" in change &&
  change.queue === KEY_QUEUE &&
  keyOf(state) !== undefined &&
  (change.type === "deleted" || change.type === "configured");

const holdsAnything = (queue: QueueState): boolean =>
  depthOf(queue) + queue.dead.size + queue.schedules.size + queue.deduplication.byId.size > 0;

const mismatch = (queue: string, stored: string | undefined, given: string | undefined): Decision => {
  const is = stored === undefined ? "is not encrypted" : "is encrypted";
  const was = given === undefined ? "without its key" : "with another key";
  return refused("encrypted", `queue "${queue}" ${is}, and was used ${stored === undefined ? "with a key" : was}`, {
    queue,
  });
};
