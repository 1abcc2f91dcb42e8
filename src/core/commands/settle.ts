// How a delivery ends, or goes on. Invariant: a lease is ended by its own token, by its own client, before its
// time, once; whatever comes later is lost.

import type { Change, Failure, Seq } from "../log/journal.js";
import { forEachSeq, pushRange, rangesOf, seqsOf } from "../log/ranges.js";
import type { Instant, Span } from "../spec/time.js";
import type { Lease, OpenHandOut } from "../state/lease.js";
import type { ClientState, QueueState, State } from "../state/state.js";
import { retryDelayMs, spreadJitter } from "./backoff.js";
import { type CommandOf, type Decision, done, refused, type SettleValue, type Verdict } from "./commands.js";

export const FAILURE_LEASE_EXPIRED: Failure = {
  name: "lease-expired",
  message: "the lease ended before the delivery was settled",
};
export const FAILURE_CLIENT_GONE: Failure = {
  name: "client-gone",
  message: "the consumer died while it held this message",
};

export function settle(state: State, command: CommandOf<"settle">, now: Instant): Decision {
  const changes = collectChanges();
  const ended = new Set<Lease>();
  const lost: { grant: string; seqs: number[] }[] = [];
  for (const { grant, seqs, verdict } of command.settlements) {
    const lostHere: number[] = [];
    forEachSeq(seqs, (seq) => {
      const lease = findLease(state, command.client, grant, seq, now);
      if (lease === undefined || ended.has(lease)) {
        pushRange(lostHere, seq, 1);
        return;
      }
      // Only a second settlement of the same lease can meet it here; acks are the hot path and rarely repeat.
      ended.add(lease);
      conclude(changes, queueOf(state, lease), lease, verdict, { now, jitter: command.jitter });
    });
    if (lostHere.length > 0) lost.push({ grant, seqs: lostHere });
  }
  const value: SettleValue = { lost };
  return done(changes.all, value);
}

export function extend(state: State, command: CommandOf<"extend">, now: Instant): Decision {
  const lease = findLease(state, command.client, command.grant, command.seq, now);
  if (lease === undefined) return refused("lease-lost", "the delivery is no longer this consumer's");
  const until = Math.max(lease.until, now + command.ms);
  return done([{ type: "renewed", grant: command.grant, until, seqs: [command.seq, 1] }], { until });
}

/** Extends what the client says it holds. What it does not name runs out; what is overdue stays so unless spared. */
export function renew(state: State, command: CommandOf<"renew">, now: Instant): Decision {
  const changes: Change[] = [];
  for (const { grant: id, seqs } of command.held) {
    const grant = ownGrant(state, command.client, id);
    const queue = grant && state.queues.get(grant.queue);
    if (queue === undefined) continue;
    const live: number[] = [];
    forEachSeq(seqs, (seq) => {
      const isLive = command.overdue ? grant?.leases.has(seq) : findLease(state, command.client, id, seq, now);
      if (isLive) pushRange(live, seq, 1);
    });
    const until = now + queue.settings.leaseMs;
    if (live.length > 0) changes.push({ type: "renewed", grant: id, until, seqs: live });
  }
  return done(changes);
}

export function timeOut(state: State, command: CommandOf<"time-out">, now: Instant): Decision {
  const changes = collectChanges();
  const ended = new Set<Lease>();
  for (const { grant, seqs } of command.held) {
    forEachSeq(seqs, (seq) => {
      const lease = findLease(state, command.client, grant, seq, now);
      if (lease === undefined || ended.has(lease)) return;
      ended.add(lease);
      const queue = queueOf(state, lease);
      const message = `the handler ran longer than ${queue.settings.handlerTimeoutMs} ms`;
      fail(changes, queue, lease, { failure: { name: "timeout", message }, now, jitter: command.jitter });
    });
  }
  return done(changes.all);
}

/** Ends leases whose time has come. What a handler of `consume` may never have started is not counted. */
export function expire(state: State, command: CommandOf<"expire">, now: Instant): Decision {
  const changes = collectChanges();
  const grants = [...new Set(command.grants)].flatMap((id) => state.grants.get(id) ?? []);
  for (const lease of leasesOf(grants)) {
    if (lease.until > now) continue;
    const client = state.clients.get(lease.grant.client) as ClientState;
    const isCounted = lease.grant.mode === "receive" || isSoleSuspect(client, lease);
    takeBack(changes, queueOf(state, lease), lease, isCounted, FAILURE_LEASE_EXPIRED);
  }
  return done(changes.all);
}

export function quarantine(state: State, command: CommandOf<"quarantine">): Decision {
  const changes: Change[] = [];
  for (const { grant: id, seqs } of command.held) {
    const grant = ownGrant(state, command.client, id);
    const held = grant ? seqsOf(seqs).filter((seq) => grant.leases.has(seq)) : [];
    if (grant && held.length > 0) changes.push({ type: "quarantined", queue: grant.queue, seqs: rangesOf(held) });
  }
  return done(changes);
}

export function clientGone(state: State, id: string): Decision {
  const client = state.clients.get(id);
  const changes = collectChanges();
  for (const lease of leasesOf(client?.grants ?? [])) {
    const isCounted = isSoleSuspect(client as ClientState, lease);
    takeBack(changes, queueOf(state, lease), lease, isCounted, FAILURE_CLIENT_GONE);
  }
  return done(changes.all);
}

