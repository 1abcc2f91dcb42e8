// Message groups: what is sent under one `groupId` is worked on strictly one after the other, retries and delays included.
// Invariants: of each group one message at most, its head, is ready, delayed or leased; all that wait behind it come
// later in the order of acceptance, but for a dead letter that was sent back while the group had a head. A group is
// known as long as it has a head, a message that waits, or a dead letter that keeps its place; empty ones are swept.

import type { Ranges, Seq } from "../log/journal.js";
import { forEachRange } from "../log/ranges.js";
import type { Instant } from "../spec/time.js";
import { rejoinLine } from "./deduplication.js";
import { ownMap } from "./nothing.js";
import { groupTokenAt } from "./rate.js";
import { continues, copyRun, type Group, join as joinRuns, type Run, splitFront } from "./run.js";
import type { QueueState, State } from "./state.js";
import { addBack, addReady, takeOut } from "./waiting.js";

/** The group of that name, new if there is none. */
export function groupOf(queue: QueueState, id: string): Group {
  let group = queue.groups.get(id);
  if (group === undefined) {
    group = { id, hasHead: false, blocked: undefined, start: 0, dead: undefined };
    queue.groups = ownMap(queue.groups).set(id, group);
  }
  return group;
}

/** `groups`: the group of all, or of each; "" is none. */
export function acceptGrouped(queue: QueueState, run: Run, groups: string | readonly string[], at: Instant): void {
  if (typeof groups === "string") {
    return join(queue, copyRun(run, 0, run.count, groupOf(queue, groups)), at, "tail");
  }
  const mayBeHeads = run.readyAt <= at && run.expiresAt === undefined && queue.settings.rateLimit?.per !== "group";
  for (let i = 0; i < groups.length; ) {
    const start = i;
    if (mayBeHeads) i = takeHeads(queue, run, groups, start);
    if (i > start) continue;
    const id = groups[i] as string;
    while (i < groups.length && groups[i] === id) i++;
    const group = id === "" ? undefined : groupOf(queue, id);
    join(queue, copyRun(run, start, i - start, group), at, "tail");
  }
}

/** So many are cut in a moment, however few are taken at once. */
const HEADS_MAX = 256;

/** Messages that are the first of their groups wait together. Returns where they end; where they begin, if there are not two. */
function takeHeads(queue: QueueState, run: Run, groups: readonly string[], start: number): number {
  const heads: Group[] = [];
  const most = Math.min(groups.length, start + HEADS_MAX);
  const known = ownMap(queue.groups);
  queue.groups = known;
  let end = start;
  for (; end < most; end++) {
    const id = groups[end] as string;
    let group = known.get(id);
    if (id === "" || (group && isInUse(group))) break;
    if (group) group.hasHead = true;
    else {
      group = { id, hasHead: true, blocked: undefined, start: 0, dead: undefined };
      known.set(id, group);
    }
    heads.push(group);
  }
  if (end - start < 2) {
    for (const group of heads) group.hasHead = false;
    return start;
  }
  addReady(queue, copyRun(run, start, end - start, undefined, heads), "tail");
  return end;
}

/** The head of a group, or an ungrouped message, is back from its consumer. */
export function putBack(queue: QueueState, run: Run, at: Instant, end: "front" | "tail"): void {
  if (run.group) run.group.hasHead = false;
  join(queue, run, at, end);
}

/** The head of the group is gone: the next one takes its place. */
export function leave(queue: QueueState, group: Group, at: Instant): void {
  group.hasHead = false;
  promote(queue, group, at);
}

/** Takes these waiting messages out for good, wherever they wait; `visit` keeps none of the runs that it gets. */
export function takeOutForGood(
  state: State,
  queue: QueueState,
  seqs: Ranges,
  at: Instant,
  visit: (gone: Run) => void,
): void {
  const groups = new Set<Group>();
  forEachRange(seqs, (first, count) => {
    takeOut(state, queue, first, count, (gone) => {
      visit(gone);
      if (gone.group && !gone.isBlocked) groups.add(gone.group);
      for (const head of gone.heads ?? []) groups.add(head);
    });
  });
  // Only now: the next of a group may be one of those that went.
  for (const group of groups) leave(queue, group, at);
}

/** A dead letter that others wait for. */
export function keepPlace(group: Group, seq: Seq): void {
  group.dead ??= [];
  group.dead.push(seq);
  group.dead.sort((a, b) => a - b);
}

/** A dead letter is gone: nobody waits for it any more. */
export function freePlace(queue: QueueState, group: Group, seq: Seq, at: Instant): void {
  dropPlace(group, seq);
  promote(queue, group, at);
}

/** A dead letter goes back to its place in its group, but never ahead of a head. */
export function joinAgain(queue: QueueState, run: Run, at: Instant): void {
  if (run.group) dropPlace(run.group, run.seq);
  join(queue, run, at, "tail");
}

/** Lets every group go on that waits for a dead letter. */
export function skipDead(queue: QueueState, at: Instant): void {
  const waiting = [...queue.groups.values()].filter((group) => group.dead !== undefined);
  // By their dead letters: in which order groups are known is nobody's promise.
  waiting.sort((a, b) => (a.dead?.[0] as Seq) - (b.dead?.[0] as Seq));
  for (const group of waiting) {
    group.dead = undefined;
    promote(queue, group, at);
  }
}

