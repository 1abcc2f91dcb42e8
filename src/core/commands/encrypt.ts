// Encrypts a queue that holds something, in pages that its clients have encrypted:
//
//   plain ──begin──▶ encrypting: takes nothing, hands out nothing ──pages──▶ nothing plain is left ──end──▶ forgotten ──end──▶ encrypted
//
// Invariants: a body is plain if its number is below the one that was next at the beginning, and nothing plain gets in from then
// on; nothing plain is handed out once the queue has a key; whoever has the key can go on, as often as it takes.

import { seqOf } from "../log/ids.js";
import type { Change, HiddenEnding, Seq } from "../log/journal.js";
import { rangesOf } from "../log/ranges.js";
import type { Encrypting } from "../spec/settings.js";
import type { QueueState, State } from "../state/state.js";
import { waitingRuns } from "../state/waiting.js";
import { type CommandOf, type Decision, done, type EncryptValue, refused } from "./commands.js";
import { holdsAnything, refuseDestroyed, refuseKeyOf } from "./encryption.js";
import { within } from "./purge-by-name.js";
import { batchesOf } from "./send.js";

export function beginEncrypting(state: State, { queue: name, sealed }: CommandOf<"encrypt-begin">): Decision {
  const queue = state.queues.get(name);
  const { encryption: stored, encrypting } = queue?.settings ?? {};
  if (stored === sealed) return done([], encryptValue({ isDone: !encrypting }));
  const refusal = stored === undefined ? refuseDestroyed(state, name, sealed) : refuseKeyOf(state, name, sealed);
  if (refusal) return refusal;
  if (hasFilter(state, name)) {
    const message = `subscription "${name}" has a filter on headers, which the host cannot read once they are encrypted`;
    return refused("encrypted", message, { queue: name });
  }
  if (queue === undefined || !holdsAnything(queue))
    return done(
      [{ type: "configured", queue: name, settings: { encryption: sealed } }],
      encryptValue({ isDone: true }),
    );
  const isPaused = queue.pausedByUser;
  const begun: Encrypting = { below: state.nextSeq, idsTo: 0, isPaused };
  return done(
    [
      { type: "configured", queue: name, settings: { encryption: sealed, encrypting: begun } },
      // Builds before know that, and hand out nothing either.
      ...(isPaused ? [] : [{ type: "paused", queue: name, paused: true } as const]),
    ],
    encryptValue({ isDone: false }),
  );
}

export function encryptPage(state: State, command: CommandOf<"encrypt-page">): Decision {
  const { queue: name, sealed, messages, groups, ids: named, sizes } = command;
  const refusal = refuseKeyOf(state, name, sealed);
  if (refusal) return refusal;
  const queue = state.queues.get(name);
  const encrypting = queue?.settings.encrypting;
  if (queue === undefined || !encrypting) return { ...done([]), bodies: [] };
  const places = new Map(messages.map(({ id }, place) => [seqOf(state, id) ?? 0, place]));
  const wanted = [...places.keys()].sort((a, b) => a - b);
  const seqs = plainOf(queue, encrypting, wanted);
  const bodies = seqs.map((seq) => places.get(seq) as number);
  const endings = seqs.flatMap((seq): HiddenEnding[] => {
    const { reason, failure } = messages[places.get(seq) as number] ?? {};
    if (reason === undefined && failure === undefined) return [];
    return [{ seq, ...(reason !== undefined && { reason }), ...(failure && { failure }) }];
  });
  const ids = named.filter(([seq]) => seq > encrypting.idsTo && seq < encrypting.below);
  const idsTo = ids.reduce((most, [seq]) => Math.max(most, seq), encrypting.idsTo);
  if (seqs.length === 0 && ids.length === 0 && groups.length === 0) return { ...done([]), bodies };
  const bodySeq = state.nextSeq;
  return {
    ...done([
      ...batchesOf(
        bodySeq,
        bodies.map((place) => sizes[place] as number),
      ),
      {
        type: "hidden",
        queue: name,
        seqs: rangesOf(seqs),
        bodySeq,
        settings: { encryption: sealed, encrypting: { ...encrypting, idsTo } },
        ...(endings.length > 0 && { endings }),
        ...(groups.length > 0 && { groups }),
        ...(ids.length > 0 && { ids }),
      },
    ]),
    bodies,
  };
}

export function endEncrypting(state: State, { queue: name, sealed }: CommandOf<"encrypt-end">): Decision {
  const refusal = refuseKeyOf(state, name, sealed);
  if (refusal) return refusal;
  const queue = state.queues.get(name);
  const encrypting = queue?.settings.encrypting;
  if (queue === undefined || !encrypting) return done([], encryptValue({ isDone: true }));
  const leased = [...queue.leased.values()].filter(({ bodySeq }) => bodySeq < encrypting.below).length;
  const schedules = [...queue.schedules.values()].filter(({ spec }) => spec.sealed === undefined).length;
  const left = countPlain(queue, encrypting) + schedules + plainIds(queue).length + leased;
  if (left > 0) return done([], encryptValue({ left, leased }));
  if (encrypting.isSealed) {
    const changes: Change[] = [{ type: "configured", queue: name, settings: { encrypting: null } }];
    if (!encrypting.isPaused) changes.push({ type: "paused", queue: name, paused: false });
    return done(changes, encryptValue({ isDone: true }));
  }
  // With names of groups of which nothing is left.
  const settings = { encryption: sealed, encrypting: { ...encrypting, isSealed: true } } as const;
  return done([{ type: "hidden", queue: name, seqs: [], bodySeq: state.nextSeq, settings }], encryptValue({}));
}

/** Deduplication ids that are not hidden yet, by the numbers of their messages, the first that were accepted first. */
export function plainIds({ settings: { encrypting }, deduplication }: QueueState, max?: number): [Seq, string][] {
  const ids: [Seq, string][] = [];
  if (!encrypting) return ids;
  for (const [id, { seq }] of deduplication.byId) {
    if (ids.length === max) break;
    if (seq > encrypting.idsTo && seq < encrypting.below) ids.push([seq, id]);
  }
  return ids;
}

const encryptValue = (value: Partial<EncryptValue>): EncryptValue => ({ left: 0, leased: 0, isDone: false, ...value });

function hasFilter(state: State, queue: string): boolean {
  const end = queue.lastIndexOf("/");
  const filter = state.topics.get(queue.slice(0, Math.max(0, end)))?.get(queue.slice(end + 1));
  return filter !== undefined && Object.keys(filter).length > 0;
}

/** Those of these that wait or are dead, with a body that is not encrypted. */
function plainOf(queue: QueueState, { below }: Encrypting, wanted: readonly Seq[]): Seq[] {
  const { replacedBodies } = queue.deduplication;
  const plain = wanted.filter((seq) => (queue.dead.get(seq)?.bodySeq ?? below) < below);
  for (const run of waitingRuns(queue)) {
    for (const seq of within(wanted, run))
      if ((replacedBodies.get(seq) ?? run.bodySeq + seq - run.seq) < below) plain.push(seq);
  }
  return plain.sort((a, b) => a - b);
}

function countPlain(queue: QueueState, { below }: Encrypting): number {
  let count = 0;
  for (const { bodySeq } of queue.dead.values()) if (bodySeq < below) count++;
  // What replaced another before it began is as plain as that.
  for (const run of waitingRuns(queue)) count += Math.max(0, Math.min(run.count, below - run.bodySeq));
  return count;
}
