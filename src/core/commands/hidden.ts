// What a queue holds is encrypted now: where it stands, each message has another body, and names are others.
// Invariants: nothing moves; a body that came for a message that is not there is nobody's, and goes.

import type { ChangeOf, HiddenEnding, Seq } from "../log/journal.js";
import { assertFew, forEachSeq } from "../log/ranges.js";
import { isInUse } from "../state/groups.js";
import { type Run, splitFront } from "../state/run.js";
import type { QueueState, State } from "../state/state.js";
import { separateHeads } from "../state/waiting.js";

export function applyHidden(state: State, queue: QueueState, change: ChangeOf<"hidden">): void {
  assertFew(change.seqs);
  const bodies = new Map<Seq, Seq>();
  let bodySeq = change.bodySeq;
  forEachSeq(change.seqs, (seq) => bodies.set(seq, bodySeq++));
  state.nextSeq = Math.max(state.nextSeq, bodySeq);
  const endings = new Map(change.endings?.map((ending) => [ending.seq, ending]));
  hideDead(state, queue, bodies, endings);
  hideWaiting(state, queue, bodies, endings);
  for (const unused of bodies.values()) state.batches.release(unused, 1);
  queue.settings = { ...queue.settings, ...change.settings };
  renameGroups(queue, new Map(change.groups));
  renameIds(queue, new Map(change.ids));
}

type Endings = ReadonlyMap<Seq, HiddenEnding>;

function hideDead(state: State, { dead }: QueueState, bodies: Map<Seq, Seq>, endings: Endings): void {
  for (const [seq, bodySeq] of bodies) {
    const known = dead.get(seq);
    if (known === undefined) continue;
    state.batches.release(known.bodySeq, 1);
    const { reason = known.reason, failure } = endings.get(seq) ?? {};
    dead.set(seq, { ...known, bodySeq, reason, failure });
    bodies.delete(seq);
  }
}

function hideWaiting(state: State, queue: QueueState, bodies: Map<Seq, Seq>, endings: Endings): void {
  if (bodies.size === 0) return;
  const partsOf = (run: Run) => [...parts(state, queue, run, bodies, endings)];
  separateHeads(queue);
  for (const list of [queue.suspects, ...queue.lanes.flatMap(({ front, tail }) => [front, tail])]) {
    for (const run of [...list]) {
      const cut = partsOf(run);
      if (cut.length > 1) list.replace(run, cut);
    }
  }
  const delayed = queue.delayed.items().filter(({ count }) => count > 0);
  queue.delayed.clear();
  for (const run of delayed) for (const part of partsOf(run)) queue.delayed.push(part);
  for (const group of queue.groups.values()) {
    if (group.blocked === undefined) continue;
    const left = group.blocked.slice(group.start).filter(({ count }) => count > 0);
    group.start = 0;
    group.blocked = left.length > 0 ? left.flatMap(partsOf) : undefined;
  }
}

/** The run cut where bodies that follow each other begin or end; what is left of it is the last of its parts. */
function* parts(state: State, queue: QueueState, run: Run, bodies: Map<Seq, Seq>, endings: Endings): Generator<Run> {
  for (let isLast = false; !isLast; ) {
    const bodySeq = bodies.get(run.seq);
    const ending = endings.get(run.seq);
    const follows = (offset: number) => {
      const next = bodies.get(run.seq + offset);
      if (bodySeq === undefined || next === undefined) return bodySeq === next;
      return next === bodySeq + offset && endings.get(run.seq + offset) === undefined && ending === undefined;
    };
    let count = 1;
    while (count < run.count && follows(count)) count++;
    isLast = count === run.count;
    const part = isLast ? run : splitFront(run, count);
    if (!isLast) queue.expiries.add(part);
    if (bodySeq !== undefined) {
      giveBodies(state, queue, part, bodySeq);
      Object.assign(part, { failure: ending?.failure });
      for (let i = 0; i < count; i++) bodies.delete(part.seq + i);
    }
    yield part;
  }
}

function giveBodies(state: State, { deduplication }: QueueState, run: Run, bodySeq: Seq): void {
  const { replacedBodies } = deduplication;
  state.batches.release(run.bodySeq, run.count);
  for (let i = 0; i < run.count && replacedBodies.size > 0; i++) {
    const replaced = replacedBodies.get(run.seq + i);
    if (replaced === undefined) continue;
    state.batches.release(replaced, 1);
    replacedBodies.delete(run.seq + i);
  }
  run.bodySeq = bodySeq;
}

/** Of groups of which there is nothing the name goes, too, and how fast they were served. */
function renameGroups(queue: QueueState, names: ReadonlyMap<string, string>): void {
  const nameOf = (name: string) => names.get(name) ?? name;
  const inUse = [...queue.groups.values()].filter(isInUse);
  for (const group of inUse) Object.assign(group, { id: nameOf(group.id) });
  queue.groups = new Map(inUse.map((group) => [group.id, group]));
  queue.emptiedGroups = 0;
  const served = Array.from(queue.groupsFullAt, ([name, fullAt]) => [nameOf(name), fullAt] as const);
  queue.groupsFullAt = new Map(served.filter(([name]) => queue.groups.has(name)));
  if (names.size === 0) return;
  for (const [seq, known] of queue.dead) {
    const hidden = known.groupId && names.get(known.groupId);
    if (hidden) queue.dead.set(seq, { ...known, groupId: hidden });
  }
}

/** They stand in the order in which they were given. */
function renameIds({ deduplication }: QueueState, names: ReadonlyMap<Seq, string>): void {
  if (names.size === 0) return;
  const renamed = Array.from(deduplication.byId, ([id, entry]) => [names.get(entry.seq) ?? id, entry] as const);
  deduplication.byId = new Map(renamed);
}
