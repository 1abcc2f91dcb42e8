// Who waits for messages, and who gets the next ones: consumers up to their prefetch, one-shot receives until their
// time is up. Invariant: planning changes nothing here; a plan that is not committed leaves no trace.

import type { LeaseMode } from "../../core/log/journal.js";
import type { Lease } from "../../core/state/lease.js";
import { handOutRoom, hasReady } from "../../core/state/rate.js";
import type { QueueState, State } from "../../core/state/state.js";
import type { DecideNow } from "../engine/engine.js";

/** Bytes that leave in one hand-out, by estimate: a thousand large bodies must not travel as one message. */
const HAND_OUT_BYTES_MAX = 4 * 1024 * 1024;

export interface Taker {
  readonly id: string;
  readonly client: string;
  readonly queue: string;
  readonly mode: LeaseMode;
  /** A receive: answered once, then gone. */
  readonly isOnce: boolean;
  readonly leaseMs?: number | undefined;
  /** Messages it may hold at once. */
  prefetch: number;
  /** Handlers that it may run at once; missing: as many as `prefetch`. */
  concurrency?: number | undefined;
  /** Grants it was given; those that ended are dropped with the next one. */
  readonly grants: Set<string>;
  /** Called after the commit with what was handed out. */
  give(grant: string, leases: readonly Lease[]): void;
}

export interface PlannedHandOut {
  readonly taker: Taker;
  readonly grant: string;
  readonly leases: readonly Lease[];
}

export interface Takers {
  add(taker: Taker): void;
  remove(id: string, client: string): Taker | undefined;
  removeAll(client: string): void;
  find(id: string, client: string): Taker | undefined;
  /** Handlers of consumers that can run at once. */
  handlers(queue: string): number;
  /** Leases everything that is ready to whoever has room, fairly. */
  plan(state: State, token: () => string, decideNow: DecideNow): PlannedHandOut[];
}

export function createTakers(): Takers {
  /** By queue, in the order of their turn. */
  const byQueue = new Map<string, Taker[]>();

  const remove = (id: string, client: string): Taker | undefined => {
    for (const [queue, takers] of byQueue) {
      const at = takers.findIndex((taker) => taker.id === id && taker.client === client);
      if (at < 0) continue;
      const [removed] = takers.splice(at, 1);
      if (takers.length === 0) byQueue.delete(queue);
      return removed;
    }
    return undefined;
  };

  const planQueue = (queue: QueueState, takers: Taker[], state: State, token: () => string, decideNow: DecideNow) => {
    const planned: PlannedHandOut[] = [];
    const room = new Map(takers.map((taker) => [taker, roomOf(taker, state)] as const));
    const most = countWithin(queue, state);
    for (let isMoving = true; isMoving && hasReady(queue, state.now); ) {
      isMoving = false;
      const hungry = takers.filter((taker) => (room.get(taker) as number) > 0);
      // An equal share each, so that one with a large prefetch does not empty the queue before the others are asked.
      const ready = Math.min(queue.readyCount, handOutRoom(queue, state.now));
      const share = Math.max(1, Math.ceil(ready / Math.max(1, hungry.length)));
      for (const taker of hungry) {
        const max = Math.min(room.get(taker) as number, share, most);
        const leases = leaseTo(taker, max, state, token(), decideNow);
        if (leases.length === 0) {
          room.set(taker, 0);
          continue;
        }
        room.set(taker, taker.isOnce ? 0 : (room.get(taker) as number) - leases.length);
        planned.push({ taker, grant: (leases[0] as Lease).grant.id, leases });
        isMoving = true;
      }
    }
    // Whoever was served goes to the back.
    const served = new Set(planned.map(({ taker }) => taker));
    takers.sort((a, b) => Number(served.has(a)) - Number(served.has(b)));
    return planned;
  };

  return {
    add(taker) {
      const takers = byQueue.get(taker.queue) ?? [];
      takers.push(taker);
      byQueue.set(taker.queue, takers);
    },
    remove,
    removeAll(client) {
      for (const [queue, takers] of byQueue) {
        const rest = takers.filter((taker) => taker.client !== client);
        if (rest.length > 0) byQueue.set(queue, rest);
        else byQueue.delete(queue);
      }
    },
    find: (id, client) => {
      for (const takers of byQueue.values()) {
        const found = takers.find((taker) => taker.id === id && taker.client === client);
        if (found) return found;
      }
      return undefined;
    },
    handlers(queue) {
      let handlers = 0;
      for (const { isOnce, prefetch, concurrency = prefetch } of byQueue.get(queue) ?? []) {
        if (!isOnce) handlers += Math.min(prefetch, concurrency);
      }
      return handlers;
    },
    plan(state, token, decideNow) {
      const planned: PlannedHandOut[] = [];
      for (const [name, takers] of byQueue) {
        const queue = state.queues.get(name);
        if (queue && hasReady(queue, state.now)) planned.push(...planQueue(queue, takers, state, token, decideNow));
      }
      return planned;
    },
  };
}

function roomOf(taker: Taker, state: State): number {
  let held = 0;
  for (const id of taker.grants) held += state.grants.get(id)?.leases.size ?? 0;
  return taker.prefetch - held;
}

/** How many messages of the size of the next one may leave together. */
function countWithin(queue: QueueState, state: State): number {
  for (let priority = queue.lanes.length - 1; priority >= 0; priority--) {
    const lane = queue.lanes[priority];
    const run = lane?.front.head ?? lane?.tail.head;
    const batch = run && state.batches.find(run.bodySeq);
    if (batch) return Math.max(1, Math.floor(HAND_OUT_BYTES_MAX / Math.max(1, batch.bytes / batch.count)));
  }
  return Number.POSITIVE_INFINITY;
}

function leaseTo(taker: Taker, max: number, state: State, grant: string, decideNow: DecideNow): Lease[] {
  if (max <= 0) return [];
  const { queue, client, mode, leaseMs } = taker;
  decideNow({ type: "deliver", queue, client, mode, max, grant, leaseMs });
  return [...(state.grants.get(grant)?.leases.values() ?? [])];
}