export function reclaim(state: State, command: CommandOf<"reclaim">): Decision {
  const client = state.clients.get(command.client);
  const held = new Map<string, Set<Seq>>();
  for (const { grant, seqs } of command.held) {
    const known = held.get(grant) ?? new Set();
    forEachSeq(seqs, (seq) => known.add(seq));
    held.set(grant, known);
  }
  const changes = collectChanges();
  for (const lease of leasesOf(client?.grants ?? [])) {
    if (held.get(lease.grant.id)?.has(lease.seq)) continue;
    changes.return(lease, { counted: false, suspect: lease.suspect });
  }
  return done(changes.all);
}

/** By number: what ends together, groups go on after in the order of acceptance, whoever held it. */
const leasesOf = (grants: Iterable<OpenHandOut>): Lease[] =>
  Array.from(grants, (grant) => [...grant.leases.values()])
    .flat()
    .sort((a, b) => a.seq - b.seq);

/** The one message that can have killed its client: it was alone, by order or by chance. */
const isSoleSuspect = (client: ClientState, lease: Lease): boolean => lease.suspect || client.held === 1;

function ownGrant(state: State, client: string, id: string) {
  const grant = state.grants.get(id);
  return grant?.client === client ? grant : undefined;
}

function findLease(state: State, client: string, grant: string, seq: Seq, now: Instant): Lease | undefined {
  const lease = ownGrant(state, client, grant)?.leases.get(seq);
  return lease && lease.until > now ? lease : undefined;
}

const queueOf = (state: State, lease: Lease): QueueState => state.queues.get(lease.grant.queue) as QueueState;

function conclude(
  changes: ChangeCollector,
  queue: QueueState,
  lease: Lease,
  verdict: Verdict,
  at: { readonly now: Instant; readonly jitter: number },
): void {
  switch (verdict.type) {
    case "ack":
      return changes.ack(lease);
    case "retry":
      return fail(changes, queue, lease, { ...verdict, ...at });
    case "release": {
      const dueAt = verdict.delayMs ? at.now + verdict.delayMs : undefined;
      const suspect = lease.suspect || verdict.suspect === true;
      return changes.return(lease, { counted: false, suspect, dueAt, unstarted: verdict.unstarted === true });
    }
    case "dead":
      return changes.die(lease, verdict.reason, verdict.failure);
  }
}

/** The attempt failed: once more after a while, or never again. */
function fail(
  changes: ChangeCollector,
  queue: QueueState,
  lease: Lease,
  how: {
    readonly failure?: Failure | undefined;
    readonly delayMs?: Span | undefined;
    readonly now: Instant;
    readonly jitter: number;
  },
): void {
  const { maxDeliveries, backoff } = queue.settings;
  if (lease.attempts >= maxDeliveries) return changes.die(lease, "max-deliveries", how.failure);
  const delayMs = how.delayMs ?? retryDelayMs(lease.attempts, backoff, spreadJitter(how.jitter, lease.seq));
  changes.add({
    type: "retried",
    queue: queue.name,
    seq: lease.seq,
    dueAt: how.now + delayMs,
    ...(how.failure && { failure: how.failure }),
  });
}

/**
 * Nobody said how the attempt went. Tabs are closed, discarded and killed all the time: to have been held by one is no
 * reason for suspicion, to have been held by two in a row is.
 */
function takeBack(changes: ChangeCollector, queue: QueueState, lease: Lease, isCounted: boolean, why: Failure): void {
  if (isCounted && lease.attempts >= queue.settings.maxDeliveries) return changes.die(lease, "max-deliveries", why);
  const isOrphan = lease.grant.mode === "consume" || why === FAILURE_CLIENT_GONE;
  const isSuspect = isOrphan && (lease.suspect || wasOrphan(lease));
  changes.return(lease, { counted: isCounted, suspect: isSuspect, failure: why });
}

/** By name: it may have been read back from the log. */
const wasOrphan = ({ failure }: Lease): boolean =>
  failure?.name === FAILURE_CLIENT_GONE.name || failure?.name === FAILURE_LEASE_EXPIRED.name;

interface ChangeCollector {
  readonly all: readonly Change[];
  add(change: Change): void;
  ack(lease: Lease): void;
  return(
    lease: Lease,
    how: {
      readonly counted: boolean;
      readonly suspect: boolean;
      readonly unstarted?: boolean;
      readonly dueAt?: Instant | undefined;
      readonly failure?: Failure;
    },
  ): void;
  die(lease: Lease, reason: string, failure: Failure | undefined): void;
}

/** Collects changes, joining those that say the same of one message after the other. */
function collectChanges(): ChangeCollector {
  const all: Change[] = [];
  return {
    all,
    add: (change) => all.push(change),
    ack({ seq, grant: { queue } }) {
      const last = all[all.length - 1];
      if (last?.type === "acked" && last.queue === queue) pushRange(last.seqs as number[], seq, 1);
      else all.push({ type: "acked", queue, seqs: [seq, 1] });
    },
    return({ seq, grant: { queue } }, { counted, suspect, unstarted = false, dueAt, failure }) {
      const last = all[all.length - 1];
      const isSame =
        last?.type === "returned" &&
        last.queue === queue &&
        last.counted === counted &&
        last.suspect === suspect &&
        (last.unstarted ?? false) === unstarted &&
        last.dueAt === dueAt &&
        last.failure === failure;
      if (isSame) pushRange(last.seqs as number[], seq, 1);
      else {
        all.push({
          type: "returned",
          queue,
          seqs: [seq, 1],
          counted,
          suspect,
          ...(unstarted && { unstarted }),
          ...(dueAt !== undefined && { dueAt }),
          ...(failure && { failure }),
        });
      }
    },
    die({ seq, grant: { queue } }, reason, failure) {
      all.push({ type: "dead", queue, seq, reason, ...(failure && { failure }) });
    },
  };
}
