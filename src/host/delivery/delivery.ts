// The one way of a delivery through the host:
//
//   asked (consume, receive) ──▶ planned in a turn ──commit──▶ handed out ──▶ pushed, or the receive's answer
//        └──cancelled, its client gone──▶ forgotten; what was planned for it meanwhile goes back uncounted
//
// Invariant: nothing leaves before the commit it belongs to; a consumer gets its hand-outs in the order of their commits.

import type { Command, Settlement } from "../../core/commands/commands.js";
import { refuseSealed } from "../../core/commands/encryption.js";
import { idOf } from "../../core/log/ids.js";
import type { Outcome } from "../../core/log/journal.js";
import { rangesOf } from "../../core/log/ranges.js";
import type { Lease } from "../../core/state/lease.js";
import type { State } from "../../core/state/state.js";
import { nextUp } from "../../core/view/next-up.js";
import { errorOf } from "../../link/rpc/error-of.js";
import type { InspectedConsumer } from "../../link/rpc/inspection.js";
import type { DataLoss } from "../../link/rpc/views.js";
import type { HandOut, HostRequest } from "../../link/rpc/wire.js";
import type { Platform } from "../engine/platform.js";
import type { DecideNow } from "../engine/proposal.js";
import { queueErrorOf } from "../engine/store-errors.js";
import { type Asker, createAskers, type Owner, type Taker } from "./askers.js";
import type { Bodies } from "./bodies.js";
import { AGAIN_MS } from "./give-back.js";
import { type BuiltHandOut, buildHandOut } from "./hand-out.js";
import { type PlannedHandOut, planHandOuts } from "./plan.js";

/** The end of a client that messages are handed to. */
export interface Recipient {
  readonly client: string;
  readonly owner: Owner | undefined;
  /** The hand-out as this client's build reads it. */
  readable(handOut: HandOut): HandOut;
  push(consumer: string, handOut: HandOut): void;
}

export interface Delivery {
  /** Registers a consumer, or changes it. */
  consume(to: Recipient, asked: Extract<HostRequest, { op: "consume" }>): void;
  /** Resolves with what was handed out, or with `null` when there was nothing in time. */
  receive(to: Recipient, asked: Extract<HostRequest, { op: "receive" }>): Promise<HandOut | null>;
  /** Resolves once `isReached`, asked after each turn, is true. */
  until(client: string, waiter: string, isReached: () => boolean): Promise<void>;
  cancel(client: string, id: string): void;
  /** The client came with deliveries of an earlier host, and cannot say which of its consumers holds them. */
  reclaimedBlindly(client: string): void;
  /** The client gets nothing more; its calls go on. */
  endTaking(client: string): void;
  forget(client: string): void;
  /** Whether this client has consumers, or waits for something. */
  isAsked(client: string): boolean;
  /** What takes messages for this client until it is cancelled. */
  consumers(client: string): readonly InspectedConsumer[];
  /** Handlers of consumers that can run at once. */
  handlers(queue: string): number;
  plan(decideNow: DecideNow): PlannedHandOut[];
  /** Hands out what was planned, once that is committed; `after`: what of it is pushed, then. */
  handOut(plan: readonly PlannedHandOut[], after?: Promise<void>): void;
  /** Called after a turn was committed and handed out: answers those whose time has come and who were part of it. */
  committed(): void;
  /** The next deadline, by `platform.monotonic`. */
  nextDeadline(): number;
}

export interface DeliveryParts {
  /** Of all clients together; missing: any number. */
  readonly consumersMax: number | undefined;
  /** Of one hand-out, by estimate; one message always may. */
  readonly bytesMax: number;
  state(): State;
  readonly platform: Platform;
  readonly bodies: Bodies;
  /** Runs a turn soon. */
  poke(): void;
  decide(command: Command, onDecided?: () => void): void;
  /** Settles what nobody holds. */
  giveBack(client: string, settlements: readonly Settlement[]): void;
  /** Ends its link: it comes again, and asks for all that it waits for. */
  disconnect(client: string): void;
  /** A client got leases of the queue that its host renews. */
  onLeased(to: Recipient, queue: string): void;
  onLoss(loss: DataLoss): void;
}

