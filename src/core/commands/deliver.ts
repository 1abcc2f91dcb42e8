// Chooses what is handed out next: suspects alone, then by priority, then in order.

import type { Ranges } from "../log/journal.js";
import { countOf, pushRange } from "../log/ranges.js";
import { handOutRoom } from "../state/rate.js";
import type { Run } from "../state/run.js";
import { type ClientState, isPaused, type QueueState, type State } from "../state/state.js";
import { type Command, type Decision, done } from "./commands.js";

type Deliver = Extract<Command, { type: "deliver" }>;

export function deliver(state: State, command: Deliver, now: number): Decision {
  const queue = state.queues.get(command.queue);
  if (queue === undefined || isPaused(queue) || command.max <= 0) return done([]);
  const max = Math.min(command.max, handOutRoom(queue, now));
  const seqs = max > 0 ? next(queue, state.clients.get(command.client), max, now) : [];
  if (countOf(seqs) === 0) return done([]);
  const { client, grant, mode } = command;
  const until = now + (command.leaseMs ?? queue.settings.leaseMs);
  return done([{ type: "leased", queue: queue.name, client, grant, mode, until, seqs }]);
}

/**
 * A suspect was held by two clients in a row that died, so it may be what killed them. It is handed to a client that holds
 * nothing else of the queue and no other suspect, and until it is settled that client gets nothing of the queue:
 * if this client dies too, it was this message. While suspects wait, clients run dry so that one can take them.
 */
function next(queue: QueueState, client: ClientState | undefined, max: number, now: number): Ranges {
  const held = client?.heldByQueue.get(queue.name) ?? 0;
  if (client && client.suspectsHeld > 0 && holdsSuspectOf(client, queue)) return [];
  if (queue.suspects.head) {
    const canTake = held === 0 && (client?.suspectsHeld ?? 0) === 0 && !hasExpired(queue.suspects.head, now);
    return canTake ? [queue.suspects.head.seq, 1] : [];
  }
  const ranges: number[] = [];
  let left = max;
  for (let priority = queue.lanes.length - 1; priority >= 0 && left > 0; priority--) {
    const lane = queue.lanes[priority];
    if (lane === undefined) continue;
    for (const source of [lane.front, lane.tail]) {
      if (source.runs === 0) continue;
      for (const run of source) {
        if (left === 0) break;
        if (hasExpired(run, now)) continue;
        const count = Math.min(run.count, left);
        pushRange(ranges, run.seq, count);
        left -= count;
      }
    }
  }
  return ranges;
}

/** It came back too late, and will be given up at once. */
const hasExpired = ({ expiresAt }: Run, now: number): boolean => expiresAt !== undefined && expiresAt <= now;

function holdsSuspectOf(client: ClientState, queue: QueueState): boolean {
  for (const grant of client.grants) {
    if (grant.queue !== queue.name) continue;
    for (const lease of grant.leases.values()) if (lease.suspect) return true;
  }
  return false;
}