/** All that waits is gone. */
export function purgeGroups(queue: QueueState): void {
  const leased = new Set(Array.from(queue.leased.values(), (lease) => lease.group));
  for (const group of queue.groups.values()) {
    group.blocked = undefined;
    group.start = 0;
    group.hasHead = leased.has(group);
  }
  queue.blockedCount = 0;
}

/** Puts messages behind those of their group that came before them. */
export function block(queue: QueueState, group: Group, run: Run): void {
  queue.blockedCount += run.count;
  run.isBlocked = true;
  group.blocked ??= [];
  const { blocked, start } = group;
  let low = start;
  for (let high = blocked.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((blocked[middle] as Run).seq < run.seq) low = middle + 1;
    else high = middle;
  }
  const before = low > start ? blocked[low - 1] : undefined;
  if (before && continues(before, run)) joinRuns(before, run);
  else blocked.splice(low, 0, run);
  queue.expiries.add(run);
  rejoinLine(queue, run.seq);
}

function dropPlace(group: Group, seq: Seq): void {
  const rest = group.dead?.filter((other) => other !== seq);
  group.dead = rest?.length ? rest : undefined;
}

function join(queue: QueueState, run: Run, at: Instant, end: "front" | "tail"): void {
  const { group } = run;
  if (group === undefined) return addBack(queue, run, at, end);
  dropEmptied(group);
  const isNext = !group.hasHead && run.seq < firstBlocked(group) && run.seq < firstDead(group);
  if (!isNext) {
    block(queue, group, run);
    return promote(queue, group, at);
  }
  if (run.count === 1) return placeHead(queue, group, run, at, end);
  placeHead(queue, group, splitFront(run, 1), at, end);
  block(queue, group, run);
}

/** Lets the next one of the group go on, unless it has a head or waits for a dead letter. */
export function promote(queue: QueueState, group: Group, at: Instant): void {
  dropEmptied(group);
  if (group.hasHead) return;
  const { blocked } = group;
  if (blocked === undefined) {
    if (group.dead === undefined) sweepEmpty(queue);
    return;
  }
  if (firstDead(group) < firstBlocked(group)) return;
  const first = blocked[group.start] as Run;
  const next = first.count > 1 ? splitFront(first, 1) : first;
  if (next === first) shift(group);
  next.isBlocked = false;
  queue.blockedCount--;
  placeHead(queue, group, next, at, "tail");
}

/** A group that was served as often as it may be waits for its next token like a message that is delayed. */
function placeHead(queue: QueueState, group: Group, run: Run, at: Instant, end: "front" | "tail"): void {
  group.hasHead = true;
  const tokenAt = groupTokenAt(queue, group.id, at);
  if (tokenAt > Math.max(at, run.readyAt)) {
    run.untokenedAt ??= run.readyAt;
    run.readyAt = tokenAt;
    run.isInstant = undefined;
  }
  addBack(queue, run, at, end);
}

/** The rate limit is another: those that waited for a token of their group wait for as long as the new one says. */
export function waitForTokens(queue: QueueState, at: Instant): void {
  const delayed = queue.delayed.items().filter((run) => run.count > 0);
  const waiting = delayed.filter((run) => run.untokenedAt !== undefined);
  if (waiting.length === 0) return;
  queue.delayed.clear();
  for (const run of delayed) if (run.untokenedAt === undefined) queue.delayed.push(run);
  for (const run of waiting.sort((a, b) => a.readyAt - b.readyAt || a.seq - b.seq)) {
    queue.delayedCount -= run.count;
    run.readyAt = run.untokenedAt as number;
    run.untokenedAt = undefined;
    placeHead(queue, run.group as Group, run, at, "tail");
  }
}

/** Fewer empty groups than this are not worth a sweep. */
const SWEEP_MIN = 64;

/**
 * Called with each group that is emptied. To delete every one at once took longer than all the rest of an
 * acknowledgement, where there are a hundred thousand of them. Amortised O(1).
 */
function sweepEmpty(queue: QueueState): void {
  if (++queue.emptiedGroups < SWEEP_MIN || queue.emptiedGroups * 4 < queue.groups.size * 3) return;
  const inUse = new Map<string, Group>();
  for (const [id, group] of queue.groups) if (isInUse(group)) inUse.set(id, group);
  queue.emptiedGroups = 0;
  queue.groups = inUse;
}

export const isInUse = (group: Group): boolean =>
  group.hasHead || group.blocked !== undefined || group.dead !== undefined;

/** Whether a message of the group waits, or is in work; what is dead does neither. */
export const hasWork = (group: Group | undefined): boolean =>
  group !== undefined && (group.hasHead || group.blocked?.some(({ count }) => count > 0) === true);

/** Amortised O(1): the gap at the front is closed when half of the list is gap. */
function shift(group: Group): void {
  const { blocked = [] } = group;
  group.start++;
  if (group.start === blocked.length) {
    group.blocked = undefined;
    group.start = 0;
  } else if (group.start > 32 && group.start * 2 > blocked.length) {
    group.blocked = blocked.slice(group.start);
    group.start = 0;
  }
}

/** Runs that expired where they stood. */
function dropEmptied(group: Group): void {
  while (group.blocked?.[group.start]?.count === 0) shift(group);
}

const firstBlocked = ({ blocked, start }: Group): Seq => blocked?.[start]?.seq ?? Number.POSITIVE_INFINITY;
const firstDead = ({ dead }: Group): Seq => dead?.[0] ?? Number.POSITIVE_INFINITY;
