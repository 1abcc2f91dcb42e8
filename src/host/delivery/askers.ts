// Who has asked for something and is not done: consumers until they are cancelled, receives until messages come or
// their time is up, and calls that wait until a queue is idle, or has room.
// Invariant: every call is answered: by what it waits for, by its deadline, or by its cancellation.

import type { LeaseMode } from "../../core/log/journal.js";
import { QueueError } from "../../core/spec/errors.js";
import { ASKERS_PER_CLIENT_MAX } from "../../core/spec/limits.js";
import type { Reading, Span } from "../../core/spec/time.js";
import type { Lease } from "../../core/state/lease.js";

/** One that takes messages. */
export interface Taker {
  readonly queue: string;
  readonly mode: LeaseMode;
  /** A receive: answered once, then gone. */
  readonly isOnce: boolean;
  readonly leaseMs?: Span | undefined;
  /** Messages it may hold at once. */
  prefetch: number;
  /** Handlers that it may run at once; missing: as many as `prefetch`. */
  concurrency?: number | undefined;
  /** Of all of its queue that are so, the oldest alone is handed messages. */
  readonly isSingle?: boolean | undefined;
  /** Id of the key that it opens messages with. */
  readonly sealed?: string | undefined;
  /** Grants it was given; those that ended are dropped with the next one. */
  readonly grants: Set<string>;
  /** Called after the commit with what was handed out; it is pushed once `after` has resolved. */
  give(grant: string, leases: readonly Lease[], after?: Promise<void>): void;
}

/** To whom several clients belong that have come over a network. */
export interface Owner {
  readonly name: string;
  /** Consumers that they may have together. */
  readonly consumersMax: number;
}

export interface Asker {
  readonly id: string;
  readonly client: string;
  readonly owner?: Owner | undefined;
  /** Missing where no message is asked for. */
  readonly taker?: Taker | undefined;
  /** Of a call. */
  readonly call?: Call | undefined;
}

/** What waits for an answer. */
export interface Call {
  /** By the monotonic clock: how long somebody waits does not follow a clock that is set. */
  readonly deadline: Reading;
  /** How many plans there had been when it came: who comes after that is not part of the turn. */
  readonly plansBefore: number;
  /** Asked after each turn: whether it is time to answer. */
  isReached?(): boolean;
  /** Answers with nothing. */
  end(): void;
}

export interface Taking extends Asker {
  readonly taker: Taker;
}

export interface Askers {
  /**
   * Throws `full` when the client has as many consumers as it may, or waiting calls, or its owner or all have as many
   * consumers, and `invalid-argument` where the id is taken.
   */
  add(asker: Asker): void;
  find(client: string, id: string): Asker | undefined;
  /** False when it was gone already. */
  remove(asker: Asker): boolean;
  of(client: string): readonly Asker[];
  /** By queue, in the order of their turn, which a plan changes. */
  readonly takingByQueue: ReadonlyMap<string, Taking[]>;
  readonly calls: ReadonlySet<Asker & { readonly call: Call }>;
}

/** Of one client. A consumer is no call: who keeps to the limit of the one is not refused for the other. */
interface Own {
  readonly byId: Map<string, Asker>;
  calls: number;
}

export function createAskers(consumersMax = Number.POSITIVE_INFINITY): Askers {
  const byClient = new Map<string, Own>();
  const takingByQueue = new Map<string, Taking[]>();
  const calls = new Set<Asker & { readonly call: Call }>();
  const consumersByOwner = new Map<string, number>();
  let consumers = 0;
  const find = (client: string, id: string) => byClient.get(client)?.byId.get(id);

  const removeTaking = ({ queue }: Taker, asker: Asker) => {
    const takings = takingByQueue.get(queue) ?? [];
    const at = takings.indexOf(asker as Taking);
    if (at >= 0) takings.splice(at, 1);
    if (takings.length === 0) takingByQueue.delete(queue);
  };

  const assertRoom = ({ owner }: Asker) => {
    const refuse = (limit: string, max: number) => {
      throw new QueueError("full", `no more consumers: ${limit} is ${max}`, { detail: { limit, max } });
    };
    if (consumers >= consumersMax) refuse("perDatabase.consumers", consumersMax);
    if (owner && (consumersByOwner.get(owner.name) ?? 0) >= owner.consumersMax)
      refuse("perClient.consumers", owner.consumersMax);
  };
  const countConsumer = ({ owner }: Asker, more: 1 | -1) => {
    consumers += more;
    if (owner === undefined) return;
    const count = (consumersByOwner.get(owner.name) ?? 0) + more;
    if (count > 0) consumersByOwner.set(owner.name, count);
    else consumersByOwner.delete(owner.name);
  };

  return {
    add(asker) {
      const own = byClient.get(asker.client) ?? { byId: new Map(), calls: 0 };
      const { byId, calls: ownCalls } = own;
      if ((asker.call ? ownCalls : byId.size - ownCalls) >= ASKERS_PER_CLIENT_MAX) {
        const what = asker.call ? "waiting calls" : "consumers";
        throw new QueueError("full", `a client has ${ASKERS_PER_CLIENT_MAX} ${what} at most`);
      }
      if (byId.has(asker.id)) throw new QueueError("invalid-argument", `"${asker.id}" is asked for already`);
      if (!asker.call) assertRoom(asker);
      byClient.set(asker.client, own);
      byId.set(asker.id, asker);
      if (asker.call) own.calls++;
      else countConsumer(asker, 1);
      if (asker.taker) {
        const takings = takingByQueue.get(asker.taker.queue) ?? [];
        takingByQueue.set(asker.taker.queue, takings);
        takings.push(asker as Taking);
      }
      if (asker.call) calls.add(asker as Asker & { readonly call: Call });
    },
    find,
    remove(asker) {
      const own = byClient.get(asker.client);
      if (own?.byId.get(asker.id) !== asker) return false;
      own.byId.delete(asker.id);
      if (asker.call) own.calls--;
      else countConsumer(asker, -1);
      if (own.byId.size === 0) byClient.delete(asker.client);
      if (asker.taker) removeTaking(asker.taker, asker);
      calls.delete(asker as Asker & { readonly call: Call });
      return true;
    },
    of: (client) => [...(byClient.get(client)?.byId.values() ?? [])],
    takingByQueue,
    calls,
  };
}
