// The host: the one context that owns the queues of a database now. Joins the loop, the clients' sessions, those who
// wait for messages, and the work in the background.
// Invariant: nothing leaves the host before the commit it belongs to is complete.

import type { Command, Held } from "../core/commands/commands.js";
import { hasRoom } from "../core/commands/overflow.js";
import { idOf } from "../core/log/ids.js";
import type { Outcome } from "../core/log/journal.js";
import { rangesOf, seqsOf } from "../core/log/ranges.js";
import { QueueError } from "../core/spec/errors.js";
import { WIRE_MINOR } from "../core/spec/version.js";
import type { Lease } from "../core/state/lease.js";
import type { State } from "../core/state/state.js";
import { isIdle } from "../core/view/view.js";
import { holdLife, type Life } from "../link/finding/life.js";
import type { Port } from "../link/rpc/guard.js";
import {
  type DataLoss,
  type Diagnostics,
  type HostKind,
  type Notice,
  ownerOfReplies,
  replyQueueOf,
  type Welcome,
} from "../link/rpc/wire.js";
import type { LogStore } from "../store/log-store.js";
import { createLeaseKeeper } from "./clients/lease-keeper.js";
import { createPresence } from "./clients/presence.js";
import { openSession, type RequestAfterHello, type Session } from "./clients/session.js";
import { createBodies } from "./delivery/bodies.js";
import { createGiveBack } from "./delivery/give-back.js";
import { buildHandOut } from "./delivery/hand-out.js";
import { createTakers, type PlannedHandOut } from "./delivery/takers.js";
import { createWaiters, type Taken } from "./delivery/waiters.js";
import { type Engine, openEngine, type Turn } from "./engine/engine.js";
import { startLoop } from "./engine/loop.js";
import type { Platform } from "./engine/platform.js";
import { queueErrorOf } from "./engine/store-errors.js";
import { submit } from "./engine/submit.js";
import { createMeasures } from "./report/measures.js";
import { noticeOf } from "./report/notices.js";
import { createReads } from "./report/reads.js";
import { createWatchers } from "./report/watchers.js";
import { checkCanary } from "./upkeep/canary.js";
import { createMaintenance } from "./upkeep/maintenance.js";

type Consume = Extract<RequestAfterHello, { op: "consume" }>;

/** A client that has not been heard of for this long will not come back for its answers. */
const CLIENT_MEMORY_MS = 24 * 60 * 60 * 1000;

export interface HostOptions {
  readonly kind: HostKind;
  readonly store: LogStore;
  readonly platform: Platform;
  /** Name of the lock whose holder is the host. Clients watch one of this host's own, named after it. */
  readonly lock?: string | undefined;
  presenceLock(client: string): string;
  /** Records in the journal after which a checkpoint is due; for tests, which cannot wait for thousands. */
  readonly checkpointRecords?: number | undefined;
  /** Entries of the state that are encoded without a break; for tests, whose states are small. */
  readonly entriesAtOnce?: number | undefined;
}

export interface Host {
  /** Number of its term. */
  readonly epoch: number;
  /** Held for as long as this host lives. */
  readonly lock: string | undefined;
  /** Serves a client on this port. Throws when the host has ended. */
  connect(port: Port): void;
  /** Settles when the host has ended; rejects with why it could go on no longer. */
  readonly ended: Promise<void>;
  /** Finishes the commit under way, ends all links, closes the store. */
  close(): Promise<void>;
}

/** Takes over the database and hosts it. Rejects with a `QueueError` when the store cannot be opened. */
export async function openHost(options: HostOptions): Promise<Host> {
  try {
    const engine = await openEngine(options.store, options.platform);
    const losses = await checkCanary(options.platform, engine.state.epoch);
    return createHost(options, engine, { losses, ...(await identify(options)) });
  } catch (error) {
    await options.store.close();
    throw queueErrorOf(error);
  }
}

/** What tells clients that this host, and no other, lives. */
interface Identity {
  readonly instance: string;
  readonly life: Life | undefined;
}

/** The host's lock may be stolen; then it says nothing about the host it was stolen from, which may die unheard. */
async function identify({ platform, lock }: HostOptions): Promise<Identity> {
  const instance = platform.token();
  const { locks } = platform;
  const hasLocks = lock !== undefined && locks !== undefined;
  return { instance, life: hasLocks ? await holdLife(locks, `${lock}:${instance}`) : undefined };
}

