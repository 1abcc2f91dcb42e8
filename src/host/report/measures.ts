// A meter for each queue, fed with what commits did. In memory: a new host begins anew.

import type { SettleValue } from "../../core/commands/commands.js";
import type { Change, Outcome } from "../../core/log/journal.js";
import { countOf } from "../../core/log/ranges.js";
import type { Instant } from "../../core/spec/time.js";
import type { Lease } from "../../core/state/lease.js";
import type { State } from "../../core/state/state.js";
import { createQueueState } from "../../core/state/state.js";
import { createMeter, type Meter, type QueueLoad } from "../../core/view/meter.js";
import type { ClientCommand } from "../../link/rpc/wire.js";

type Settle = Extract<ClientCommand, { type: "settle" }>;

export interface Measures {
  /** Counts what a commit accepted. */
  committed(changes: readonly Change[]): void;
  /** Counts a hand-out. */
  handedOut(leases: readonly Lease[]): void;
  /** Looks at what is to be settled while it is still leased; returns what counts it once the outcome is known. */
  settling(client: string, command: Settle): (outcome: Outcome) => void;
  load(queue: string, handlers: number): QueueLoad;
}

export function createMeasures(state: () => State, now: () => Instant): Measures {
  const since = now();
  const meters = new Map<string, Meter>();
  const meterOf = (queue: string): Meter => {
    let meter = meters.get(queue);
    if (meter === undefined) {
      meter = createMeter(since);
      meters.set(queue, meter);
    }
    return meter;
  };
  return {
    committed(changes) {
      for (const change of changes) {
        if (change.type === "accepted") meterOf(change.queue).arrived(change.count, now());
        if (change.type === "deleted") meters.delete(change.queue);
        if (change.type === "redriven") meterOf(change.queue).arrived(countOf(change.seqs), now());
      }
    },
    handedOut(leases) {
      const [first] = leases;
      if (first === undefined) return;
      const meter = meterOf(first.grant.queue);
      // Messages that were sent together waited alike.
      for (let from = 0, to = 0; from < leases.length; from = to) {
        const { readyAt, leasedAt } = leases[from] as Lease;
        while (to < leases.length && leases[to]?.readyAt === readyAt) to++;
        meter.handedOut(to - from, leasedAt - readyAt, leasedAt);
      }
    },
    settling(client, { settlements }) {
      const acked = settlements.flatMap(({ grant, seqs, verdict, busyMs }) => {
        const granted = verdict.type === "ack" ? state().grants.get(grant) : undefined;
        // A grant's leases began together.
        const [lease] = granted?.client === client ? granted.leases.values() : [];
        return granted && lease ? [{ grant, queue: granted.queue, lease, count: countOf(seqs), busyMs }] : [];
      });
      return (outcome) => {
        if (!outcome.ok || acked.length === 0) return;
        const { lost } = outcome.value as SettleValue;
        for (const { grant, queue, lease, count, busyMs = count * (now() - lease.leasedAt) } of acked) {
          const kept = count - lost.reduce((sum, one) => sum + (one.grant === grant ? countOf(one.seqs) : 0), 0);
          if (kept > 0) meterOf(queue).served(kept, (busyMs * kept) / count, now());
        }
      };
    },
    load(queue, handlers) {
      const { readyCount, settings } = state().queues.get(queue) ?? createQueueState(queue);
      // Whoever asks for what there is not leaves nothing behind.
      const meter = meters.get(queue) ?? createMeter(since);
      return meter.load(now(), { handlers, ready: readyCount, capacity: settings.maxMessages });
    },
  };
}
