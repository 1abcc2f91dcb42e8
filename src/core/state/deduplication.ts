// Which deduplication ids a queue remembers, and what becomes of the messages they were given.
// Invariants: an id is remembered for the whole window, whatever becomes of its message; ids stand in the order of
// their acceptance, so that the oldest are forgotten first; in a queue that replaces, a newer body is never lost
// because the older one is being handled.

import type { ChangeOf, Seq } from "../log/journal.js";
import type { Instant } from "../spec/time.js";
import { note, noteBody, type Remembered } from "./remembered.js";
import { type Run, splitFront } from "./run.js";
import type { QueueState, State } from "./state.js";

/** The message that was accepted under this id within the window. */
export function findRemembered(
  { settings, deduplication }: QueueState,
  id: string,
  now: Instant,
): Remembered | undefined {
  const known = deduplication.byId.get(id);
  return known && known.at + settings.deduplicationWindowMs > now ? known : undefined;
}

/** From now on these messages own their ids. */
export function remember(queue: QueueState, ids: readonly string[], firstSeq: Seq, at: Instant): void {
  const isOwner = queue.settings.deduplicationMode === "replace";
  ids.forEach((id, i) => {
    forget(queue, id);
    note(queue.deduplication, id, { seq: firstSeq + i, at, waits: true }, isOwner);
  });
}

function forget({ deduplication: { byId, owners } }: QueueState, id: string): void {
  const entry = byId.get(id);
  if (entry === undefined) return;
  byId.delete(id);
  owners.delete(entry.seq);
}

/** Forgets ids whose window has passed; the oldest stand first. */
export function forgetOld(queue: QueueState, now: Instant): void {
  for (const [id, { at }] of queue.deduplication.byId) {
    if (at + queue.settings.deduplicationWindowMs > now) return;
    forget(queue, id);
  }
}

/** Epoch milliseconds at which the window of the oldest id is over. */
export function nextForgotten({ settings, deduplication }: QueueState): number {
  for (const { at } of deduplication.byId.values()) return at + settings.deduplicationWindowMs;
  return Number.POSITIVE_INFINITY;
}

export function replaceBody(state: State, queue: QueueState, { seq, bodySeq, isShared }: Replaced): void {
  const { replacedBodies } = queue.deduplication;
  const earlier = replacedBodies.get(seq);
  if (isShared) state.batches.retain(bodySeq, 1);
  if (earlier !== undefined) state.batches.release(earlier, 1);
  noteBody(queue.deduplication, seq, bodySeq);
  state.nextSeq = Math.max(state.nextSeq, bodySeq + 1);
  queue.counters.accepted++;
  queue.counters.replaced++;
}

type Replaced = ChangeOf<"replaced">;

/** A run is taken out of the line: calls `visit` with stretches of it that name the bodies they have now. */
export function leaveLine(state: State, queue: QueueState, run: Run, visit: (run: Run) => void): void {
  const { owners, replacedBodies } = queue.deduplication;
  if (owners.size > 0) {
    for (let seq = run.seq; seq < run.seq + run.count; seq++) {
      const owner = owners.get(seq);
      if (owner) owner.waits = false;
    }
  }
  if (replacedBodies.size === 0) return visit(run);
  for (let i = 0; i < run.count; i++) {
    const bodySeq = replacedBodies.get(run.seq + i);
    if (bodySeq === undefined) continue;
    if (i > 0) visit(splitFront(run, i));
    const replaced = splitFront(run, 1);
    replacedBodies.delete(replaced.seq);
    state.batches.release(replaced.bodySeq, 1);
    visit({ ...replaced, bodySeq });
    i = -1;
  }
  if (run.count > 0) visit(run);
}

/** It waits again. */
export function rejoinLine({ deduplication: { owners } }: QueueState, seq: Seq): void {
  const owner = owners.size > 0 ? owners.get(seq) : undefined;
  if (owner) owner.waits = true;
}

/** Everything that waited is gone. */
export function clearLine(state: State, { deduplication: { owners, replacedBodies } }: QueueState): void {
  for (const bodySeq of replacedBodies.values()) state.batches.release(bodySeq, 1);
  replacedBodies.clear();
  for (const owner of owners.values()) owner.waits = false;
}
