// Reading the state: what `peek`, `stats` and `deadLetters.list` show. Never changes anything, never counts as a delivery.

import type { Failure, Seq } from "../log/journal.js";
import type { MessageState } from "../spec/message-states.js";
import type { QueueSettings } from "../spec/settings.js";
import type { Instant, Span } from "../spec/time.js";
import { type DeadMessage, placeOfDead } from "../state/dead.js";
import type { Lease } from "../state/lease.js";
import type { Run } from "../state/run.js";
import { type Counters, isFullOfDeadLetters, isPaused, type QueueState, type State } from "../state/state.js";
import { blockedRuns, delayedRuns, readyRuns, waitingRuns } from "../state/waiting.js";
import type { QueueLoad } from "./meter.js";

/** A message as seen from outside, still without body and headers. */
export interface MessageEntry {
  readonly seq: Seq;
  readonly bodySeq: Seq;
  readonly state: MessageState;
  readonly attempts: number;
  /** It may have been handed to a handler, before its lease if it is leased. */
  readonly redelivered: boolean;
  readonly priority: number;
  readonly sentAt: Instant;
  /** Epoch milliseconds before which it is not delivered; present on a delayed message. */
  readonly deliverAt?: Instant;
  /** Epoch milliseconds from which it is given up; missing on one that never is. */
  readonly expiresAt?: Instant | undefined;
  readonly reason?: string;
  readonly failure?: Failure | undefined;
  readonly diedAt?: Instant;
  readonly groupId?: string | undefined;
}

export interface PeekRange {
  readonly max: number;
  /** Only messages in these states. */
  readonly states: readonly MessageState[];
  /** Only messages accepted after this one. */
  readonly after: Seq;
  /** Of these, so many are passed over. */
  readonly skip?: number | undefined;
}

/** Messages of one state that have consecutive numbers. */
interface Stretch {
  readonly seq: Seq;
  readonly count: number;
  entry(seq: Seq): MessageEntry;
}

/**
 * The first `max` messages after `after` and those passed over, in the order they were accepted. Looks at each run once, and
 * at no message that it does not show.
 */
export function peek(queue: QueueState, { max, states, after, skip = 0 }: PeekRange): MessageEntry[] {
  const stretches: Stretch[] = [];
  const add = (first: Seq, count: number, entry: Stretch["entry"]) => {
    const seq = Math.max(first, after + 1);
    const left = first + count - seq;
    if (left > 0) stretches.push({ seq, count: left, entry });
  };
  const addRuns = (state: MessageState, runs: Iterable<Run>) => {
    if (!states.includes(state)) return;
    for (const run of runs) add(run.seq, run.count, (seq) => entryOf(queue, state, run, seq));
  };
  addRuns("ready", readyRuns(queue));
  addRuns("delayed", delayedRuns(queue));
  addRuns("blocked", blockedRuns(queue));
  if (states.includes("leased")) for (const lease of queue.leased.values()) add(lease.seq, 1, () => leasedEntry(lease));
  if (states.includes("dead")) for (const dead of queue.dead.values()) add(dead.seq, 1, () => deadEntry(dead));
  stretches.sort((a, b) => a.seq - b.seq);

  const found: MessageEntry[] = [];
  let toSkip = skip;
  for (const { seq, count, entry } of stretches) {
    if (found.length === max) break;
    const first = seq + Math.min(toSkip, count);
    toSkip -= first - seq;
    const end = Math.min(seq + count, first + max - found.length);
    for (let next = first; next < end; next++) found.push(entry(next));
  }
  return found;
}

function entryOf(queue: QueueState, state: MessageState, run: Run, seq: Seq): MessageEntry {
  const { attempts, redelivered, priority, sentAt, readyAt, expiresAt, failure, group } = run;
  const bodySeq = queue.deduplication.replacedBodies.get(seq) ?? run.bodySeq + seq - run.seq;
  const attributes = { attempts, redelivered, priority, sentAt, expiresAt, failure, groupId: group?.id };
  return { seq, bodySeq, state, ...attributes, ...(state === "delayed" && { deliverAt: readyAt }) };
}

function leasedEntry(lease: Lease): MessageEntry {
  const { seq, bodySeq, attempts, redelivered, priority, sentAt, expiresAt, failure, group } = lease;
  const attributes = { attempts, redelivered, priority, sentAt, expiresAt, failure, groupId: group?.id };
  return { seq, bodySeq, state: "leased", ...attributes };
}

const deadEntry = ({ place: _, ...dead }: DeadMessage): MessageEntry => ({ ...dead, state: "dead" });

/**
 * Dead letters in the order they died, from after the one numbered `after` (0: from the first), which may be gone
 * meanwhile; nothing when nobody knows any more where that one stood.
 */
