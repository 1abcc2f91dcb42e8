// Reading the state: what `peek`, `stats` and `deadLetters.list` show. Never changes anything, never counts as a delivery.

import { waitingRuns } from "./apply.js";
import { nextExpiry } from "./expire.js";
import type { Failure, Seq } from "./journal.js";
import type { QueueLoad } from "./meter.js";
import type { QueueSettings } from "./settings.js";
import { type Counters, isFullOfDeadLetters, isPaused, type QueueState, type State } from "./state.js";

export type MessageState = "ready" | "delayed" | "leased" | "blocked" | "dead";

/** A message as seen from outside, still without body and headers. */
export interface MessageEntry {
  readonly seq: Seq;
  readonly bodySeq: Seq;
  readonly state: MessageState;
  readonly attempts: number;
  readonly priority: number;
  readonly sentAt: number;
  /** Epoch milliseconds before which it is not delivered; present on a delayed message. */
  readonly deliverAt?: number;
  /** Epoch milliseconds from which it is given up; missing on one that never is. */
  readonly expiresAt?: number | undefined;
  readonly reason?: string;
  readonly failure?: Failure | undefined;
  readonly diedAt?: number;
}

export const PEEKABLE: readonly MessageState[] = ["ready", "delayed", "leased", "blocked", "dead"];

export interface PeekRange {
  readonly max: number;
  /** Only messages in these states. */
  readonly states: readonly MessageState[];
  /** Only messages accepted after this one. */
  readonly after: Seq;
}

/** The first `max` messages after `after`, in the order they were accepted. */
export function peek(queue: QueueState, { max, states, after }: PeekRange): MessageEntry[] {
  const found: MessageEntry[] = [];
  const wants = (state: MessageState) => states.includes(state);
  const delayed = new Set(queue.delayed.items());
  for (const run of waitingRuns(queue)) {
    const state = delayed.has(run) ? "delayed" : "ready";
    if (!wants(state)) continue;
    const skip = Math.max(0, after + 1 - run.seq);
    for (let i = skip; i < Math.min(run.count, skip + max); i++) {
      const { attempts, priority, sentAt, readyAt, expiresAt, failure } = run;
      const deliverAt = state === "delayed" ? { deliverAt: readyAt } : {};
      found.push({
        seq: run.seq + i,
        bodySeq: queue.deduplication.replacedBodies.get(run.seq + i) ?? run.bodySeq + i,
        state,
        attempts,
        priority,
        sentAt,
        expiresAt,
        failure,
        ...deliverAt,
      });
    }
  }
  if (wants("leased")) {
    for (const { seq, bodySeq, attempts, priority, sentAt, expiresAt, failure } of queue.leased.values()) {
      if (seq > after) found.push({ seq, bodySeq, state: "leased", attempts, priority, sentAt, expiresAt, failure });
    }
  }
  if (wants("dead")) {
    for (const dead of queue.dead.values()) if (dead.seq > after) found.push({ ...dead, state: "dead" });
  }
  return found.sort((a, b) => a.seq - b.seq).slice(0, max);
}

/** Dead letters in the order they died, from after the one numbered `after` (0: from the first). */
export function listDead(queue: QueueState, max: number, after: Seq): MessageEntry[] {
  const listed: MessageEntry[] = [];
  let isPast = !queue.dead.has(after);
  for (const dead of queue.dead.values()) {
    if (listed.length === max) break;
    if (isPast) listed.push({ ...dead, state: "dead" });
    else isPast = dead.seq === after;
  }
  return listed;
}

/** A queue at one moment. Counts are exact; ages are in milliseconds. */
export interface QueueStats {
  readonly ready: number;
  readonly delayed: number;
  readonly leased: number;
  readonly blocked: number;
  readonly dead: number;
  /** Hands out nothing: paused by a caller, or as full of dead letters as it may get. */
  readonly paused: boolean;
  readonly pausedBy: "caller" | "dead-letters" | null;
  /** Age since it became ready of the longest-waiting ready message; `null` when none is ready. */
  readonly oldestAgeMs: number | null;
  /** By priority, 0 to 9: a strict priority can starve a low one, and this shows it. */
  readonly byPriority: readonly { readonly ready: number; readonly oldestAgeMs: number | null }[];
  /** Epoch milliseconds of the next delayed message's time; `null` when none is delayed. */
  readonly nextDueAt: number | null;
  readonly totals: Readonly<Counters>;
  readonly settings: QueueSettings;
  /** Rates, times and what theory says of them, measured since the host began. */
  readonly load: QueueLoad;
}

export function statsOf(queue: QueueState, now: number): Omit<QueueStats, "load"> {
  const byPriority = queue.lanes.map(() => ({ ready: 0, oldest: Number.POSITIVE_INFINITY }));
  const count = (runs: Iterable<{ priority: number; count: number; readyAt: number }>) => {
    for (const run of runs) {
      const level = byPriority[run.priority] as { ready: number; oldest: number };
      level.ready += run.count;
      level.oldest = Math.min(level.oldest, run.readyAt);
    }
  };
  count(queue.suspects);
  for (const lane of queue.lanes) {
    count(lane.front);
    count(lane.tail);
  }
  const ageSince = (instant: number) => (Number.isFinite(instant) ? Math.max(0, now - instant) : null);
  return {
    ready: queue.readyCount,
    delayed: queue.delayedCount,
    leased: queue.leased.size,
    blocked: 0,
    dead: queue.dead.size,
    paused: isPaused(queue),
    pausedBy: queue.pausedByUser ? "caller" : isFullOfDeadLetters(queue) ? "dead-letters" : null,
    oldestAgeMs: ageSince(Math.min(...byPriority.map((level) => level.oldest))),
    byPriority: byPriority.map(({ ready, oldest }) => ({ ready, oldestAgeMs: ageSince(oldest) })),
    nextDueAt: queue.delayed.peek()?.readyAt ?? null,
    totals: { ...queue.counters },
    settings: queue.settings,
  };
}

/** Nothing to do: nothing ready and nothing leased. What is delayed into the future does not count. */
export const isIdle = (queue: QueueState | undefined): boolean =>
  queue === undefined || (queue.readyCount === 0 && queue.leased.size === 0);

/** Epoch milliseconds at which time alone changes something: a delayed message comes due, one expires, or a lease may end. */
export function nextWakeUp(state: State): number {
  let next = Math.min(state.leaseEnds.next, nextExpiry(state));
  for (const queue of state.queues.values()) next = Math.min(next, queue.delayed.peek()?.readyAt ?? next);
  return next;
}

/** Takes the grants of which a lease may have ended by `now`, each once. */
export const takeEndedGrants = (state: State, now: number): string[] =>
  state.leaseEnds.takeEnded(now).map((grant) => grant.id);
