// Keeps leases alive while handlers run: asks each client over its port what it still holds, and renews that.
// Invariant: no timer of the page takes part, so a hidden tab keeps its leases; a client that is heard and does not answer,
// or no longer names a delivery, lets it run out. Of one that is not heard at all, over a network, its link says in time
// whether it is gone.

import type { Command, Held } from "../../core/commands/commands.js";
import type { QueueSettings } from "../../core/spec/settings.js";
import type { Instant, Reading } from "../../core/spec/time.js";
import type { OpenHandOut } from "../../core/state/lease.js";
import type { State } from "../../core/state/state.js";
import type { HeldReply } from "../../link/rpc/wire.js";
import type { Platform } from "../engine/platform.js";

export interface KeptClient {
  readonly id: string;
  askHeld(): Promise<HeldReply>;
  /** How often something came from it; missing where nothing stands between. */
  readonly heard?: (() => number) | undefined;
}

export interface LeaseKeeper {
  /** The client got, or still has, leases of a queue with these limits. */
  note(client: KeptClient, limits: LeaseLimits): void;
  /** The client has said unasked what it holds: it goes on. */
  renew(client: string, held: readonly Held[]): void;
  /** Asks now what the client holds. */
  ask(client: KeptClient): void;
  /**
   * Whether leases go on although their time is up: their client is there and has not been asked in time, because the
   * host, or the whole machine, stood still, and it is asked now; or the line to it stands still, and nobody knows yet
   * whether it is there.
   */
  spare(leases: { readonly client: string; readonly grant: string }): boolean;
  forget(client: string): void;
  /** Nobody is asked any more who has nothing left that would be renewed. */
  tidy(): void;
  close(): void;
}

export type LeaseLimits = Pick<QueueSettings, "leaseMs" | "handlerTimeoutMs">;

export interface LeaseKeeperEvents {
  state(): State;
  readonly platform: Pick<Platform, "now" | "monotonic" | "random" | "setTimer">;
  decide(command: Command, onDecided?: () => void): void;
}

/** A lease is renewed when a third of it has passed: two questions may go unanswered. */
const RENEWALS_PER_LEASE = 3;
/** Of which so much has passed when its client is asked for another's sake, it is renewed with that. */
const DUE_SOON = 1 / 6;
/** The shortest time between two questions to one client. */
const INTERVAL_MS_MIN = 20;

/** A question that is due, or under way since `askedAt`. */
interface Question {
  readonly client: KeptClient;
  readonly dueAt: Reading;
  /** When the client last said what it holds; at first, when it got something. By the wall clock, as leases end. */
  readonly answeredAt: Instant;
  readonly isAsked?: boolean;
  isSpared?: boolean;
  /** How often something had come from it when it was asked, or its leases last were over. */
  heard?: number | undefined;
  cancel(): void;
}

