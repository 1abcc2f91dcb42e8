// How fast, and how many at once, messages of a queue may be handed out, over all clients.
// Invariant: a bucket is one number that follows from the journaled hand-outs, so that the next host goes on with it.

import type { QueueSettings } from "../spec/settings.js";
import type { Instant, Span } from "../spec/time.js";
import { type FullAt, spent, tokenAt, tokenMs, tokensAt } from "../spec/token-bucket.js";
import { ownMap } from "./nothing.js";
import { isPaused, type QueueState } from "./state.js";

/** Times of today leave a double a quarter of a microsecond, so a token may be that much younger than it should be. */
const TOLERANCE = 1e-3;

/** How many more messages may be handed out now, whoever asks. */
export function handOutRoom({ settings, leased, fullAt }: QueueState, now: Instant): number {
  const { maxInFlight, rateLimit } = settings;
  const slots = maxInFlight ? maxInFlight - leased.size : Number.POSITIVE_INFINITY;
  const tokens =
    rateLimit && rateLimit.per !== "group" ? tokensAt(fullAt, rateLimit, now, TOLERANCE) : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(slots, tokens));
}

/** Whether a hand-out could give anybody anything now: spares the attempt. */
export const hasReady = (queue: QueueState, now: Instant): boolean =>
  queue.readyCount > 0 && !isPaused(queue) && handOutRoom(queue, now) > 0;

/** Epoch milliseconds at which a queue that has something ready gets its next token; infinite when it has one. */
export function nextToken(queue: QueueState, now: Instant): number {
  const { rateLimit } = queue.settings;
  const isLimited = rateLimit && rateLimit.per !== "group" && queue.readyCount > 0 && !isPaused(queue);
  const isEmpty = isLimited && tokensAt(queue.fullAt, rateLimit, now, TOLERANCE) === 0;
  return isEmpty ? tokenAt(queue.fullAt, rateLimit, TOLERANCE) : Number.POSITIVE_INFINITY;
}

/** So many were handed out. */
export function spend(queue: QueueState, count: number, now: Instant): void {
  const { rateLimit } = queue.settings;
  if (rateLimit && rateLimit.per !== "group") queue.fullAt = spent(queue.fullAt, rateLimit, count, now);
}

/** One of the group was handed out. */
export function spendOfGroup(queue: QueueState, id: string, now: Instant): void {
  const { rateLimit } = queue.settings;
  if (rateLimit?.per !== "group") return;
  const groupsFullAt = ownMap(queue.groupsFullAt);
  queue.groupsFullAt = groupsFullAt;
  const fullAt = spent(groupsFullAt.get(id) ?? 0, rateLimit, 1, now);
  // Those that were served last stand last. One whose bucket is full needs no entry; an older one may hide it a while.
  groupsFullAt.delete(id);
  groupsFullAt.set(id, fullAt);
  for (const [other, until] of groupsFullAt) {
    if (until > now) break;
    groupsFullAt.delete(other);
  }
}

/** Epoch milliseconds before which nothing of the group may be handed out. */
export function groupTokenAt({ settings: { rateLimit }, groupsFullAt }: QueueState, id: string, now: Instant): number {
  if (rateLimit?.per !== "group") return now;
  const fullAt = groupsFullAt.get(id) ?? 0;
  return tokensAt(fullAt, rateLimit, now, TOLERANCE) > 0 ? now : tokenAt(fullAt, rateLimit, TOLERANCE);
}

/**
 * The settings were changed: as many tokens are missing as before, or all there can be, and come back as the new limit
 * says. What waits for its group's token (`untokenedAt`) is the caller's to move.
 */
export function rebase(queue: QueueState, before: QueueSettings, at: Instant): void {
  const { rateLimit: limit } = queue.settings;
  const { rateLimit: old } = before;
  if (!old || !limit) {
    if (!limit) {
      queue.fullAt = 0;
      queue.groupsFullAt.clear();
    }
    return;
  }
  const rebased = (fullAt: FullAt): FullAt =>
    at + Math.min(limit.limit, Math.max(0, fullAt - at) / tokenMs(old)) * tokenMs(limit);
  const isPerGroup = limit.per === "group";
  if (isPerGroup !== (old.per === "group")) {
    queue.fullAt = 0;
    queue.groupsFullAt.clear();
    return;
  }
  queue.fullAt = queue.fullAt > at ? rebased(queue.fullAt) : queue.fullAt;
  for (const [id, fullAt] of queue.groupsFullAt) if (fullAt > at) queue.groupsFullAt.set(id, rebased(fullAt));
}

/** The clock was set back. */
export function setRateBack(queue: QueueState, byMs: Span): void {
  queue.fullAt -= byMs;
  for (const [id, fullAt] of queue.groupsFullAt) queue.groupsFullAt.set(id, fullAt - byMs);
}
