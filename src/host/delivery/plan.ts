// Who gets the next messages: fairly, each up to its prefetch, a client up to what it can hold.
// Invariants: planning changes nothing of who asks; a plan that is not committed leaves no trace. What a client was
// handed by an earlier host counts like what this one hands it, against the consumer that holds it.

import type { Outcome } from "../../core/log/journal.js";
import { HOLDINGS_BYTES_MAX, HOLDINGS_MESSAGES_MAX } from "../../core/spec/limits.js";
import type { Lease } from "../../core/state/lease.js";
import { handOutRoom, hasReady } from "../../core/state/rate.js";
import type { QueueState, State } from "../../core/state/state.js";
import type { DecideNow } from "../engine/proposal.js";
import { Undecided } from "../engine/refusals.js";
import type { Taking } from "./askers.js";

export interface PlannedHandOut {
  readonly to: Taking;
  readonly grant: string;
  readonly leases: readonly Lease[];
}

/** Grants of a client of which nobody has said which consumer holds them. */
export type Unclaimed = ReadonlyMap<string, ReadonlySet<string>>;

export interface Planning {
  readonly takingByQueue: ReadonlyMap<string, Taking[]>;
  readonly unclaimed: Unclaimed;
  /** Of one hand-out, by estimate. */
  readonly bytesMax: number;
  token(): string;
  /** Nobody takes messages of the queue from now on, which the outcome says why. */
  leaveAside(queue: string, why: Outcome): void;
}

/** Leases everything that is ready to whoever has room. */
export function planHandOuts(state: State, from: Planning, decideNow: DecideNow): PlannedHandOut[] {
  const planned: PlannedHandOut[] = [];
  for (const [name, takings] of from.takingByQueue) {
    const queue = state.queues.get(name);
    try {
      if (queue && hasReady(queue, state.now)) planned.push(...planQueue(state, queue, takings, from, decideNow));
    } catch (cause) {
      throw new Undecided({ settle: (why) => from.leaveAside(name, why) }, cause);
    }
  }
  return planned;
}

function planQueue(state: State, queue: QueueState, takings: Taking[], from: Planning, decideNow: DecideNow) {
  const planned: PlannedHandOut[] = [];
  const room = roomOf(state, takings, from.unclaimed);
  // Who came before the queue was encrypted could not open what is in it now.
  for (const taking of takings) if (taking.taker.sealed !== queue.settings.encryption) room.set(taking, 0);
  for (let isMoving = true; isMoving && hasReady(queue, state.now); ) {
    isMoving = false;
    const hungry = takings.filter((taking) => (room.get(taking) as number) > 0);
    // An equal share each, so that one with a large prefetch does not empty the queue before the others are asked.
    const ready = Math.min(queue.readyCount, handOutRoom(queue, state.now));
    const share = Math.max(1, Math.ceil(ready / Math.max(1, hungry.length)));
    for (const taking of hungry) {
      const max = Math.min(room.get(taking) as number, share);
      const leases = leaseTo(taking, max, state, from, decideNow);
      if (leases.length === 0) {
        room.set(taking, 0);
        continue;
      }
      room.set(taking, taking.taker.isOnce ? 0 : (room.get(taking) as number) - leases.length);
      planned.push({ to: taking, grant: (leases[0] as Lease).grant.id, leases });
      isMoving = true;
    }
  }
  // Whoever was served goes to the back; single active consumers stay in the order in which they came.
  const served = new Set(planned.flatMap(({ to }) => (to.taker.isSingle ? [] : [to])));
  takings.sort((a, b) => Number(served.has(a)) - Number(served.has(b)));
  return planned;
}

/**
 * A single active consumer gets nothing while another than those that share with it holds something: that was handed out
 * before, to one that went since, and comes first.
 */
const mayTakeAlone = (state: State, active: Taking, takings: readonly Taking[]): boolean => {
  const { queue } = active.taker;
  let others = 0;
  for (const grant of state.grants.values())
    if (grant.queue === queue && grant.mode === "consume") others += grant.leases.size;
  for (const { client, taker } of takings)
    if (taker === active.taker || !taker.isSingle) others -= heldOf(state, queue, client, taker.grants);
  return others <= 0;
};

/** How many more each may hold. What nobody claims fills up the client's consumers, one after the other. */
function roomOf(state: State, takings: readonly Taking[], unclaimed: Unclaimed): Map<Taking, number> {
  const room = new Map<Taking, number>();
  const unclaimedLeft = new Map<string, number>();
  for (const taking of takings) {
    const { client, taker } = taking;
    let left = taker.prefetch - heldOf(state, taker.queue, client, taker.grants);
    if (!taker.isOnce && unclaimed.has(client)) {
      const others = unclaimedLeft.get(client) ?? heldOf(state, taker.queue, client, unclaimed.get(client));
      const counted = Math.min(Math.max(0, left), others);
      unclaimedLeft.set(client, others - counted);
      left -= counted;
    }
    room.set(taking, left);
  }
  const active = takings.find(({ taker }) => taker.isSingle && taker.prefetch > 0);
  if (active === undefined) return room;
  for (const taking of takings) {
    const isIdle = taking !== active || !mayTakeAlone(state, active, takings);
    if (taking.taker.isSingle && isIdle) room.set(taking, 0);
  }
  return room;
}

/** Only the client's own, of this queue: what a client names need not be true. */
function heldOf(state: State, queue: string, client: string, grants: Iterable<string> = []): number {
  let held = 0;
  for (const id of grants) {
    const grant = state.grants.get(id);
    if (grant?.client === client && grant.queue === queue) held += grant.leases.size;
  }
  return held;
}

function leaseTo({ client, taker }: Taking, max: number, state: State, from: Planning, decideNow: DecideNow): Lease[] {
  const { queue, mode, leaseMs } = taker;
  // All that a client holds must fit into its memory, and into its next hello.
  const { held = 0, bytesHeld = 0 } = state.clients.get(client) ?? {};
  const most = Math.min(max, HOLDINGS_MESSAGES_MAX - held);
  const maxBytes = Math.min(from.bytesMax, HOLDINGS_BYTES_MAX - bytesHeld);
  if (most <= 0 || maxBytes <= 0) return [];
  const grant = from.token();
  decideNow({ type: "deliver", queue, client, mode, max: most, maxBytes, grant, leaseMs });
  return [...(state.grants.get(grant)?.leases.values() ?? [])];
}