export function createDelivery(parts: DeliveryParts): Delivery {
  const { state, platform, bodies, poke, decide, onLeased, onLoss } = parts;
  const askers = createAskers(parts.consumersMax);
  const unclaimed = new Map<string, Set<string>>();
  /** Queues whose hand-outs cannot be planned, and why. */
  const aside = new Map<string, Outcome>();
  let plans = 0;
  const isOver = (id: string) => !state().grants.has(id);

  const handOut = async (client: string, grant: string, leases: readonly Lease[]): Promise<HandOut> => {
    const bodySeqs = leases.map(({ bodySeq }) => bodySeq);
    const next = (bytesMax: number) => {
      const queue = state().queues.get(leases[0]?.grant.queue ?? "");
      return queue ? nextUp(queue, bytesMax) : [];
    };
    const built = buildHandOut(state(), grant, leases, await bodies.take(bodySeqs, next));
    quarantine(client, grant, built);
    return built.handOut;
  };

  /** Messages whose body cannot be read leave the queue, and are named. */
  const quarantine = (client: string, grant: string, built: BuiltHandOut) => {
    if (built.unreadable.length > 0) {
      const seqs = rangesOf(built.unreadable.map((lease) => lease.seq));
      decide({ type: "quarantine", client, held: [{ grant, seqs }] }, () => {
        const queue = built.unreadable[0]?.grant.queue;
        const ids = built.unreadable.map(({ seq }) => idOf(state(), seq));
        onLoss({ reason: "unreadable", ...(queue && { queue }), ids });
      });
    }
  };

  /** What was sent a moment ago is in memory: nobody has to be waited for. What goes wrong here is met again in `build`. */
  const buildNow = (to: Recipient, grant: string, leases: readonly Lease[]): HandOut | undefined => {
    try {
      const found = bodies.takeNow(leases.map(({ bodySeq }) => bodySeq));
      return found && to.readable(buildHandOut(state(), grant, leases, found).handOut);
    } catch {
      return undefined;
    }
  };

  /** Of what was handed out nobody has seen anything. */
  const giveBack = (client: string, grant: string, leases: readonly Lease[]) => {
    const seqs = rangesOf(leases.map(({ seq }) => seq));
    parts.giveBack(client, [{ grant, seqs, verdict: { type: "release", unstarted: true } }]);
  };

  /** As the client reads it. What cannot be read now goes back, a little later: the store is in trouble. */
  const build = async (to: Recipient, grant: string, leases: readonly Lease[]): Promise<HandOut> => {
    try {
      return to.readable(await handOut(to.client, grant, leases));
    } catch (error) {
      platform.setTimer(() => giveBack(to.client, grant, leases), AGAIN_MS);
      throw queueErrorOf(error);
    }
  };

  /** Throws why the queue is left aside, and `encrypted` where who takes messages of it could not open them. */
  const assertTakes = (queue: string, sealed: string | undefined) => {
    const outcome = aside.get(queue) ?? refuseSealed(state(), queue, sealed)?.outcome;
    if (outcome && !outcome.ok) throw errorOf(outcome);
  };

  const leaveAside = (queue: string, why: Outcome) => {
    aside.set(queue, why);
    for (const asker of [...(askers.takingByQueue.get(queue) ?? [])]) {
      askers.remove(asker);
      parts.disconnect(asker.client);
    }
  };

  const end = (asker: Asker) => {
    if (askers.remove(asker)) asker.call?.end();
  };

  return {
    consume(to, { consumer: id, queue, prefetch, concurrency, grants = [], singleActive: isSingle, sealed }) {
      assertTakes(queue, sealed);
      const { client } = to;
      const known = askers.find(client, id);
      if (known?.taker) Object.assign(known.taker, { prefetch, concurrency });
      else {
        // One delivery after the other, so that reading bodies for one cannot let the next overtake it.
        let last: Promise<void> = Promise.resolve();
        let underWay = 0;
        const give = (grant: string, leases: readonly Lease[], after?: Promise<void>) => {
          onLeased(to, queue);
          const now = underWay === 0 && !after ? buildNow(to, grant, leases) : undefined;
          if (now) return to.push(id, now);
          const built = build(to, grant, leases).catch(() => undefined);
          underWay++;
          last = last.then(async () => {
            const [handOut] = await Promise.all([built, after]);
            underWay--;
            if (handOut) to.push(id, handOut);
          });
        };
        const own = { mode: "consume", isOnce: false, grants: new Set(grants), give } as const;
        askers.add({ id, client, owner: to.owner, taker: { queue, prefetch, concurrency, isSingle, sealed, ...own } });
      }
      poke();
    },
    receive: (to, { waiter: id, queue, max, waitMs, mode, leaseMs, sealed }) =>
      new Promise((resolve, reject) => {
        assertTakes(queue, sealed);
        const { client } = to;
        const give = (grant: string, leases: readonly Lease[]) => {
          if (!askers.remove(asker)) return giveBack(client, grant, leases);
          if (mode === "consume") onLeased(to, queue);
          build(to, grant, leases).then(resolve, reject);
        };
        const asker: Asker = {
          id,
          client,
          taker: { queue, mode, isOnce: true, leaseMs, sealed, prefetch: max, grants: new Set(), give },
          call: { deadline: platform.monotonic() + waitMs, plansBefore: plans, end: () => resolve(null) },
        };
        askers.add(asker);
        poke();
      }),
    until: (client, id, isReached) =>
      new Promise((resolve) => {
        const call = { isReached, plansBefore: plans, deadline: Number.POSITIVE_INFINITY, end: resolve };
        askers.add({ id, client, call });
        poke();
      }),
    cancel(client, id) {
      const asker = askers.find(client, id);
      if (asker) end(asker);
    },
    reclaimedBlindly(client) {
      const grants = [...(state().clients.get(client)?.grants ?? [])].filter((grant) => grant.mode === "consume");
      if (grants.length > 0) unclaimed.set(client, new Set(grants.map((grant) => grant.id)));
    },
    endTaking(client) {
      for (const asker of askers.of(client)) if (asker.taker) end(asker);
    },
    forget(client) {
      unclaimed.delete(client);
      for (const asker of askers.of(client)) end(asker);
    },
    isAsked: (client) => askers.of(client).length > 0,
    consumers: (client) =>
      askers.of(client).flatMap(({ taker }) => {
        if (taker === undefined || taker.isOnce) return [];
        return [{ queue: taker.queue, prefetch: taker.prefetch, handlers: handlersOf(taker) }];
      }),
    handlers(queue) {
      let handlers = 0;
      for (const { taker } of askers.takingByQueue.get(queue) ?? []) if (!taker.isOnce) handlers += handlersOf(taker);
      return handlers;
    },
    plan(decideNow) {
      plans++;
      const { takingByQueue } = askers;
      const { bytesMax } = parts;
      const planning = { takingByQueue, unclaimed, bytesMax, token: platform.token, leaveAside };
      return planHandOuts(state(), planning, decideNow);
    },
    handOut(plan, after) {
      for (const { to, grant, leases } of plan) {
        dropWhere(to.taker.grants, isOver);
        to.taker.grants.add(grant);
        to.taker.give(grant, leases, after);
      }
    },
    committed() {
      for (const [client, grants] of unclaimed) {
        dropWhere(grants, isOver);
        if (grants.size === 0) unclaimed.delete(client);
      }
      const now = platform.monotonic();
      for (const asker of askers.calls) {
        const { deadline, plansBefore, isReached } = asker.call;
        if ((deadline <= now && plansBefore < plans) || isReached?.()) end(asker);
      }
    },
    nextDeadline() {
      let next = Number.POSITIVE_INFINITY;
      for (const { call } of askers.calls) next = Math.min(next, call.deadline);
      return next;
    },
  };
}

const handlersOf = ({ prefetch, concurrency = prefetch }: Taker): number => Math.min(prefetch, concurrency);

function dropWhere(ids: Set<string>, isOver: (id: string) => boolean): void {
  for (const id of ids) if (isOver(id)) ids.delete(id);
}
