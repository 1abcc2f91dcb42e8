// Chooses what is handed out next: suspects alone, then by priority, then in order.

import type { Ranges } from "../log/journal.js";
import { countOf, pushRange } from "../log/ranges.js";
import type { Instant } from "../spec/time.js";
import type { BatchIndex } from "../state/batch-index.js";
import { handOutRoom } from "../state/rate.js";
import type { Run } from "../state/run.js";
import { type ClientState, isPaused, type QueueState, type State } from "../state/state.js";
import { type CommandOf, type Decision, done } from "./commands.js";

type Deliver = CommandOf<"deliver">;

export function deliver(state: State, command: Deliver, now: Instant): Decision {
  const queue = state.queues.get(command.queue);
  if (queue === undefined || isPaused(queue) || command.max <= 0) return done([]);
  const max = Math.min(command.max, handOutRoom(queue, now));
  const room: Room = { messages: max, bytes: command.maxBytes ?? Number.POSITIVE_INFINITY };
  const seqs = max > 0 ? next(state, queue, state.clients.get(command.client), room, now) : [];
  if (countOf(seqs) === 0) return done([]);
  const { client, grant, mode } = command;
  const until = now + (command.leaseMs ?? queue.settings.leaseMs);
  return done([{ type: "leased", queue: queue.name, client, grant, mode, until, seqs }]);
}

/** What may still leave. */
interface Room {
  messages: number;
  bytes: number;
}

/**
 * A suspect was held by two clients in a row that died, so it may be what killed them. It is handed to a client that holds
 * nothing else of the queue and no other suspect, and until it is settled that client gets nothing of the queue:
 * if this client dies too, it was this message. While suspects wait, clients run dry so that one can take them.
 */
function next(
  { batches }: State,
  queue: QueueState,
  client: ClientState | undefined,
  room: Room,
  now: Instant,
): Ranges {
  const held = client?.heldByQueue.get(queue.name) ?? 0;
  if (client && client.suspectsHeld > 0 && holdsSuspectOf(client, queue)) return [];
  if (queue.suspects.head) {
    const canTake = held === 0 && (client?.suspectsHeld ?? 0) === 0 && !hasExpired(queue.suspects.head, now);
    return canTake ? [queue.suspects.head.seq, 1] : [];
  }
  const ranges: number[] = [];
  for (let priority = queue.lanes.length - 1; priority >= 0 && hasRoom(room); priority--) {
    const lane = queue.lanes[priority];
    if (lane === undefined) continue;
    for (const source of [lane.front, lane.tail]) {
      if (source.runs === 0) continue;
      for (const run of source) {
        if (!hasRoom(room)) break;
        if (hasExpired(run, now)) continue;
        // However large, one message can always be handed out.
        const count = Math.max(countWithin(run, room, batches), ranges.length === 0 ? 1 : 0);
        if (count > 0) pushRange(ranges, run.seq, count);
      }
    }
  }
  return ranges;
}

const hasRoom = ({ messages, bytes }: Room): boolean => messages > 0 && bytes > 0;

/**
 * How many from the front of the run fit; takes them off the room, of which nothing is left once one does not: what comes
 * after it must not overtake it. Sizes are those of the batches, in which a large body stands alone.
 */
function countWithin(run: Run, room: Room, batches: BatchIndex): number {
  let count = 0;
  while (count < run.count && hasRoom(room)) {
    const batch = batches.find(run.bodySeq + count);
    const size = Math.max(1, batch ? batch.bytes / batch.count : run.size);
    const alike = batch ? batch.lastSeq - (run.bodySeq + count) + 1 : 1;
    const wanted = Math.min(alike, run.count - count, room.messages);
    const fitting = Math.min(wanted, Math.floor(room.bytes / size));
    count += fitting;
    room.messages -= fitting;
    room.bytes -= fitting * size;
    if (fitting < wanted) room.bytes = 0;
  }
  return count;
}

/** It came back too late, and will be given up at once. */
const hasExpired = ({ expiresAt }: Run, now: Instant): boolean => expiresAt !== undefined && expiresAt <= now;

function holdsSuspectOf(client: ClientState, queue: QueueState): boolean {
  for (const grant of client.grants) {
    if (grant.queue !== queue.name) continue;
    for (const lease of grant.leases.values()) if (lease.suspect) return true;
  }
  return false;
}