function createHost(
  { kind, store, platform, presenceLock, checkpointRecords, entriesAtOnce }: HostOptions,
  engine: Engine,
  { instance, life, losses }: Identity & { readonly losses: DataLoss[] },
): Host {
  const bodies = createBodies({
    store,
    index: () => engine.state.batches,
    exclusive: (task) => loop.exclusive(task),
  });
  const takers = createTakers();
  /** Those that have not said hello yet, too. */
  const sessions = new Set<Session>();
  const sessionOf = new Map<string, Session>();
  let refusedMessages = 0;
  /** Until its first turn is durable. */
  let isNew = true;

  const state = (): State => engine.state;
  const decide = (command: Command, settle: (outcome: Outcome) => void = () => {}) => loop.push({ command, settle });

  let plans = 0;
  const loop = startLoop<PlannedHandOut[]>({
    engine,
    platform,
    // Nobody could renew a lease while there was no host: what is overdue at the start goes on until its client is heard.
    spare: (leases) => (isNew ? state().grants.get(leases.grant)?.mode === "consume" : keeper.spare(leases)),
    plan(decideNow) {
      plans++;
      return takers.plan(state(), platform.token, decideNow);
    },
    onTurn: (turn) => finishTurn(turn),
    nextDeadline: () => waiters.nextDeadline(),
  });
  const giveBack = createGiveBack({ decide, random: platform.random, setTimer: platform.setTimer });
  const release = (client: string, { grant, leases }: Taken) =>
    giveBack(client, [{ grant, seqs: rangesOf(leases.map(({ seq }) => seq)), verdict: { type: "release" } }]);
  const waiters = createWaiters({ takers, platform, poke: loop.poke, giveBack: release, plans: () => plans });
  const measures = createMeasures(state, platform.now);
  const reads = createReads(loop, bodies, {
    now: platform.now,
    load: (queue) => measures.load(queue, takers.handlers(queue)),
  });
  const watchers = createWatchers({
    ...platform,
    stats: reads.stats,
    glance(name) {
      const queue = state().queues.get(name);
      return `${queue?.readyCount} ${queue?.delayedCount} ${takers.handlers(name)}`;
    },
  });
  const maintenance = createMaintenance({
    engine,
    store,
    loop,
    checkpointRecords,
    entriesAtOnce,
    now: platform.now,
    setTimer: platform.setTimer,
  });

  const keeper = createLeaseKeeper({
    state,
    now: platform.now,
    random: platform.random,
    setTimer: platform.setTimer,
    decide: (command, onDecided) =>
      decide(command, () => {
        onDecided?.();
        if (command.type === "time-out") sessionOf.get(command.client)?.tellLost(command.held, "timeout");
      }),
  });

  /** Nobody will read the answers that this client waited for. */
  const forgetReplies = (client: string) => decide({ type: "delete", queue: replyQueueOf(client) });

  const presence = createPresence(platform.locks, presenceLock, (client) => {
    forgetSession(client);
    decide({ type: "client-gone", client });
    forgetReplies(client);
  });

  function finishTurn({ changes, batches, plan, expired }: Turn<PlannedHandOut[]>): void {
    isNew = false;
    const sizes = new Map(
      changes.flatMap((change) => (change.type === "stored" ? [[change.firstSeq, change.bytes] as const] : [])),
    );
    for (const batch of batches) bodies.keep(batch, sizes.get(batch.firstSeq) ?? 0);
    for (const { taker, grant, leases } of plan) {
      for (const id of taker.grants) if (!state().grants.has(id)) taker.grants.delete(id);
      taker.grants.add(grant);
      taker.give(grant, leases);
      measures.handedOut(leases);
    }
    for (const { client, ...held } of expired) sessionOf.get(client)?.tellLost([held], "lease-expired");
    const notice = noticeOf(state(), changes);
    if (notice) platform.announce(notice);
    measures.committed(changes);
    watchers.note(changes);
    waiters.answer();
    maintenance.note();
  }

  const report = (loss: DataLoss) => {
    losses.push(loss);
    const queues = loss.queue === undefined ? [...state().queues.keys()] : [loss.queue];
    const notices = Object.fromEntries(queues.map((queue) => [queue, { datalost: loss }]));
    platform.announce({ v: 1, type: "notice", epoch: state().epoch, queues: notices } satisfies Notice);
  };

  /** Builds a hand-out and gives it to `send`; messages whose body cannot be read leave the queue, and are named. */
  const handOut = async (client: string, grant: string, leases: readonly Lease[]) => {
    const built = await buildHandOut(state, bodies, grant, leases);
    if (built.unreadable.length > 0) {
      const seqs = rangesOf(built.unreadable.map((lease) => lease.seq));
      decide({ type: "quarantine", client, held: [{ grant, seqs }] }, () => {
        const queue = built.unreadable[0]?.grant.queue;
        report({
          reason: "unreadable",
          ...(queue && { queue }),
          ids: built.unreadable.map(({ seq }) => idOf(state(), seq)),
        });
      });
    }
    return built.handOut;
  };

  const keep = ({ client, askHeld }: Session, queue: string) => {
    const settings = state().queues.get(queue)?.settings;
    if (settings) keeper.note({ id: client, askHeld }, settings);
  };

  const consume = (session: Session, { consumer: id, queue, prefetch, concurrency }: Consume) => {
    const known = takers.find(id, session.client);
    if (known) Object.assign(known, { prefetch, concurrency });
    else {
      // One delivery after the other, so that reading bodies for one cannot let the next overtake it.
      let last: Promise<void> = Promise.resolve();
      const give = (grant: string, leases: readonly Lease[]) => {
        const built = handOut(session.client, grant, leases);
        last = last.then(async () => session.push(id, session.readable(await built))).catch(() => loop.poke());
        keep(session, queue);
      };
      takers.add({
        id,
        client: session.client,
        queue,
        mode: "consume",
        isOnce: false,
        prefetch,
        concurrency,
        grants: new Set(),
        give,
      });
    }
    loop.poke();
  };

  const forgetSession = (client: string) => {
    const session = sessionOf.get(client);
    if (session === undefined) return;
    sessionOf.delete(client);
    sessions.delete(session);
    keeper.forget(client);
    takers.removeAll(client);
    waiters.removeAll(client);
    watchers.removeAll(client);
    session.close(new QueueError("closed", "the client is gone"));
  };

  const hello = (session: Session, held: readonly Held[]): Promise<Welcome> => {
    const { client } = session;
    // The same client on a new port: what waits on the old one waits for nobody.
    if (sessionOf.get(client) !== session) forgetSession(client);
    sessionOf.set(client, session);
    presence.watch(client);
    return new Promise((resolve, reject) => {
      decide({ type: "reclaim", client, held }, (outcome) => {
        // One refused commit says nothing final: the client tries again.
        if (!outcome.ok) return reject(new QueueError("host-lost", `the host could not take in: ${outcome.message}`));
        // Asked at once: its handlers may have been running for long under the host before this one.
        const isKept = [...(state().clients.get(client)?.grants ?? [])].some((grant) => grant.mode === "consume");
        if (isKept) keeper.note({ id: client, askHeld: session.askHeld }, { leaseMs: 0, handlerTimeoutMs: 0 });
        tellWhatEnded(session, held);
        resolve({
          instance,
          epoch: state().epoch,
          kind,
          minor: WIRE_MINOR,
          lock: life?.lock,
          isKnown: state().clients.has(client),
          losses,
        });
      });
    });
  };

  /** Leases that ended while the client had no host: its handlers still run. */
  const tellWhatEnded = (session: Session, held: readonly Held[]) => {
    const ended = held.flatMap(({ grant, seqs }) => {
      const leases = state().grants.get(grant)?.leases;
      const gone = seqsOf(seqs).filter((seq) => !leases?.has(seq));
      return gone.length > 0 ? [{ grant, seqs: rangesOf(gone) }] : [];
    });
    if (ended.length > 0) session.tellLost(ended, "lease-expired");
  };

  /** Its lock goes too, which then says nothing about its life. */
  const suspend = (client: string) => {
    presence.unwatch(client);
    decide({ type: "reclaim", client, held: [] });
    forgetSession(client);
  };

  const goodbye = (client: string): Promise<void> =>
    new Promise((resolve) => {
      presence.unwatch(client);
      // At once: the turn that forgets the client must hand it nothing.
      takers.removeAll(client);
      forgetReplies(client);
      decide({ type: "forget-client", client }, () => {
        // The answer leaves before the port is closed.
        platform.setTimer(() => forgetSession(client), 0);
        resolve();
      });
    });

  const diagnostics = (): Diagnostics => {
    const { epoch, lsn, batches } = state();
    const { commits } = engine;
    return {
      instance,
      epoch,
      lsn,
      clients: sessionOf.size,
      commits,
      refusedMessages,
      batches: batches.size,
      batchBytes: batches.bytes,
    };
  };

  const request = async (session: Session, asked: RequestAfterHello): Promise<unknown> => {
    const { client } = session;
    switch (asked.op) {
      case "submit":
        return submit(
          { ...asked, client },
          { push: loop.push, random: platform.random, now: platform.now, measures, state, giveBack },
        );
      case "consume":
        return consume(session, asked);
      case "cancel":
        takers.remove(asked.waiter, client);
        watchers.cancel(asked.waiter, client);
        return waiters.cancel(asked.waiter, client);
      case "receive": {
        const taken = await waiters.receive(client, asked);
        if (taken === undefined) return null;
        if (asked.mode === "consume") keep(session, asked.queue);
        return session.readable(await handOut(client, taken.grant, taken.leases));
      }
      case "idle":
        return waiters.until(client, asked.waiter, () => isIdle(state().queues.get(asked.queue)));
      case "room":
        return waiters.until(client, asked.waiter, () => hasRoom(state().queues.get(asked.queue), asked));
      case "peek":
        return reads.peek(asked);
      case "dead-letters":
        return reads.deadLetters(asked);
      case "stats":
        return reads.stats(asked.queue);
      case "watch": {
        const { waiter: id, queue, everyMs } = asked;
        return watchers.add({ id, client, queue, everyMs, push: (stats) => session.pushStats(id, stats) });
      }
      case "fates":
        return reads.fates(asked);
      case "group":
        return reads.groupWaits(asked);
      case "schedules":
        return reads.schedules(asked.queue);
      case "summaries":
        return reads.summaries();
      case "queues":
        return reads.queues();
      case "diagnostics":
        return loop.read(diagnostics);
      case "suspend":
        return suspend(client);
      case "goodbye":
        return goodbye(client);
    }
  };

  /** A context that cannot read a stored body gets each message alone, and a message it cannot read alone dies. */
  const onUnreadable = ({ client, unconfirmed }: Session) => {
    const failure = { name: "not-cloneable", message: "the consumer's context cannot read this body" };
    const settlements = [...unconfirmed].map(({ grant, seqs }) => {
      const isAlone = seqs.length === 2 && seqs[1] === 1;
      const verdict = isAlone
        ? ({ type: "dead", reason: "not-cloneable", failure } as const)
        : ({ type: "release", suspect: true } as const);
      return { grant, seqs, verdict };
    });
    decide({ type: "settle", client, settlements, jitter: platform.random() });
  };

  const forgetOldClients = () => {
    const before = platform.now() - CLIENT_MEMORY_MS;
    for (const client of state().clients.values()) {
      if (client.seenAt >= before || sessionOf.has(client.id)) continue;
      forgetReplies(client.id);
      decide({ type: "forget-client", client: client.id });
    }
  };

  const onRefused = () => {
    refusedMessages++;
  };

  // Clients of the host before this one: those that live come back, the locks of the others are free. Until then
  // their leases go on, however long nobody could renew them.
  for (const client of state().clients.values()) {
    if (client.held === 0) continue;
    presence.watch(client.id);
    const grants = [...client.grants].filter((grant) => grant.mode === "consume");
    decide({
      type: "renew",
      client: client.id,
      overdue: true,
      held: grants.map((grant) => ({ grant: grant.id, seqs: rangesOf(grant.leases.keys()) })),
    });
  }
  for (const name of state().queues.keys()) {
    const owner = ownerOfReplies(name);
    if (owner !== undefined) presence.watch(owner);
  }
  forgetOldClients();
  void maintenance.sweep();

  let stopped: QueueError | undefined;
  const stop = async (reason: QueueError) => {
    stopped = reason;
    presence.close();
    keeper.close();
    await maintenance.close();
    for (const session of sessions) session.close(reason);
    life?.end();
    await store.close();
  };

  const ended = loop.ended.then(
    () => stop(new QueueError("host-lost", "the host was closed")),
    async (error) => {
      await stop(new QueueError("host-lost", "the host could not go on", { cause: error }));
      throw queueErrorOf(error);
    },
  );

  return {
    epoch: state().epoch,
    lock: life?.lock,
    connect: (port) => {
      // Until its store is closed, and the next host can open, others still find this one.
      if (stopped) throw stopped;
      sessions.add(openSession(port, { hello, request, onUnreadable, onRefused }));
    },
    ended,
    async close() {
      await loop.close();
      await ended.catch(() => {});
    },
  };
}
