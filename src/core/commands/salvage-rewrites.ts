// Rewritten batches as evidence: what is not in them was needed by nobody any more, whatever is known of it.

import type { ChangeOf, Ranges, Seq } from "../log/journal.js";
import { assertFew, seqsOf } from "../log/ranges.js";
import type { Batch } from "../state/batch-index.js";
import type { State } from "../state/state.js";
import { waitingRuns } from "../state/waiting.js";
import type { Places } from "./salvage-places.js";

export interface Rewritten {
  /** Bodies in it that nothing here refers to. */
  readonly unknown: readonly Seq[];
  /** Messages whose last known body is gone: they are over, or have one that nobody knows, and their first one still. */
  readonly strayed: readonly { readonly queue: string; readonly seq: Seq; readonly bodySeq: Seq }[];
}

/** Applies a rewrite to a state that may lack some of its bodies, or have more. */
export type ApplyRewrite = (change: ChangeOf<"rewritten">) => Rewritten;

export function createRewrites(state: State, { run, placeOf, comeBack }: Places): ApplyRewrite {
  const { batches } = state;

  const rewrite = (change: ChangeOf<"rewritten">): Rewritten => {
    for (const { seqs } of change.added) assertFew(seqs);
    const added = new Set(change.added.flatMap(({ seqs }) => seqsOf(seqs)));
    // A missing rewrite may have moved them before: all that lay with them moved along, or was over, and so was what lies between,
    // since batches never overlap.
    const spans = change.added.map(({ firstSeq, seqs }) => [firstSeq, lastOf(seqs)] as const);
    const isBetween = ({ firstSeq, lastSeq }: Batch) => spans.some(([from, to]) => firstSeq <= to && lastSeq >= from);
    const removed = new Set([
      ...change.removed,
      ...batches
        .all()
        .filter(isBetween)
        .map(({ firstSeq }) => firstSeq),
    ]);
    const liveOf = (key: Seq): readonly Seq[] => {
      const batch = batches.find(key) ?? batches.all().find(({ firstSeq }) => firstSeq === key);
      return batch?.firstSeq === key ? batches.liveSeqs(batch) : [];
    };
    const strayed = endOwners(new Set([...removed].flatMap(liveOf).filter((seq) => !added.has(seq))));
    const known = new Set([...removed].flatMap(liveOf));
    run({ ...change, removed: [...removed] });
    const unknown = [...added].filter((seq) => !known.has(seq));
    for (const seq of unknown) batches.release(seq, 1);
    const first = new Set(strayed.map(({ bodySeq }) => bodySeq));
    return { unknown: unknown.filter((seq) => !first.has(seq)), strayed };
  };

  /** Nobody needs these bodies: every message that refers to one is over, or has another by now. */
  const endOwners = (bodies: ReadonlySet<Seq>): Rewritten["strayed"] => {
    const strayed: { readonly queue: string; readonly seq: Seq; readonly bodySeq: Seq }[] = [];
    if (bodies.size === 0) return strayed;
    for (const queue of [...state.queues.values()]) {
      const { name, deduplication } = queue;
      const owners: Seq[] = [];
      const renewed: Seq[] = [];
      for (const { seq, bodySeq, count } of waitingRuns(queue))
        for (let i = 0; i < count; i++) {
          const now = deduplication.replacedBodies.get(seq + i) ?? bodySeq + i;
          if (bodies.has(now)) {
            owners.push(seq + i);
            if (!bodies.has(bodySeq + i)) strayed.push({ queue: name, seq: seq + i, bodySeq: bodySeq + i });
          } else if (bodies.has(bodySeq + i)) renewed.push(seq + i);
        }
      for (const { seq, bodySeq } of queue.leased.values()) if (bodies.has(bodySeq)) owners.push(seq);
      for (const seq of owners) {
        const place = placeOf(name, seq);
        if (place === "waiting") run({ type: "dropped", queue: name, seqs: [seq, 1] });
        else if (place === "leased") run({ type: "acked", queue: name, seqs: [seq, 1] });
      }
      // It keeps its first body for as long as it has not left its place.
      for (const seq of renewed) {
        if (placeOf(name, seq) === "waiting") comeBack(name, seq);
      }
      for (const { seq, bodySeq } of [...queue.dead.values()])
        if (bodies.has(bodySeq)) run({ type: "dead-purged", queue: name, seqs: [seq, 1] });
      for (const { id, bodySeq } of [...queue.schedules.values()])
        if (bodies.has(bodySeq)) run({ type: "unscheduled", queue: name, id });
    }
    return strayed;
  };

  return rewrite;
}

const lastOf = (seqs: Ranges): Seq => (seqs.at(-2) ?? 0) + (seqs.at(-1) ?? 0) - 1;
