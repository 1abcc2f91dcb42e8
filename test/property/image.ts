// The state as plain data: two states are the same when their images are. How messages are bundled into runs, and
// which lease ends are void, is not part of it.

import { idOf, termOf } from "../../src/core/log/ids.js";
import { PEEKABLE } from "../../src/core/spec/message-states.js";
import { isInUse } from "../../src/core/state/groups.js";
import type { Run } from "../../src/core/state/run.js";
import type { QueueState, State } from "../../src/core/state/state.js";
import { peek } from "../../src/core/view/view.js";
import { stored } from "./world.js";

const byNumber = (a: number, b: number) => a - b;

export function* messagesOf(runs: Iterable<Run>) {
  for (const { seq, bodySeq, count, isDelayed, isBlocked, group, heads, ...rest } of runs) {
    for (let i = 0; i < count; i++)
      yield { seq: seq + i, bodySeq: bodySeq + i, ...rest, groupId: (heads?.[i] ?? group)?.id };
  }
}

export function imageOf(state: State) {
  const { lsn, epoch, nextSeq, batches } = state;
  const queues = [...state.queues.values()].sort(byName);
  const image = {
    lsn,
    epoch,
    nextSeq,
    quarantined: state.quarantined,
    term: termOf(state.terms, nextSeq),
    queues: queues.map((queue) => queueImage(queue, state)),
    batches: batches.all().map((batch) => {
      const { firstSeq, lastSeq, count, bytes, live } = batch;
      return { firstSeq, lastSeq, count, bytes, live, liveSeqs: batches.liveSeqs(batch) };
    }),
    topics: [...state.topics].map(([topic, subscriptions]) => [topic, [...subscriptions]]),
    shared: [...batches.shared].sort(([a], [b]) => a - b),
    batchTotals: [batches.size, batches.bytes],
    clients: [...state.clients.values()]
      .map(({ id, seenAt, confirmed, outcomes, held, suspectsHeld, heldByQueue, grants }) => ({
        id,
        seenAt,
        confirmed,
        outcomes: [...outcomes],
        held,
        suspectsHeld,
        heldByQueue: [...heldByQueue].filter(([, count]) => count > 0).sort(),
        grants: [...grants].map((grant) => grant.id).sort(),
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    grants: [...state.grants.values()]
      .map(({ leases, ...grant }) => ({ ...grant, seqs: [...leases.keys()].sort(byNumber) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
  // What is absent and what is undefined are the same on disk.
  return stored(image);
}

function queueImage(queue: QueueState, state: State) {
  const { name, settings, pausedByUser, counters, readyCount, delayedCount, blockedCount } = queue;
  const delayed = [...messagesOf(queue.delayed.items())].sort((a, b) => a.readyAt - b.readyAt || a.seq - b.seq);
  const groups = [...queue.groups.values()]
    .filter(isInUse)
    .map(({ id, hasHead, blocked, start, dead }) => {
      return { id, hasHead, blocked: [...messagesOf(blocked?.slice(start) ?? [])], dead };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const messages = peek(queue, { max: Number.POSITIVE_INFINITY, states: PEEKABLE, after: 0 });
  return {
    name,
    settings,
    pausedByUser,
    counters,
    bytes: queue.bytes,
    // One that is full says nothing.
    buckets: [["", queue.fullAt] as const, ...queue.groupsFullAt].filter(([, fullAt]) => fullAt > state.now),
    messages: messages.map(({ seq }) => idOf(state, seq)),
    suspects: [...messagesOf(queue.suspects)],
    lanes: queue.lanes.map(({ front, tail }) => ({ front: [...messagesOf(front)], tail: [...messagesOf(tail)] })),
    delayed,
    replacedBodies: [...queue.deduplication.replacedBodies].sort(([a], [b]) => a - b),
    groups,
    counts: [blockedCount, readyCount, delayedCount],
    // When an id is forgotten follows from the time alone.
    ids: [...queue.deduplication.byId].flatMap(([id, { waits, ...entry }]) => {
      if (entry.at + settings.deduplicationWindowMs <= state.now) return [];
      const isOwner = queue.deduplication.owners.has(entry.seq);
      return [{ id, ...entry, message: idOf(state, entry.seq), isOwner, waits: isOwner && waits }];
    }),
    leased: [...queue.leased.values()]
      .map(({ grant, group, ...lease }) => ({ ...lease, grant: grant.id, groupId: group?.id }))
      .sort((a, b) => a.seq - b.seq),
    dead: [...queue.dead.values()],
    schedules: [...queue.schedules.values()],
  };
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
