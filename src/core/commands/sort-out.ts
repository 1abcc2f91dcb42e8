// What of a send is known already. Invariants: no id is accepted twice within the window; in a queue that replaces, a
// newer body is never lost because the older one is being handled.

import type { OutcomeFailed, Seq } from "../log/journal.js";
import { DEFAULT_SETTINGS } from "../spec/settings.js";
import type { Instant } from "../spec/time.js";
import { findRemembered } from "../state/deduplication.js";
import type { QueueState } from "../state/state.js";
import { failure, pickColumns, type Send, type SendSegment } from "./commands.js";

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

export function sortOut(queue: QueueState | undefined, command: Send, now: Instant): SortedSend {
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
  // Of some of them nobody has counted anew.
  const sharers = sizes.length === command.sizes.length ? command.sharers : undefined;
  return {
    fresh: { ...command, segments, sizes, sharers, ...pickColumns(command, starts) },
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
