// Calls that wait: `receive` until messages come or its time is up, others until a queue is idle, or has room.
// Invariant: every call is answered: by what it waits for, by its deadline, or by its cancellation.

import type { Lease } from "../../core/state/lease.js";
import type { HostRequest } from "../../link/rpc/wire.js";
import type { Platform } from "../engine/platform.js";
import type { Takers } from "./takers.js";

export interface Taken {
  readonly grant: string;
  readonly leases: readonly Lease[];
}

export interface Waiters {
  /** Resolves with what was handed out, or with `undefined` when there was nothing in time. */
  receive(client: string, request: Extract<HostRequest, { op: "receive" }>): Promise<Taken | undefined>;
  /** Resolves once `isReached`, asked after each turn, is true. */
  until(client: string, waiter: string, isReached: () => boolean): Promise<void>;
  cancel(waiter: string, client: string): void;
  removeAll(client: string): void;
  /** Called after each turn: answers those whose time has come and who were part of it. */
  answer(): void;
  /** The next deadline, by `platform.monotonic`: how long somebody waits does not follow a clock that is set. */
  nextDeadline(): number;
}

interface Waiter {
  readonly id: string;
  readonly client: string;
  readonly deadline: number;
  /** How many plans there had been when it came. */
  readonly plansBefore: number;
  readonly isReached?: () => boolean;
  /** Answers with nothing. */
  end(): void;
}

export function createWaiters({
  takers,
  platform,
  poke,
  giveBack,
  plans,
}: {
  takers: Takers;
  platform: Platform;
  poke(): void;
  /** What was handed out to a call that was cancelled before its commit was complete. */
  giveBack(client: string, taken: Taken): void;
  /** How often hand-outs were planned: who comes after that is not part of the turn. */
  plans(): number;
}): Waiters {
  const waiting = new Set<Waiter>();
  const end = (waiter: Waiter) => {
    waiting.delete(waiter);
    waiter.end();
  };
  const endWhere = (matches: (waiter: Waiter) => boolean) => {
    for (const waiter of waiting) if (matches(waiter)) end(waiter);
  };
  return {
    receive: (client, { waiter: id, queue, max, waitMs, mode, leaseMs }) =>
      new Promise((resolve) => {
        const deadline = platform.monotonic() + waitMs;
        const waiter: Waiter = {
          id,
          client,
          deadline,
          plansBefore: plans(),
          end() {
            takers.remove(id, client);
            resolve(undefined);
          },
        };
        waiting.add(waiter);
        const give = (grant: string, leases: readonly Lease[]) => {
          if (!waiting.delete(waiter)) return giveBack(client, { grant, leases });
          takers.remove(id, client);
          resolve({ grant, leases });
        };
        takers.add({ id, client, queue, mode, isOnce: true, leaseMs, prefetch: max, grants: new Set(), give });
        poke();
      }),
    until: (client, id, isReached) =>
      new Promise((resolve) => {
        waiting.add({ id, client, isReached, plansBefore: plans(), deadline: Number.POSITIVE_INFINITY, end: resolve });
        poke();
      }),
    cancel: (id, client) => endWhere((waiter) => waiter.id === id && waiter.client === client),
    removeAll: (client) => endWhere((waiter) => waiter.client === client),
    answer() {
      const now = platform.monotonic();
      endWhere(
        ({ deadline, isReached, plansBefore }) => (deadline <= now && plansBefore < plans()) || isReached?.() === true,
      );
    },
    nextDeadline() {
      let next = Number.POSITIVE_INFINITY;
      for (const { deadline } of waiting) next = Math.min(next, deadline);
      return next;
    },
  };
}
