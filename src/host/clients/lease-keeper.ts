// Keeps leases alive while handlers run: asks each client over its port what it still holds, and renews that.
// Invariant: no timer of the page takes part, so a hidden tab keeps its leases; a client that does not answer, or no
// longer names a delivery, lets it run out.

import type { Command, Held } from "../../core/commands/commands.js";
import type { QueueSettings } from "../../core/spec/settings.js";
import type { State } from "../../core/state/state.js";
import type { HeldReply } from "../../link/rpc/wire.js";

export interface KeptClient {
  readonly id: string;
  askHeld(): Promise<HeldReply>;
}

export interface LeaseKeeper {
  /** The client got, or still has, leases of a queue with these limits. */
  note(client: KeptClient, limits: LeaseLimits): void;
  /**
   * Whether leases go on although their time is up: their client is there and has not been asked in time, because the
   * host, or the whole machine, stood still. It is asked now.
   */
  spare(leases: { readonly client: string; readonly grant: string }): boolean;
  forget(client: string): void;
  close(): void;
}

export type LeaseLimits = Pick<QueueSettings, "leaseMs" | "handlerTimeoutMs">;

export interface LeaseKeeperEvents {
  state(): State;
  now(): number;
  random(): number;
  setTimer(callback: () => void, ms: number): () => void;
  decide(command: Command, onDecided?: () => void): void;
}

/** A lease is renewed when a third of it has passed: two questions may go unanswered. */
const RENEWALS_PER_LEASE = 3;
/** The shortest time between two questions to one client. */
const INTERVAL_MS_MIN = 20;

/** A question that is due, or under way since `askedAt`. */
interface Question {
  readonly client: KeptClient;
  readonly dueAt: number;
  /** When the client last said what it holds; at first, when it got something. */
  readonly answeredAt: number;
  readonly isAsked?: boolean;
  isSpared?: boolean;
  cancel(): void;
}

export function createLeaseKeeper({ state, now, random, setTimer, decide }: LeaseKeeperEvents): LeaseKeeper {
  const questions = new Map<string, Question>();
  /** What clients have named, until its renewal is decided: the same turn ends leases first. */
  const renewing = new Map<string, readonly Held[]>();

  const limitsOf = (client: string): LeaseLimits | undefined => {
    let leaseMs = Number.POSITIVE_INFINITY;
    let handlerTimeoutMs = Number.POSITIVE_INFINITY;
    for (const grant of state().clients.get(client)?.grants ?? []) {
      const settings = grant.mode === "consume" ? state().queues.get(grant.queue)?.settings : undefined;
      if (settings === undefined) continue;
      leaseMs = Math.min(leaseMs, settings.leaseMs);
      handlerTimeoutMs = Math.min(handlerTimeoutMs, settings.handlerTimeoutMs);
    }
    return Number.isFinite(leaseMs) ? { leaseMs, handlerTimeoutMs } : undefined;
  };

  const schedule = (client: KeptClient, ms: number, answeredAt: number) => {
    const inMs = Math.max(INTERVAL_MS_MIN, ms);
    questions.get(client.id)?.cancel();
    const cancel = setTimer(() => void keep(client), inMs);
    questions.set(client.id, { client, dueAt: now() + inMs, answeredAt, cancel });
  };

  const keep = async (client: KeptClient) => {
    // Asked, not answered: until then no further question is due.
    const answeredAt = questions.get(client.id)?.answeredAt ?? now();
    const nothing = () => {};
    questions.set(client.id, { client, dueAt: Number.NEGATIVE_INFINITY, answeredAt, isAsked: true, cancel: nothing });
    try {
      const { held, running } = await client.askHeld();
      const overdue = running.filter(({ grant, elapsedMs }) => elapsedMs >= timeoutOf(grant));
      const ours = held.filter(({ grant }) => state().grants.get(grant)?.mode === "consume");
      if (ours.length > 0) {
        renewing.set(client.id, ours);
        decide({ type: "renew", client: client.id, held: ours }, () => {
          if (renewing.get(client.id) === ours) renewing.delete(client.id);
        });
      }
      if (overdue.length > 0) {
        const late: Held[] = overdue.map(({ grant, seq }) => ({ grant, seqs: [seq, 1] }));
        decide({ type: "time-out", client: client.id, held: late, jitter: random() });
      }
      const longest = Math.max(0, ...running.filter((one) => !overdue.includes(one)).map(({ elapsedMs }) => elapsedMs));
      again(client, longest);
    } catch {
      // The link is gone. The client says what it holds when it is back, or its leases run out.
      questions.delete(client.id);
    }
  };

  const timeoutOf = (grant: string): number => {
    const queue = state().grants.get(grant)?.queue;
    return (queue !== undefined && state().queues.get(queue)?.settings.handlerTimeoutMs) || Number.POSITIVE_INFINITY;
  };

  const msUntilNext = ({ leaseMs, handlerTimeoutMs }: LeaseLimits, longestMs: number): number =>
    Math.min(leaseMs / RENEWALS_PER_LEASE, handlerTimeoutMs - longestMs);

  const again = (client: KeptClient, longestMs: number) => {
    const limits = limitsOf(client.id);
    if (limits) schedule(client, msUntilNext(limits, longestMs), now());
    else questions.delete(client.id);
  };

  return {
    note(client, limits) {
      const ms = msUntilNext(limits, 0);
      if (now() + ms < (questions.get(client.id)?.dueAt ?? Number.POSITIVE_INFINITY))
        schedule(client, ms, questions.get(client.id)?.answeredAt ?? now());
    },
    spare({ client: id, grant }) {
      if (renewing.get(id)?.some((held) => held.grant === grant)) return true;
      const question = questions.get(id);
      const kept = state().grants.get(grant);
      const leaseMs = kept && state().queues.get(kept.queue)?.settings.leaseMs;
      if (question === undefined || kept?.mode !== "consume" || leaseMs === undefined) return false;
      if (question.isAsked) {
        // The answer may be waiting behind whatever held up the host: once.
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
    forget(client) {
      questions.get(client)?.cancel();
      questions.delete(client);
      renewing.delete(client);
    },
    close() {
      for (const { cancel } of questions.values()) cancel();
      questions.clear();
    },
  };
}
