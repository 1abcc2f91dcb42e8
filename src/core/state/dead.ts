// Dead letters in the order they died. Invariant: each has a place that rises with that order; the places of those that
// left last are remembered, so that whoever pages through them goes on behind one that is gone.

import type { Failure, Seq } from "../log/journal.js";
import { LEFT_PLACES_MAX } from "../spec/limits.js";
import type { Instant } from "../spec/time.js";
import { ownMap } from "./nothing.js";

export interface DeadMessage {
  readonly seq: Seq;
  readonly bodySeq: Seq;
  readonly priority: number;
  readonly attempts: number;
  /** It may have been handed to a handler. */
  readonly redelivered: boolean;
  readonly sentAt: Instant;
  readonly reason: string;
  readonly failure?: Failure | undefined;
  readonly groupId?: string | undefined;
  readonly size: number;
  readonly diedAt: Instant;
  readonly place: number;
}

/** So many that were numbered, and stood, one behind the other. */
export interface LeftPlaces {
  readonly seq: Seq;
  readonly place: number;
  count: number;
}

/** The dead letters of a queue. */
export interface DeadLetters {
  /** In the order they died. */
  dead: Map<Seq, DeadMessage>;
  nextDeadPlace: number;
  /** Those that left, the latest last; missing while there are none. */
  deadLeft: LeftPlaces[] | undefined;
}

export function addDead(queue: DeadLetters, message: Omit<DeadMessage, "place">): void {
  const place = queue.nextDeadPlace++;
  queue.dead = ownMap(queue.dead).set(message.seq, { ...message, place });
}

/** Takes a dead letter out. */
export function takeDead(queue: DeadLetters, seq: Seq): DeadMessage | undefined {
  const dead = queue.dead.get(seq);
  if (dead === undefined) return undefined;
  queue.dead.delete(seq);
  queue.deadLeft ??= [];
  const { deadLeft } = queue;
  const last = deadLeft[deadLeft.length - 1];
  if (last && last.seq + last.count === seq && last.place + last.count === dead.place) last.count++;
  else deadLeft.push({ seq, place: dead.place, count: 1 });
  if (deadLeft.length > LEFT_PLACES_MAX) deadLeft.splice(0, LEFT_PLACES_MAX / 10);
  return dead;
}

/** Where a message stands, or stood last, among the dead letters. */
export function placeOfDead({ dead, deadLeft = [] }: DeadLetters, seq: Seq): number | undefined {
  const own = dead.get(seq)?.place;
  if (own !== undefined) return own;
  for (let i = deadLeft.length - 1; i >= 0; i--) {
    const { seq: first, place, count } = deadLeft[i] as LeftPlaces;
    if (seq >= first && seq < first + count) return place + seq - first;
  }
  return undefined;
}
