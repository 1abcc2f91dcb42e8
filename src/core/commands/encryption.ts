// Which queues are encrypted, and with which key. The engine knows ids of keys alone.
// Invariant: all that a queue holds is encrypted with one key, or nothing of it is: no message gets in that says otherwise.

import type { Change } from "../log/journal.js";
import { KEY_QUEUE } from "../spec/key-queue.js";
import { depthOf, type QueueState, type State } from "../state/state.js";
import { type CommandOf, type Decision, refused } from "./commands.js";

/** Why what is sealed so cannot go to the queue, if it cannot. */
export function refuseSealed(state: State, queue: string, sealed: string | undefined): Decision | undefined {
  const isUnfinished = Boolean(state.queues.get(queue)?.settings.encrypting);
  return refuseKeyOf(state, queue, sealed) ?? (isUnfinished ? unfinished(queue) : undefined);
}

/** The same, of who encrypts what it holds. */
export function refuseKeyOf(state: State, queue: string, sealed: string | undefined): Decision | undefined {
  const stored = state.queues.get(queue)?.settings.encryption;
  return stored === sealed ? undefined : (refuseDestroyed(state, queue, sealed) ?? mismatch(queue, stored, sealed));
}

/** Why the queue cannot be opened, or given a key, if it cannot. One that holds something stays what it is. */
export function refuseKey(
  state: State,
  { queue: name, sealed, replacing }: CommandOf<"configure">,
): Decision | undefined {
  const queue = state.queues.get(name);
  const stored = queue?.settings.encryption;
  if (stored === sealed && queue?.settings.encrypting) return unfinished(name);
  if (stored === sealed || (replacing !== undefined && stored === replacing)) return undefined;
  const destroyed = refuseDestroyed(state, name, sealed);
  if (destroyed) return destroyed;
  if (stored !== undefined || replacing !== undefined) return mismatch(name, stored, sealed);
  const what = "holds what is not encrypted: connection.encrypt(name) does that, or take another";
  return queue && holdsAnything(queue) ? refused("encrypted", `queue "${name}" ${what}`, { queue: name }) : undefined;
}

/** Whoever still has a key in memory that was destroyed would encrypt what nobody opens. */
export const refuseDestroyed = (state: State, name: string, sealed: string | undefined): Decision | undefined =>
  name === KEY_QUEUE || sealed === undefined || keyOf(state)?.includes(JSON.stringify(sealed))
    ? undefined
    : refused("shredded", `queue "${name}" was used with a key that was destroyed`, { queue: name });

const unfinished = (queue: string): Decision =>
  refused("encrypted", `queue "${queue}" is being encrypted: connection.encrypt(name) goes on with it`, { queue });

const keyOf = (state: State): string | undefined => state.queues.get(KEY_QUEUE)?.settings.encryption;

/** Whether the log still has what nobody is to read once this has happened: a key that is none any more, or what was not encrypted. */
export const leavesSecrets = (state: State, change: Change): boolean =>
  change.type === "hidden" || endsKey(state, change);

const endsKey = (state: State, change: Change): boolean =>
  "queue" in change &&
  change.queue === KEY_QUEUE &&
  keyOf(state) !== undefined &&
  (change.type === "deleted" || change.type === "configured");

export const holdsAnything = (queue: QueueState): boolean =>
  depthOf(queue) + queue.dead.size + queue.schedules.size + queue.deduplication.byId.size > 0;

const mismatch = (queue: string, stored: string | undefined, given: string | undefined): Decision => {
  const is = stored === undefined ? "is not encrypted" : "is encrypted";
  const was = given === undefined ? "without its key" : "with another key";
  return refused("encrypted", `queue "${queue}" ${is}, and was used ${stored === undefined ? "with a key" : was}`, {
    queue,
  });
};
