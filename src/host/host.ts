// The host: the one context that owns the queues of a database now. Assembly only: the loop and its engine, the clients,
// the way of deliveries, reports, and the work in the background.
// Invariant: nothing leaves the host before the commit it belongs to is complete.

import type { Command } from "../core/commands/commands.js";
import { nextWakeUp } from "../core/commands/due.js";
import { idOf } from "../core/log/ids.js";
import type { ChangeOf, Outcome } from "../core/log/journal.js";
import { QueueError } from "../core/spec/errors.js";
import { HAND_OUT_BYTES_MAX, PAGE_BYTES_MAX, SILENT_PORTS_MAX } from "../core/spec/limits.js";
import { BUILD, WIRE_MINOR } from "../core/spec/version.js";
import type { State } from "../core/state/state.js";
import type { QueueStats } from "../core/view/view.js";
import { holdLife, type Life } from "../link/finding/life.js";
import type { Port } from "../link/rpc/guard.js";
import type { CheckReport } from "../link/rpc/inspection.js";
import type { CheckedCommand } from "../link/rpc/validate.js";
import type { DataLoss, Diagnostics } from "../link/rpc/views.js";
import type { HostKind, Welcome } from "../link/rpc/wire.js";
import type { LogStore } from "../store/log-store.js";
import { type Guard, identityOf } from "./clients/access.js";
import { createClients, type Guest, keptOf } from "./clients/clients.js";
import { createLeaseKeeper } from "./clients/lease-keeper.js";
import { type CreatePresence, createLockPresence } from "./clients/presence.js";
import { answer } from "./clients/requests.js";
import { createBodies } from "./delivery/bodies.js";
import { createDelivery } from "./delivery/delivery.js";
import { createGiveBack } from "./delivery/give-back.js";
import type { PlannedHandOut } from "./delivery/plan.js";
import { type Engine, openEngine, type Turn } from "./engine/engine.js";
import { startLoop } from "./engine/loop.js";
import type { Platform } from "./engine/platform.js";
import { queueErrorOf } from "./engine/store-errors.js";
import { type InspectParts, inspect } from "./report/inspect.js";
import { readJournal } from "./report/journal.js";
import { createLosses } from "./report/losses.js";
import { createMeasures } from "./report/measures.js";
import { noticeOf } from "./report/notices.js";
import { createReads } from "./report/reads.js";
import { createSnapshots } from "./report/snapshots.js";
import { createWatchers } from "./report/watchers.js";
import { isPassed, noteEpoch, readLastEpoch, WIPED } from "./upkeep/canary.js";
import { asFound, checkStored } from "./upkeep/check.js";
import { createMaintenance } from "./upkeep/maintenance.js";
import { repair } from "./upkeep/repair.js";

export interface HostOptions {
  readonly kind: HostKind;
  readonly store: LogStore;
  readonly platform: Platform;
  /** Name of the lock whose holder is the host. Clients watch one of this host's own, named after it. */
  readonly lock?: string | undefined;
  /** Name of the lock that a client holds while it lives; missing where there are no locks. */
  presenceLock?(client: string): string;
  /** Notices in another way than by such locks that a client is gone. */
  readonly createPresence?: CreatePresence | undefined;
  /** How much there may be of what clients make; missing: any number, and of silent ports 1,000. */
  readonly limits?: HostLimits | undefined;
  /** Records in the journal after which a checkpoint is due; for tests, which cannot wait for thousands. */
  readonly checkpointRecords?: number | undefined;
  /** Entries of the state that are encoded without a break; for tests, whose states are small. */
  readonly entriesAtOnce?: number | undefined;
}

export interface HostLimits {
  readonly queues: number;
  readonly consumers: number;
  /** Ports on which nobody has said hello yet. */
  readonly silentPorts: number;
  /** Bytes of a hand-out, or a page, by estimate, where that is less than 4 MiB. One message always may. */
  readonly answerBytes: number;
}

