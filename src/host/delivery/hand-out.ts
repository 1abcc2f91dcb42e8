// Builds what a consumer gets: the leased messages with their bodies, in columns.

import { columnOf, gather } from "../../core/log/bodies.js";
import { termOf } from "../../core/log/ids.js";
import { rangesOf } from "../../core/log/ranges.js";
import type { Lease } from "../../core/state/lease.js";
import type { State } from "../../core/state/state.js";
import type { Column, HandOut } from "../../link/rpc/wire.js";
import type { StoredMessage } from "./bodies.js";

export interface BuiltHandOut {
  readonly handOut: HandOut;
  /** Leases whose body the store could not give back. */
  readonly unreadable: readonly Lease[];
}

/** Of these leases, which belong to one grant, and what was found of their bodies, in that order. */
export function buildHandOut(
  { terms }: State,
  grant: string,
  leases: readonly Lease[],
  found: readonly (StoredMessage | undefined)[],
): BuiltHandOut {
  const isWhole = !found.includes(undefined);
  const readable = isWhole ? leases : leases.filter((_, i) => found[i]);
  const messages = isWhole ? (found as StoredMessage[]) : found.filter((message) => message !== undefined);
  const doExpire = readable.some((lease) => lease.expiresAt !== undefined);
  const hasGroups = readable.some((lease) => lease.group !== undefined);
  const hasHeaders = messages.some((message) => message.headers !== undefined);
  return {
    unreadable: isWhole ? [] : leases.filter((_, i) => found[i] === undefined),
    handOut: {
      grant,
      until: readable[0]?.until ?? 0,
      seqs: rangesOf(readable.map((lease) => lease.seq)),
      terms: column(readable.map((lease) => termOf(terms, lease.seq))),
      attempts: column(readable.map((lease) => lease.attempts)),
      priorities: column(readable.map((lease) => lease.priority)),
      redelivered: column(readable.map((lease) => lease.redelivered)),
      sentAt: column(readable.map((lease) => lease.sentAt)),
      ...(doExpire && { expiresAt: column(readable.map((lease) => lease.expiresAt ?? null)) }),
      bodies: columnOf(gather(messages)),
      ...(hasGroups && { groups: column(readable.map((lease) => lease.group?.id ?? "")) }),
      ...(hasHeaders && { headers: messages.map((message) => message.headers) }),
    },
  };
}

/** One entry for all where all are alike. */
function column<T extends string | number | boolean | null>(entries: readonly T[]): Column<T> {
  const [first] = entries;
  return first !== undefined && entries.every((entry) => entry === first) ? first : entries;
}