export function createLeaseKeeper({ state, platform, decide }: LeaseKeeperEvents): LeaseKeeper {
  const { now, monotonic, random, setTimer } = platform;
  const questions = new Map<string, Question>();
  /** What clients have named, until its renewal is decided: the same turn ends leases first. */
  const renewing = new Map<string, readonly Held[]>();

  const settingsOf = ({ queue, mode }: Pick<OpenHandOut, "queue" | "mode">): LeaseLimits | undefined =>
    mode === "consume" ? state().queues.get(queue)?.settings : undefined;

  /** Which of what the client holds is renewed now, each by the limits of its own queue. */
  const dueOf = (held: readonly Held[]): Held[] =>
    held.filter(({ grant: id }) => {
      const grant = state().grants.get(id);
      const limits = grant && settingsOf(grant);
      return limits !== undefined && endOf(grant as OpenHandOut) - now() <= limits.leaseMs * (1 - DUE_SOON);
    });

  /** Returns what is renewed of it now. */
  const renew = (client: string, held: readonly Held[]): Held[] => {
    const due = dueOf(held);
    if (due.length === 0) return due;
    renewing.set(client, due);
    decide({ type: "renew", client, held: due }, () => {
      if (renewing.get(client) === due) renewing.delete(client);
    });
    return due;
  };

  /** Until the first of its leases is due, or the first of its handlers has run as long as it may. */
  const msUntilNext = (client: string, { held, running }: HeldReply, renewed: readonly Held[]): number => {
    const left = new Set(held.map(({ grant }) => grant));
    for (const { grant } of renewed) left.delete(grant);
    let ms = Number.POSITIVE_INFINITY;
    for (const grant of state().clients.get(client)?.grants ?? []) {
      const limits = settingsOf(grant);
      if (limits === undefined) continue;
      const { leaseMs, handlerTimeoutMs } = limits;
      // What was not named is on its way to the client, or runs out.
      const leftMs = left.has(grant.id) ? Math.min(leaseMs, endOf(grant) - now()) : leaseMs;
      // What waits in the client's buffer may start at once.
      ms = Math.min(ms, leftMs - leaseMs * (1 - 1 / RENEWALS_PER_LEASE), handlerTimeoutMs);
    }
    for (const { grant, elapsedMs } of running) {
      const leftMs = timeoutOf(grant) - elapsedMs;
      if (leftMs > 0) ms = Math.min(ms, leftMs);
    }
    return ms;
  };

  const schedule = (client: KeptClient, ms: number, answeredAt: Instant) => {
    const inMs = Math.max(INTERVAL_MS_MIN, ms);
    questions.get(client.id)?.cancel();
    const cancel = setTimer(() => void keep(client), inMs);
    questions.set(client.id, { client, dueAt: monotonic() + inMs, answeredAt, cancel });
  };

  const keep = async (client: KeptClient) => {
    // Asked, not answered: until then no further question is due.
    const answeredAt = questions.get(client.id)?.answeredAt ?? now();
    const nothing = () => {};
    const asked = { client, dueAt: Number.NEGATIVE_INFINITY, answeredAt, isAsked: true, heard: client.heard?.() };
    questions.set(client.id, { ...asked, cancel: nothing });
    try {
      const reply = await client.askHeld();
      const due = renew(client.id, reply.held);
      const late: Held[] = reply.running
        .filter(({ grant, elapsedMs }) => elapsedMs >= timeoutOf(grant))
        .map(({ grant, seq }) => ({ grant, seqs: [seq, 1] }));
      if (late.length > 0) decide({ type: "time-out", client: client.id, held: late, jitter: random() });
      const ms = msUntilNext(client.id, reply, due);
      if (Number.isFinite(ms)) schedule(client, ms, now());
      else questions.delete(client.id);
    } catch {
      // The link is gone. The client says what it holds when it is back, or its leases run out.
      questions.delete(client.id);
    }
  };

  const timeoutOf = (grant: string): number => {
    const queue = state().grants.get(grant)?.queue;
    return (queue !== undefined && state().queues.get(queue)?.settings.handlerTimeoutMs) || Number.POSITIVE_INFINITY;
  };

  /** Nothing has come from its client since this was asked last: then it has not heard the question, or cannot be heard. */
  const isUnheard = (question: Question): boolean => {
    const heard = question.client.heard?.();
    const isSame = heard !== undefined && heard === question.heard;
    question.heard = heard;
    return isSame;
  };

  const forget = (client: string) => {
    questions.get(client)?.cancel();
    questions.delete(client);
    renewing.delete(client);
  };

  return {
    note(client, { leaseMs, handlerTimeoutMs }) {
      const ms = Math.min(leaseMs / RENEWALS_PER_LEASE, handlerTimeoutMs);
      const known = questions.get(client.id);
      if (monotonic() + ms < (known?.dueAt ?? Number.POSITIVE_INFINITY))
        schedule(client, ms, known?.answeredAt ?? now());
    },
    renew,
    ask: (client) => schedule(client, 0, questions.get(client.id)?.answeredAt ?? now()),
    spare({ client: id, grant }) {
      if (renewing.get(id)?.some((held) => held.grant === grant)) return true;
      const question = questions.get(id);
      const kept = state().grants.get(grant);
      const leaseMs = kept && state().queues.get(kept.queue)?.settings.leaseMs;
      if (question === undefined || kept?.mode !== "consume" || leaseMs === undefined) return false;
      if (question.isAsked) {
        if (isUnheard(question)) return true;
        // The answer may be waiting behind whatever held up the host, or the line: once.
        const isSpared = !question.isSpared;
        question.isSpared = true;
        return isSpared;
      }
      // Asked in time and not named in the answer: then the client does not have it.
      const isHostLate = now() - question.answeredAt >= (leaseMs * 2) / RENEWALS_PER_LEASE;
      if (isHostLate) {
        question.cancel();
        void keep(question.client);
      }
      return isHostLate;
    },
    forget,
    tidy() {
      for (const client of questions.keys()) {
        const grants = [...(state().clients.get(client)?.grants ?? [])];
        if (!grants.some((grant) => settingsOf(grant))) forget(client);
      }
    },
    close() {
      for (const { cancel } of questions.values()) cancel();
      questions.clear();
    },
  };
}

/** When the first of its leases ends, in epoch milliseconds. */
function endOf({ leases }: OpenHandOut): Instant {
  let end = Number.POSITIVE_INFINITY;
  for (const { until } of leases.values()) end = Math.min(end, until);
  return end;
}
