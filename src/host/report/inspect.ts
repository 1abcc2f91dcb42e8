// What the host shows an inspector: everything it has in the working state of one moment. Costs nothing while nobody asks.

import { advance } from "../../core/commands/clock.js";
import { INSPECTED_MAX } from "../../core/spec/limits.js";
import type { Instant } from "../../core/spec/time.js";
import type { OpenHandOut } from "../../core/state/lease.js";
import type { State } from "../../core/state/state.js";
import type { QueueLoad } from "../../core/view/meter.js";
import { statsOf } from "../../core/view/view.js";
import type {
  InspectedClient,
  InspectedConsumer,
  InspectedHost,
  InspectedLease,
  Inspection,
  TakeOver,
} from "../../link/rpc/inspection.js";
import { ownerOfReplies } from "../../link/rpc/names.js";
import { listed } from "./reads.js";

export interface InspectParts {
  now(): Instant;
  load(queue: string): QueueLoad;
  /** The clients that have a link, with what each says of itself. */
  connected(): Iterable<
    readonly [client: string, introduction: Pick<InspectedClient, "context" | "label"> | undefined]
  >;
  identityOf(client: string): string;
  consumers(client: string): readonly InspectedConsumer[];
  readonly host: InspectedHost;
  readonly takeOvers: readonly TakeOver[];
}

/** `match`: a part of the names of the queues that are shown, in upper or lower case; what is called so comes first. */
export function inspect(state: State, match: string, parts: InspectParts): Inspection {
  const at = parts.now();
  advance(state, at);
  const part = match.toLowerCase();
  const queues = listed(state)
    .filter(({ name }) => name.toLowerCase().includes(part))
    .sort((a, b) => Number(b.name === match) - Number(a.name === match));
  const connected = new Map(parts.connected());
  const away = [...state.clients.values()].filter(({ id, held }) => held > 0 && !connected.has(id));
  const clients = [...connected.keys(), ...away.map(({ id }) => id)];
  const clientOf = (id: string): InspectedClient => ({
    id,
    name: parts.identityOf(id) || null,
    context: connected.get(id)?.context ?? null,
    label: connected.get(id)?.label ?? null,
    connected: connected.has(id),
    consumers: parts.consumers(id).filter(({ queue }) => ownerOfReplies(queue) === undefined),
    leases: [...(state.clients.get(id)?.grants ?? [])].flatMap(leaseOf),
  });
  return {
    at,
    host: parts.host,
    queues: queues.slice(0, INSPECTED_MAX).map((queue) => ({
      name: queue.name,
      schedules: queue.schedules.size,
      ...statsOf(queue, at),
      load: parts.load(queue.name),
    })),
    queueCount: queues.length,
    topics: [...state.topics].map(([name, all]) => ({ name, subscriptions: Object.fromEntries(all) })),
    clients: clients.slice(0, INSPECTED_MAX).map(clientOf),
    clientCount: clients.length,
    takeOvers: parts.takeOvers,
  };
}

/** Nothing where all of it is settled, or where it is an answer to a request. */
function leaseOf({ queue, leases, until, mode }: OpenHandOut): InspectedLease[] {
  const [first] = leases.values();
  if (first === undefined || ownerOfReplies(queue) !== undefined) return [];
  let suspects = 0;
  for (const { suspect } of leases.values()) if (suspect) suspects++;
  const renewed = mode === "consume";
  return [{ queue, count: leases.size, suspects, leasedAt: first.leasedAt, until, renewed }];
}
