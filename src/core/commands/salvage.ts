// Replays a journal of which records are missing. What a missing record held is gone, and what later ones say is taken as
// evidence of it: a message that is acknowledged was handed out before, whoever says so. Invariants: each change is applied as
// far as the state has what it is about, and messages that no missing record was about are where they would be without it; what
// nobody knows the end of comes back; nothing that was never accepted appears.

import type { Term } from "../log/ids.js";
import type { Change, ChangeOf, JournalRecord, Lsn, Ranges, Seq } from "../log/journal.js";
import { assertFew, countOf, forEachSeq, isWithin, rangesOf, seqsOf } from "../log/ranges.js";
import { type Batch, seqsIn } from "../state/batch-index.js";
import type { State } from "../state/state.js";
import { waitingRuns } from "../state/waiting.js";
import { advance } from "./clock.js";
import { createPlaces, NOBODY, type Place } from "./salvage-places.js";
import { createRewrites } from "./salvage-rewrites.js";

/** A batch as it lies in the store. */
export interface StoredSeqs {
  readonly firstSeq: Seq;
  readonly seqs: Ranges;
  readonly bytes: number;
}

/** Messages that are gone, of a queue, or of one that nobody knows. */
export interface Lost {
  readonly queue: string | undefined;
  readonly seqs: readonly Seq[];
}

export interface Salvage {
  /** A record is missing here. */
  miss(lsn: Lsn): void;
  /** A record after the first one that is missing. Throws where it does not fit what is there: then it is to count as missing. */
  apply(record: JournalRecord): void;
  /** The log is over. `stored`: all batches in the store. Returns what is known to be lost. */
  finish(stored: readonly StoredSeqs[]): readonly Lost[];
}

