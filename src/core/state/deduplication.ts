// Which deduplication ids a queue remembers, and what becomes of a message whose id is known.
// Invariants: an id is remembered for the whole window, whatever becomes of its message; ids stand in the order of
// their acceptance, so that the oldest are forgotten first; in a queue that replaces, a newer body is never lost
// because the older one is being handled.

import { failure, pickColumns, type Send, type SendSegment } from "../commands/commands.js";
import type { Change, OutcomeFailed, Seq } from "../log/journal.js";
import { DEFAULT_SETTINGS } from "../spec/settings.js";
import { type Run, splitFront } from "./run.js";
import type { QueueState, State } from "./state.js";

/** The message that was accepted under an id. */
export interface Remembered {
  readonly seq: Seq;
  /** Epoch milliseconds of acceptance. */
  at: number;
  /** It waits, so that its body can be replaced; kept for messages that are in `owners`. */
  waits: boolean;
}

export interface Deduplication {
  readonly byId: Map<string, Remembered>;
  /** By number, those accepted while the queue replaces. */
  readonly owners: Map<Seq, Remembered>;
  /** Bodies of waiting messages that were replaced. The body that its run names stays until the message leaves the line. */
  readonly replacedBodies: Map<Seq, Seq>;
}

export const createDeduplication = (): Deduplication => ({
  byId: new Map(),
  owners: new Map(),
  replacedBodies: new Map(),
});

/** A send, divided into what is new and what is known. */
export interface SortedSend {
  readonly fresh: Send;
  /** Index in the send at which each fresh message stands, and that of its body. */
  readonly starts: readonly number[];
  readonly bodies: readonly number[];
  /** Index of each duplicate, and the number of the first, or its place among the fresh ones. */
  readonly duplicates: readonly (readonly [index: number, first: { readonly seq: Seq } | { readonly place: number }])[];
  /** Waiting messages and the index of their new body. */
  readonly replaced: ReadonlyMap<Seq, number>;
  /** The message at index `end` and those after it are refused. */
  readonly refused?: { readonly end: number; readonly why: OutcomeFailed };
}

export function sortOut(queue: QueueState | undefined, command: Send, now: number): SortedSend {
  const { deduplicationMode, maxDeduplicationIds } = queue?.settings ?? DEFAULT_SETTINGS;
  const isReplacing = deduplicationMode === "replace";
  const starts: number[] = [];
  const bodies: number[] = [];
  const duplicates: SortedSend["duplicates"][number][] = [];
  const replaced = new Map<Seq, number>();
  const places = new Map<string, number>();
  const segments: SendSegment[] = [];
  let remembered = queue?.deduplication.byId.size ?? 0;
  let index = 0;
  let refused: SortedSend["refused"];
  for (const segment of command.segments) {
    const ids: string[] = [];
    let count = 0;
    for (let i = 0; i < segment.count && refused === undefined; i++, index++) {
      const id = segment.deduplicationIds?.[i];
      const place = id === undefined ? undefined : places.get(id);
      if (place !== undefined) {
        duplicates.push([index, { place }]);
        if (isReplacing) bodies[place] = index;
        continue;
      }
      if (id !== undefined) {
        const known = queue && findRemembered(queue, id, now);
        const isReplaceable = known?.waits && queue?.deduplication.owners.get(known.seq) === known;
        if (known && (isReplaceable || !isReplacing)) {
          duplicates.push([index, { seq: known.seq }]);
          if (isReplacing) replaced.set(known.seq, index);
          continue;
        }
        const isNew = !queue?.deduplication.byId.has(id);
        if (isNew && remembered >= maxDeduplicationIds) {
          refused = { end: index, why: tooManyIds(command.queue, maxDeduplicationIds) };
          break;
        }
        if (isNew) remembered++;
        places.set(id, starts.length);
        ids.push(id);
      }
      starts.push(index);
      bodies.push(index);
      count++;
    }
    const { deduplicationIds: _, ...attributes } = segment;
    if (count > 0) segments.push({ ...attributes, count, ...(ids.length > 0 && { deduplicationIds: ids }) });
  }
  const sizes = bodies.map((body) => command.sizes[body] as number);
  return {
    fresh: { ...command, segments, sizes, ...pickColumns(command, starts) },
    starts,
    bodies,
    duplicates,
    replaced,
    ...(refused && { refused }),
  };
}

function tooManyIds(queue: string, maxDeduplicationIds: number): OutcomeFailed {
  const message = `queue "${queue}" remembers ${maxDeduplicationIds} deduplication ids, as many as it may`;
  return failure("full", message, { queue, maxDeduplicationIds });
}

function findRemembered({ settings, deduplication }: QueueState, id: string, now: number): Remembered | undefined {
  const known = deduplication.byId.get(id);
  return known && known.at + settings.deduplicationWindowMs > now ? known : undefined;
}

/** From now on these messages own their ids. */
export function remember(queue: QueueState, ids: readonly string[], firstSeq: Seq, at: number): void {
  const { byId, owners } = queue.deduplication;
  ids.forEach((id, i) => {
    forget(queue, id);
    const entry: Remembered = { seq: firstSeq + i, at, waits: true };
    byId.set(id, entry);
    if (queue.settings.deduplicationMode === "replace") owners.set(entry.seq, entry);
  });
}

function forget({ deduplication: { byId, owners } }: QueueState, id: string): void {
  const entry = byId.get(id);
  if (entry === undefined) return;
  byId.delete(id);
  owners.delete(entry.seq);
}

/** Forgets ids whose window has passed; the oldest stand first. */
export function forgetOld(queue: QueueState, now: number): void {
  for (const [id, { at }] of queue.deduplication.byId) {
    if (at + queue.settings.deduplicationWindowMs > now) return;
    forget(queue, id);
  }
}

export function replaceBody(state: State, queue: QueueState, { seq, bodySeq, isShared }: Replaced): void {
  const { replacedBodies } = queue.deduplication;
  const earlier = replacedBodies.get(seq);
  if (isShared) state.batches.retain(bodySeq, 1);
  if (earlier !== undefined) state.batches.release(earlier, 1);
  replacedBodies.set(seq, bodySeq);
  state.nextSeq = Math.max(state.nextSeq, bodySeq + 1);
  queue.counters.accepted++;
  queue.counters.replaced++;
}

type Replaced = Extract<Change, { type: "replaced" }>;

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