export function listDead(queue: QueueState, max: number, after: Seq): MessageEntry[] | undefined {
  const place = after === 0 ? Number.NEGATIVE_INFINITY : placeOfDead(queue, after);
  if (place === undefined) return undefined;
  const listed: MessageEntry[] = [];
  for (const dead of queue.dead.values()) {
    if (listed.length === max) break;
    if (dead.place > place) listed.push(deadEntry(dead));
  }
  return listed;
}

/** A queue at one moment. Counts are exact; ages are in milliseconds. */
export interface QueueStats {
  /** May be handed out now. */
  readonly ready: number;
  /** Wait for their time: sent with a delay, or between two attempts. */
  readonly delayed: number;
  /** In the hands of consumers. */
  readonly leased: number;
  /** Wait for the one before them in their group to be done with, or for a dead letter of it. */
  readonly blocked: number;
  /** Given up, and kept for `deadLetters`. */
  readonly dead: number;
  /** Estimated bytes of all that wait or are in work: what `maxBytes` bounds. */
  readonly bytes: number;
  /** Hands out nothing: paused by a caller, or as full of dead letters as it may get. */
  readonly paused: boolean;
  /** Why it hands out nothing; `null` when it does not stand still. */
  readonly pausedBy: "caller" | "dead-letters" | null;
  /** Age since it became ready of the longest-waiting ready message; `null` when none is ready. */
  readonly oldestAgeMs: Span | null;
  /** By priority, 0 to 9: a strict priority can starve a low one, and this shows it. */
  readonly byPriority: readonly { readonly ready: number; readonly oldestAgeMs: Span | null }[];
  /** Epoch milliseconds of the next delayed message's time; `null` when none is delayed. */
  readonly nextDueAt: number | null;
  /** Messages since the queue was made, by what became of them; durable. */
  readonly totals: Readonly<Counters>;
  /** What is stored for this queue, defaults filled in. */
  readonly settings: QueueSettings;
  /** Rates, times and what theory says of them, measured since the host began. */
  readonly load: QueueLoad;
}

export function statsOf(queue: QueueState, now: Instant): Omit<QueueStats, "load"> {
  const byPriority = queue.lanes.map(() => ({ ready: 0, oldest: Number.POSITIVE_INFINITY }));
  const count = (runs: Iterable<{ priority: number; count: number; readyAt: Instant }>) => {
    for (const run of runs) {
      const level = byPriority[run.priority] as { ready: number; oldest: number };
      level.ready += run.count;
      level.oldest = Math.min(level.oldest, run.readyAt);
    }
  };
  count(readyRuns(queue));
  const ageSince = (instant: number) => (Number.isFinite(instant) ? Math.max(0, now - instant) : null);
  return {
    ready: queue.readyCount,
    delayed: queue.delayedCount,
    leased: queue.leased.size,
    blocked: queue.blockedCount,
    dead: queue.dead.size,
    bytes: queue.bytes,
    paused: isPaused(queue),
    pausedBy: queue.pausedByUser ? "caller" : isFullOfDeadLetters(queue) ? "dead-letters" : null,
    oldestAgeMs: ageSince(Math.min(...byPriority.map((level) => level.oldest))),
    byPriority: byPriority.map(({ ready, oldest }) => ({ ready, oldestAgeMs: ageSince(oldest) })),
    nextDueAt: queue.delayed.peek()?.readyAt ?? null,
    totals: { ...queue.counters },
    settings: queue.settings,
  };
}

/** What became of a message: `gone` when this queue holds nothing of it any more. */
export type Fate =
  | { readonly state: "waiting" | "leased" | "gone" }
  | { readonly state: "dead"; readonly reason: string; readonly failure?: Failure | undefined };

/** What became of each of these messages, in their order. */
export function fatesOf(queue: QueueState, seqs: readonly (Seq | undefined)[]): Fate[] {
  const waiting = new Set<Seq>();
  for (const run of waitingRuns(queue)) {
    for (const seq of seqs) if (seq !== undefined && seq >= run.seq && seq < run.seq + run.count) waiting.add(seq);
  }
  return seqs.map((seq = 0): Fate => {
    const dead = queue.dead.get(seq);
    if (dead) return { state: "dead", reason: dead.reason, failure: dead.failure };
    return { state: queue.leased.has(seq) ? "leased" : waiting.has(seq) ? "waiting" : "gone" };
  });
}

/** Nothing to do: nothing ready and nothing leased. What is delayed into the future does not count. */
export const isIdle = (queue: QueueState | undefined): boolean =>
  queue === undefined || (queue.readyCount === 0 && queue.leased.size === 0);

/** Takes the grants of which a lease may have ended by `now`, each once. */
export const takeEndedGrants = (state: State, now: Instant): string[] =>
  state.leaseEnds.takeEnded(now).map((grant) => grant.id);