export function createSalvage(state: State): Salvage {
  const places = createPlaces(state);
  const { run, placeOf, letThrough, waiting } = places;
  const applyRewrite = createRewrites(state, places);
  /** Messages that the state does not have: those whose end is known, and of others the queue they were seen in. */
  const ended = new Set<Seq>();
  const seen = new Map<Seq, string>();
  /** Messages that were ended here, and may not be over: purged while they were in work, perhaps. */
  const doubted = new Map<Seq, { readonly queue: string; readonly bodySeq: Seq }>();
  /** Bodies that nothing in the state refers to, although they were alive. */
  const ownerless = new Set<Seq>();
  /** Bodies in place of others, of messages that are seen. */
  const renewed = new Set<Seq>();
  /** Numbers that were given in missing records: from, to; and where the last stretch begins that is not closed. */
  const missed: (readonly [from: Seq, to: Seq])[] = [];
  let missedFrom: Seq | undefined;
  /** Terms that began since: what was given in missing records is of the terms before. */
  let termsBefore = 0;

  const bring = (queue: string, seq: Seq, to: Place): boolean => {
    doubted.delete(seq);
    const isThere = places.bring(queue, seq, to);
    if (!isThere) seen.set(seq, queue);
    return isThere;
  };

  /** What nobody here knows was alive when it was moved, if it `areAlive`. */
  const rewrite = (change: ChangeOf<"rewritten">, areAlive = true) => {
    const { unknown, strayed } = applyRewrite(change);
    for (const { seq, ...of } of strayed) doubted.set(seq, of);
    for (const seq of unknown) {
      if (areAlive || isMissed(seq)) ownerless.add(seq);
      state.nextSeq = Math.max(state.nextSeq, seq + 1);
    }
  };

  /** Those of a change that the state has, brought to where the change takes them from. */
  const brought = ({ queue, seqs }: { readonly queue: string; readonly seqs: Ranges }, from: Place): Seq[] =>
    seqsOf(seqs).filter((seq) => bring(queue, seq, from));

  /** Calls for each message of the change alone: bringing one where it must be may move another. */
  const each = (change: { readonly queue: string; readonly seqs: Ranges }, from: Place, then: (seq: Seq) => void) =>
    forEachSeq(change.seqs, (seq) => {
      if (bring(change.queue, seq, from)) then(seq);
    });

  const endOthers = (seqs: Ranges) => forEachSeq(seqs, (seq) => void (seen.has(seq) && ended.add(seq)));

  const salvage = (change: Change): void => {
    if ("seqs" in change && change.seqs) assertFew(change.seqs);
    switch (change.type) {
      case "accepted":
      case "overflowed":
        return accept(change);
      case "replaced":
        if (!hasBody(change.bodySeq)) return;
        if (bring(change.queue, change.seq, "waiting")) return run(change);
        // Nobody refers to it.
        state.nextSeq = Math.max(state.nextSeq, change.bodySeq + 1);
        renewed.add(change.bodySeq);
        if (!change.isShared) run({ type: "released", seqs: [change.bodySeq, 1] });
        return;
      case "hidden":
        for (const [i, seq] of seqsOf(change.seqs).entries()) {
          if (placeOf(change.queue, seq) !== "dead" && !bring(change.queue, seq, "waiting"))
            renewed.add(change.bodySeq + i);
        }
        if (state.queues.has(change.queue)) return run(change);
        return salvage({ type: "released", seqs: [change.bodySeq, countOf(change.seqs)] });
      case "released":
        return run({ ...change, seqs: rangesOf(seqsOf(change.seqs).filter(hasBody)) });
      case "scheduled":
        return hasBody(change.bodySeq) ? run(change) : undefined;
      case "leased": {
        // All of them first: one that comes back may stand before another.
        const there = brought(change, "waiting");
        for (const seq of there) letThrough(change.queue, seq);
        const seqs = there.filter((seq) => placeOf(change.queue, seq) === "waiting");
        return seqs.length > 0 ? run({ ...change, seqs: rangesOf(seqs) }) : undefined;
      }
      case "renewed":
        return state.grants.has(change.grant) ? run(change) : undefined;
      case "acked":
      case "quarantined":
      case "returned":
        each(change, "leased", (seq) => run({ ...change, seqs: [seq, 1] }));
        return change.type === "returned" ? undefined : endOthers(change.seqs);
      case "retried":
      case "dead":
        return bring(change.queue, change.seq, "leased") ? run(change) : undefined;
      case "dropped":
        each(change, "waiting", (seq) => run({ ...change, seqs: [seq, 1] }));
        return endOthers(change.seqs);
      case "expired":
        return places.expire(
          change.queue,
          seqsOf(change.seqs).filter(
            (seq) => placeOf(change.queue, seq) !== "dead" && bring(change.queue, seq, "waiting"),
          ),
        );
      case "redriven":
        return each(change, "dead", (seq) => run({ ...change, seqs: [seq, 1] }));
      case "dead-purged":
        each(change, "dead", (seq) => run({ ...change, seqs: [seq, 1] }));
        return endOthers(change.seqs);
      case "purged":
        notePurged(change.queue);
        run(change);
        for (const seq of waiting.keys()) doubted.delete(seq);
        return;
      case "deleted":
        return empty(change.queue, change);
      case "client-forgotten":
        giveBack(change.client);
        return run(change);
      case "rewritten":
        return rewrite(change);
      default:
        return run(change);
    }
  };

  const notePurged = (name: string) => {
    const queue = state.queues.get(name);
    if (queue === undefined) return;
    for (const { seq, bodySeq, count } of waitingRuns(queue))
      for (let i = 0; i < count; i++)
        doubted.set(seq + i, { queue: name, bodySeq: queue.deduplication.replacedBodies.get(seq + i) ?? bodySeq + i });
  };

  /** The batch that holds a body: one of another may lie in its gaps. */
  const batchOf = (seq: Seq): Batch | undefined => {
    const batch = state.batches.find(seq);
    return batch && isWithin(seqsIn(batch), seq) ? batch : undefined;
  };

  const hasBody = (seq: Seq): boolean => {
    const batch = state.batches.find(seq);
    return batch !== undefined && state.batches.liveSeqs(batch).includes(seq);
  };

  const accept = (change: ChangeOf<"accepted" | "overflowed">) => {
    const bodies = Array.from({ length: change.count }, (_, i) => change.bodySeq + i);
    if (!change.isShared || bodies.every(hasBody)) return run(change);
    // What they refer to was stored in a record that is missing.
    state.nextSeq = Math.max(state.nextSeq, change.seq + change.count);
    for (let i = 0; i < change.count; i++) seen.set(change.seq + i, change.queue);
  };

  /** A queue is deleted only when nothing is in it: what is, was gone before. */
  const empty = (name: string, change: ChangeOf<"deleted">) => {
    const queue = state.queues.get(name);
    if (queue === undefined) return;
    // Twice: what was in work or dead may have kept others of its group waiting.
    for (let i = 0; i < 2; i++) {
      for (const seq of [...queue.leased.keys()]) run({ type: "acked", queue: name, seqs: [seq, 1] });
      run({ type: "purged", queue: name });
      for (const seq of [...queue.dead.keys()]) run({ type: "dead-purged", queue: name, seqs: [seq, 1] });
    }
    for (const id of [...queue.schedules.keys()]) run({ type: "unscheduled", queue: name, id });
    run(change);
  };

  const giveBack = (client: string) => {
    for (const grant of [...(state.clients.get(client)?.grants ?? [])])
      for (const seq of [...grant.leases.keys()])
        run({ type: "returned", queue: grant.queue, seqs: [seq, 1], counted: false, suspect: false });
  };

  const beginTerms = (firstSeq: Seq) => {
    for (let i = termsBefore; i < state.terms.length; i++) state.terms[i] = { ...(state.terms[i] as Term), firstSeq };
  };

  const isMissed = (seq: Seq): boolean =>
    (missedFrom !== undefined && seq >= missedFrom) || missed.some(([from, to]) => seq >= from && seq < to);

  return {
    miss(lsn) {
      state.lsn = lsn;
      if (missedFrom === undefined) termsBefore = state.terms.length;
      missedFrom ??= state.nextSeq;
    },
    apply(record) {
      const first = Math.min(...record.changes.flatMap(numbersOf));
      if (missedFrom !== undefined && first >= missedFrom && first < Number.POSITIVE_INFINITY) {
        missed.push([missedFrom, first]);
        beginTerms(first);
        missedFrom = undefined;
      }
      advance(state, record.at);
      places.at = record.at;
      state.epoch = record.epoch;
      for (const change of record.changes) salvage(change);
      state.lsn = record.lsn;
      state.clients.delete(NOBODY);
    },
    finish(stored) {
      const keys = new Set(stored.map(({ firstSeq }) => firstSeq));
      const isStored = new Set<Seq>();
      for (const { firstSeq, seqs: ranges, bytes } of stored) {
        const seqs = seqsOf(ranges);
        // Others than the state says: a rewrite is missing.
        const isOther = (batch: Batch) =>
          !keys.has(batch.firstSeq) || (batch.firstSeq === firstSeq && String(seqsIn(batch)) !== String(ranges));
        const others = [...new Set(seqs.flatMap((seq) => batchOf(seq) ?? []))].filter(isOther);
        if (others.length > 0) {
          const removed = others.map((batch) => batch.firstSeq);
          rewrite({ type: "rewritten", removed, added: [{ firstSeq, seqs: ranges, bytes }] }, false);
        }
        // Others are left of messages that are over, and are about to be deleted.
        else for (const seq of seqs) if (isMissed(seq)) ownerless.add(seq);
        for (const seq of seqs) isStored.add(seq);
        state.nextSeq = Math.max(state.nextSeq, (seqs.at(-1) ?? 0) + 1);
      }
      // Their bodies were not deleted, so that they may have been in work.
      for (const [seq, { queue, bodySeq }] of doubted) if (isStored.has(bodySeq)) seen.set(seq, queue);
      for (const seq of [...seen.keys(), ...ended]) state.nextSeq = Math.max(state.nextSeq, seq + 1);
      if (missedFrom !== undefined) beginTerms(state.nextSeq);
      state.clients.delete(NOBODY);
      const lost = new Set([...ownerless, ...seen.keys()].filter((seq) => !ended.has(seq) && !renewed.has(seq)));
      for (const queue of state.queues.values())
        for (const seq of [...queue.leased.keys(), ...queue.dead.keys()]) lost.delete(seq);
      for (const seq of waiting.keys()) lost.delete(seq);
      return byQueue(lost, seen);
    },
  };
}

/** The numbers that a change gives: they rise from one change to the next. */
const numbersOf = (change: Change): Seq[] => {
  if (change.type === "stored") return [change.firstSeq];
  return change.type === "accepted" || change.type === "overflowed" ? [change.seq] : [];
};

function byQueue(lost: ReadonlySet<Seq>, seen: ReadonlyMap<Seq, string>): Lost[] {
  const seqsByQueue = new Map<string | undefined, Seq[]>();
  for (const seq of [...lost].sort((a, b) => a - b)) {
    const queue = seen.get(seq);
    seqsByQueue.set(queue, [...(seqsByQueue.get(queue) ?? []), seq]);
  }
  return Array.from(seqsByQueue, ([queue, seqs]) => ({ queue, seqs }));
}
