// Where messages wait: the lanes of the ready, the suspects, the delayed, and behind the heads of their groups.
// Invariant: the counts of a queue follow what is put in and taken out here.

import type { Seq } from "../log/journal.js";
import { QueueError } from "../spec/errors.js";
import type { Instant } from "../spec/time.js";
import { leaveLine, rejoinLine } from "./deduplication.js";
import { type Run, singly, splitFront } from "./run.js";
import { type Lane, ownLane, type QueueState, type State } from "./state.js";

/** All runs that wait, in no particular order; heads of several groups as a copy for each, unless they were separated. */
export function* waitingRuns(queue: QueueState): Generator<Run> {
  yield* readyRuns(queue);
  yield* delayedRuns(queue);
  yield* blockedRuns(queue);
}

export function* readyRuns(queue: QueueState): Generator<Run> {
  yield* queue.suspects;
  for (const lane of queue.lanes) {
    yield* lane.front;
    for (const run of lane.tail) yield* singly(run);
  }
}

/** From now on each head of a group is a run of its own: for who changes runs where they stand. */
export function separateHeads(queue: QueueState): void {
  for (const { tail } of queue.lanes) tail.separate();
}

export function* delayedRuns(queue: QueueState): Generator<Run> {
  for (const run of queue.delayed.items()) if (run.count > 0) yield run;
}

export function* blockedRuns(queue: QueueState): Generator<Run> {
  for (const { blocked, start } of queue.groups.values()) {
    if (blocked) for (const run of blocked.slice(start)) if (run.count > 0) yield run;
  }
}

/** Puts a run where its time says it belongs. */
export function addBack(queue: QueueState, run: Run, at: Instant, end: "front" | "tail"): void {
  const isDelayed = run.readyAt > at;
  if (run.expiresAt !== undefined) run.isDelayed = isDelayed;
  if (isDelayed) {
    queue.delayedCount += run.count;
    queue.delayed.push(run);
  } else addReady(queue, run, end);
  queue.expiries.add(run);
  rejoinLine(queue, run.seq);
}

export function addReady(queue: QueueState, run: Run, end: "front" | "tail"): void {
  queue.readyCount += run.count;
  if (run.suspect) queue.suspects.insert(run);
  else if (end === "front") ownLane(queue, run.priority).front.insert(run);
  else ownLane(queue, run.priority).tail.append(run);
}

/** Takes these waiting messages out, wherever they wait, as runs. `visit` keeps none of them. */
export function takeOut(state: State, queue: QueueState, first: Seq, count: number, visit: (run: Run) => void): void {
  let place: Place | undefined;
  for (let seq = first; seq < first + count; ) {
    const wanted = first + count - seq;
    // One after the other in the same lane, mostly.
    if (place?.head?.seq !== seq) place = placeAtHead(queue, seq);
    const taken = place ? takeHead(place.head as Run, wanted, place) : takeAnywhere(queue, seq);
    if (place) queue.readyCount -= taken.count;
    seq += taken.count;
    leaveLine(state, queue, taken, visit);
    // Whoever still knows it sees that it is gone.
    taken.count = 0;
  }
}

/** Takes one message from behind the head of its group. */
function takeBlocked(queue: QueueState, run: Run, seq: Seq): Run {
  const before = splitFront(run, seq - run.seq);
  const taken = splitFront(run, 1);
  queue.blockedCount--;
  // What is left of the run may be nothing: such are skipped.
  const { blocked = [] } = run.group ?? {};
  if (before.count > 0) blocked.splice(blocked.indexOf(run), 0, before);
  queue.expiries.add(before);
  return taken;
}

/** Takes one message from a run that was taken out of the heap. */
function takeDelayed(queue: QueueState, run: Run, seq: Seq): Run {
  queue.delayedCount -= run.count;
  const before = splitFront(run, seq - run.seq);
  const taken = splitFront(run, 1);
  for (const rest of [before, run]) if (rest.count > 0) addBack(queue, rest, rest.readyAt - 1, "front");
  return taken;
}

/** Takes one message from its place in line; those around it keep theirs. */
function takeReady(queue: QueueState, run: Run, seq: Seq): Run {
  const lane = queue.lanes[run.priority] as Lane;
  const home = run.suspect ? queue.suspects : [...lane.front].includes(run) ? lane.front : lane.tail;
  const before = splitFront(run, seq - run.seq);
  const taken = splitFront(run, 1);
  queue.readyCount--;
  home.replace(run, [before, run]);
  queue.expiries.add(before);
  return taken;
}

interface Place {
  readonly head: Run | undefined;
  shift(): void;
}

function takeHead(head: Run, wanted: number, place: Place): Run {
  if (wanted < head.count) return splitFront(head, wanted);
  place.shift();
  return head;
}

function placeAtHead(queue: QueueState, seq: Seq): Place | undefined {
  if (queue.suspects.head?.seq === seq) return queue.suspects;
  for (let priority = queue.lanes.length - 1; priority >= 0; priority--) {
    const { front, tail } = queue.lanes[priority] as Lane;
    if (front.head?.seq === seq) return front;
    if (tail.head?.seq === seq) return tail;
  }
  return undefined;
}

/**
 * Takes one message from the middle. Hand-outs take from the heads; here comes what is dropped although it is delayed or
 * blocked, and a replay with a clock that was set back, where a message is not due yet although it was when it left.
 */
function takeAnywhere(queue: QueueState, seq: Seq): Run {
  const due = queue.delayed.peek();
  if (due?.seq === seq && due.count === 1) {
    queue.delayed.pop();
    queue.delayedCount--;
    return due;
  }
  separateHeads(queue);
  const isIn = (run: Run) => seq >= run.seq && seq < run.seq + run.count;
  for (const run of readyRuns(queue)) if (isIn(run)) return takeReady(queue, run, seq);
  const delayed = queue.delayed.remove(isIn);
  if (delayed) return takeDelayed(queue, delayed, seq);
  for (const run of blockedRuns(queue)) if (isIn(run)) return takeBlocked(queue, run, seq);
  throw new QueueError("internal", `broken invariant: message ${seq} waits in queue ${queue.name}`);
}