export interface Host {
  /** Number of its term. */
  readonly epoch: number;
  /** Held for as long as this host lives. */
  readonly lock: string | undefined;
  /** Serves a client on this port, as far as the guard lets it; without one, whatever it asks. Throws when the host has ended. */
  connect(port: Port, guard?: Guard): Guest;
  /** Ends what is only waited for: before it is asked when this host has something to do. */
  tidy(): void;
  /** What it holds and has done since it began, for monitoring. Rejects when the host has ended. */
  figures(): Promise<HostFigures>;
  /** Somebody who has lost the link may still come back. */
  readonly awaits: boolean;
  hasQueue(name: string): boolean;
  /** Ports that somebody has, in whatever state. */
  readonly ports: number;
  /** Epoch milliseconds at which time alone changes something; `Infinity`: never. Also when the host has ended. */
  nextDueAt(): number;
  /** Resolves with its first turn. */
  readonly begun: Promise<void>;
  /** Settles when the host has ended; rejects with why it could go on no longer. */
  readonly ended: Promise<void>;
  /** Finishes the commit under way, ends all links, closes the store. */
  close(): Promise<void>;
}

export interface HostFigures {
  readonly diagnostics: Diagnostics;
  /** Those that callers have made. */
  readonly queues: readonly { readonly queue: string; readonly stats: QueueStats }[];
}

/** What may leave behind a key that is to be one no longer, or what is encrypted now. */
const mayLeaveSecrets = (checked: CheckedCommand): boolean =>
  "command" in checked &&
  (checked.command.type === "shred" ||
    checked.command.type === "encrypt-end" ||
    (checked.command.type === "configure" && checked.command.replacing !== undefined));

/** Takes over the database and hosts it. Rejects with a `QueueError` when the store cannot be opened. */
export async function openHost(options: HostOptions): Promise<Host> {
  const { store, platform, limits } = options;
  // Beside each other: each is a few ways to the browser and back.
  const [identifying, lastEpoch] = [identify(options), readLastEpoch(platform)];
  try {
    const engine = await openEngine(store, platform, limits?.queues);
    const host = createHost(options, engine, { lastEpoch, ...(await identifying) });
    // What is stored can be read, and yet nothing may follow from it: such a host would end again and again before it has served.
    await Promise.race([host.begun, host.ended]);
    return host;
  } catch (error) {
    identifying.then(({ life }) => life?.end()).catch(() => {});
    await store.close();
    throw queueErrorOf(error);
  }
}

