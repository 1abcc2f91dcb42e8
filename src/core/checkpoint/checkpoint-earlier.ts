// Pieces of checkpoints of format 3 and before: one queue to a piece, named by it, as pieces of today.
// Invariant: each of those follows the piece of its own queue, and no other queue's comes between.

import type { Seq } from "../log/journal.js";
import type { QueueSettings } from "../spec/settings.js";
import { DEFAULT_SETTINGS } from "../spec/settings.js";
import type { LeftPlaces } from "../state/dead.js";
import type { Counters } from "../state/state.js";
import {
  type BatchesChunk,
  type DeadChunk,
  type GrantsChunk,
  type HeadChunk,
  type IdsChunk,
  PLACE,
  PLACE_BITS,
  REDELIVERED_BIT,
  type ReplacedChunk,
  type RunsChunk,
  type SchedulesChunk,
  type StateChunk,
  SUSPECT_BIT,
} from "./checkpoint-format.js";

type QueueChunk = {
  readonly v: number;
  readonly kind: "queue";
  readonly name: string;
  readonly settings: QueueSettings;
  readonly pausedByUser: boolean;
  readonly counters: Counters;
  readonly deadHeads?: readonly (readonly [groupId: string, seqs: readonly Seq[]])[];
  readonly deadLeft?: readonly LeftPlaces[];
  readonly nextDeadPlace?: number;
  readonly fullAt?: number;
  readonly groupsFullAt?: readonly (readonly [groupId: string, fullAt: number])[];
};

type OfQueue = RunsChunk | IdsChunk | ReplacedChunk | SchedulesChunk | DeadChunk;
type Named<Chunk> = Chunk extends OfQueue ? Omit<Chunk, "queue"> & { readonly queue: string } : never;
type EarlierChunk = QueueChunk | Named<OfQueue> | HeadChunk | BatchesChunk | GrantsChunk;

/** The version since which a piece holds several queues. */
const SEVERAL_QUEUES = 3;
/** The version since which runs say whether they may have been handed to a handler. */
const SAYS_REDELIVERED = 2;

/** `queues`: how many there were in the pieces before. */
export function* ofToday(chunk: StateChunk | EarlierChunk, queues: number): Generator<StateChunk> {
  if (chunk.v >= SEVERAL_QUEUES) return yield chunk as StateChunk;
  const earlier = chunk as EarlierChunk;
  switch (earlier.kind) {
    case "queue":
      return yield* queueOfToday(earlier, queues);
    case "runs":
      return yield { ...earlier, queue: column(earlier.seq, queues - 1), place: placesOf(earlier) };
    case "ids":
    case "replaced":
      return yield { ...earlier, queue: column(earlier.seq, queues - 1) };
    case "dead":
      return yield { ...earlier, queue: column(earlier.dead, queues - 1) };
    case "schedules":
      return yield { ...earlier, queue: column(earlier.schedules, queues - 1) };
    default:
      return yield earlier;
  }
}

function* queueOfToday(chunk: QueueChunk, at: number): Generator<StateChunk> {
  const { v, kind: _, counters, deadHeads = [], groupsFullAt = [], ...entry } = chunk;
  const ofQueue = Object.entries(counters).map(([name, count]) => [name, Float64Array.of(count)]);
  yield { v, kind: "queues", settings: DEFAULT_SETTINGS, queues: [entry], counters: Object.fromEntries(ofQueue) };
  for (const [groupId, seqs] of deadHeads) {
    yield { v, kind: "places", queue: column(seqs, at), groups: seqs.map(() => groupId), seq: Float64Array.from(seqs) };
  }
  const groups = groupsFullAt.map(([groupId]) => groupId);
  const fullAt = Float64Array.from(groupsFullAt, ([, fullAt]) => fullAt);
  yield { v, kind: "buckets", queue: column(groups, at), groups, fullAt };
}

const column = ({ length }: ArrayLike<unknown>, queue: number) => new Uint32Array(length).fill(queue);

/** Where it was not said, all but what waits as it was sent may have been handed out. */
function placesOf({ v, attempts, place, readyAt, sentAt }: Named<RunsChunk>): Uint8Array {
  if (v >= SAYS_REDELIVERED) return place;
  return place.map((bits, i) => {
    const isBack = attempts[i] !== 0 || (bits & SUSPECT_BIT) !== 0 || (bits & PLACE_BITS) === PLACE.front;
    return isBack || readyAt[i] !== sentAt[i] ? bits | REDELIVERED_BIT : bits;
  });
}