/** Of a log that could not be read as a whole: something is gone even where no message is. */
function lossesOf({ lost, state }: Engine): DataLoss[] {
  if (lost === undefined) return [];
  const named = lost.map(
    ({ queue, seqs }): DataLoss => ({
      reason: "unreadable",
      ...(queue !== undefined && { queue }),
      ids: seqs.map((seq) => idOf(state, seq)),
    }),
  );
  return named.length > 0 ? named : [{ reason: "unreadable", ids: [] }];
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
  { kind, store, platform, checkpointRecords, entriesAtOnce, ...options }: HostOptions,
  engine: Engine,
  { instance, life, lastEpoch }: Identity & { readonly lastEpoch: Promise<number | undefined> },
): Host {
  /** Until its first turn is durable. */
  let isNew = true;
  const state = (): State => engine.state;
  const decide = (command: Command, settle: (outcome: Outcome) => void = () => {}) => loop.push({ command, settle });

  const answerBytes = options.limits?.answerBytes ?? Number.POSITIVE_INFINITY;
  const pageBytesMax = Math.min(PAGE_BYTES_MAX, answerBytes);
  const losses = createLosses({ state, announce: platform.announce });
  losses.found(lossesOf(engine));
  const bodies = createBodies({ store, index: () => engine.state.batches, exclusive: (task) => loop.exclusive(task) });
  const giveBack = createGiveBack({ decide, random: platform.random, setTimer: platform.setTimer });
  const delivery = createDelivery({
    consumersMax: options.limits?.consumers,
    bytesMax: Math.min(HAND_OUT_BYTES_MAX, answerBytes),
    state,
    platform,
    bodies,
    poke: () => loop.poke(),
    decide,
    giveBack,
    // Why, nobody hears: what it asks anew it is told.
    disconnect: (client) => clients.sessionOf(client)?.close(new QueueError("host-lost", "the host was closed")),
    onLeased({ client }, queue) {
      const settings = state().queues.get(queue)?.settings;
      const session = clients.sessionOf(client);
      if (settings && session) keeper.note(keptOf(session), settings);
    },
    onLoss: losses.report,
  });

  const loop = startLoop<PlannedHandOut[]>({
    engine,
    platform,
    // Nobody can renew a lease while there is no host, or no link: what is overdue then goes on until its client is heard.
    spare: (leases) =>
      isNew || clients.isAwaited(leases.client)
        ? state().grants.get(leases.grant)?.mode === "consume"
        : keeper.spare(leases),
    plan: (decideNow) => delivery.plan(decideNow),
    onCommitted: (turn) => handOutAtOnce(turn),
    onTurn: (turn) => finishTurn(turn),
    nextDeadline: () => delivery.nextDeadline(),
  });
  const measures = createMeasures(state, platform.now);
  const keeper = createLeaseKeeper({
    state,
    platform,
    decide: (command, onDecided) =>
      decide(command, () => {
        onDecided?.();
        if (command.type === "time-out") clients.sessionOf(command.client)?.tellLost(command.held, "timeout");
      }),
  });
  const load = (queue: string) => measures.load(queue, delivery.handlers(queue));
  const reads = createReads(loop, bodies, {
    now: platform.now,
    pageBytesMax,
    load,
  });
  const snapshots = createSnapshots({
    ...{ loop, store, now: platform.now, setTimer: platform.setTimer },
    pageBytesMax,
    onFree: () => maintenance.note(),
  });
  const watchers = createWatchers({
    ...platform,
    stats: reads.stats,
    glance(name) {
      const queue = state().queues.get(name);
      return `${queue?.readyCount} ${queue?.delayedCount} ${delivery.handlers(name)}`;
    },
  });
  const inward = { push: loop.push, random: platform.random, now: platform.now, measures, state, giveBack };
  const diagnostics = (): Diagnostics => {
    const { epoch, lsn, batches } = state();
    const { count, refusedMessages } = clients;
    const stored = { batches: batches.size, batchBytes: batches.bytes };
    return { instance, epoch, lsn, clients: count, commits: engine.commits, refusedMessages, ...stored };
  };
  const inspected: InspectParts = {
    now: platform.now,
    load,
    connected: () => clients.introduced(),
    identityOf,
    consumers: delivery.consumers,
    host: { kind, epoch: state().epoch, instance, build: BUILD, since: platform.now() },
    takeOvers: engine.takeOvers,
  };
  /** Why it is no host any more. Here, since what begins below asks for it even where the rest cannot be made. */
  let stopped: QueueError | undefined;
  /** A write says so, even one of nothing; one that fails says nothing, and the next host looks again. */
  const isCurrent = () =>
    loop
      .exclusive(() => store.deleteBatches([]))
      .then(
        () => stopped === undefined,
        () => false,
      );
  /** Nobody who was taken in waits for the canary: the answer takes its time, and is told when it is there. */
  const look = async () => {
    const { epoch } = state();
    if (isPassed(await lastEpoch, epoch)) {
      if (!(await isCurrent())) return;
      losses.found([WIPED]);
      clients.tellLosses({ instance, losses: losses.all });
    }
    if (!stopped) noteEpoch(platform, epoch);
  };
  const looked = look();
  const clients = createClients({
    state,
    platform,
    createPresence:
      options.createPresence ??
      ((onGone) => createLockPresence(platform.locks, options.presenceLock ?? String, onGone)),
    silentPortsMax: options.limits?.silentPorts ?? SILENT_PORTS_MAX,
    decide,
    delivery,
    watchers,
    keeper,
    welcome: (client): Welcome => {
      const known = { isKnown: state().clients.has(client), losses: [...losses.all] };
      const { epoch, firstTerm: database } = state();
      return { instance, epoch, database, kind, minor: WIRE_MINOR, lock: life?.lock, ...known };
    },
    looked,
    request: async (session, asked) => {
      const answered = await answer(session, asked, {
        ...{ state, inward, delivery, reads, snapshots, watchers, clients },
        diagnostics: () => loop.read(diagnostics),
        connected: () => loop.read(() => clients.views()),
        journal: (max) => loop.exclusive(async () => readJournal(await store.open(), max)),
        check: checkUp,
        inspect: (match) => loop.read((current) => inspect(current, match, inspected)),
      });
      // Who is told that a key is none any more, or that all is encrypted, may rely on that.
      if (asked.op === "submit" && asked.commands.some(mayLeaveSecrets)) {
        snapshots.endAll();
        await maintenance.forget();
      }
      return answered;
    },
  });
  const maintenance = createMaintenance({
    ...{ engine, store, loop, snapshots, checkpointRecords, entriesAtOnce },
    now: platform.now,
    setTimer: platform.setTimer,
  });

  const checkUp = async (isRepairing: boolean): Promise<CheckReport> => {
    // What is being deleted belongs to no message, and would be found.
    snapshots.endAll();
    const look = async () => {
      const freed = state().batches.takeFreed();
      if (freed.length > 0) await store.deleteBatches(freed);
      return checkStored(store, state());
    };
    const { faults, ...counted } = await maintenance.alone(() => loop.exclusive(look));
    const parts = { engine, store, loop, maintenance, decide, onLoss: losses.report };
    return { ...counted, faults: isRepairing ? await repair(faults, parts) : faults.map(asFound) };
  };

  /** Its handlers run, and would find out only when they are asked what they hold. */
  const tellPurged = ({ purgedFrom, seqs }: ChangeOf<"acked">) => {
    if (purgedFrom === undefined) return;
    const { client, grant } = purgedFrom;
    clients.sessionOf(client)?.tellLost([{ grant, seqs: [...seqs] }], "lease-expired");
  };

  function handOutAtOnce({ answered, changes, batches, plan, expired }: Turn<PlannedHandOut[]>): void {
    // Before it is delivered again, to the same client perhaps.
    for (const { client, ...held } of expired) clients.sessionOf(client)?.tellLost([held], "lease-expired");
    for (const change of changes) if (change.type === "acked") tellPurged(change);
    // A change for each of the batches, in their order.
    const stored = changes.filter((change) => change.type === "stored");
    for (const [i, batch] of batches.entries()) bodies.keep(batch, stored[i] as ChangeOf<"stored">);
    // A client that sends to itself hears first that it was sent.
    delivery.handOut(plan.filter(({ to }) => !answered.has(to.client)));
  }

  function finishTurn({ answered, changes, plan }: Turn<PlannedHandOut[]>): void {
    isNew = false;
    for (const { leases } of plan) measures.handedOut(leases);
    const notice = noticeOf(state(), changes);
    if (notice) platform.announce(notice);
    measures.committed(changes);
    watchers.note(changes);
    const later = plan.filter(({ to }) => answered.has(to.client));
    if (later.length > 0) delivery.handOut(later, new Promise<void>(platform.afterTurn));
    delivery.committed();
    // A turn that changed nothing leaves nothing to do: an idle host would wake once more for it.
    if (changes.length > 0) maintenance.note(changes);
    clients.forgetOld();
  }

  clients.adopt();
  maintenance.sweep();

  const stop = async (reason: QueueError) => {
    stopped = reason;
    keeper.close();
    snapshots.endAll();
    await maintenance.close();
    clients.close(reason);
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
    begun: loop.begun,
    lock: life?.lock,
    connect: (port, guard) => {
      // Until its store is closed, and the next host can open, others still find this one.
      if (stopped) throw stopped;
      return clients.connect(port, guard);
    },
    tidy: keeper.tidy,
    async figures() {
      if (stopped) throw stopped;
      const names = await reads.queues();
      const queues = await Promise.all(names.map(async (queue) => ({ queue, stats: await reads.stats(queue) })));
      return { diagnostics: await loop.read(diagnostics), queues };
    },
    hasQueue: (name) => state().queues.has(name),
    get awaits() {
      return clients.awaits;
    },
    get ports() {
      return clients.ports;
    },
    nextDueAt: () => nextWakeUp(state()),
    ended,
    async close() {
      await loop.close();
      await ended.catch(() => {});
    },
  };
}
