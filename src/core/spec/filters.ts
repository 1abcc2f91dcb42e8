// Which messages of a queue an operation takes.

import { type Field, oneOf, record } from "./check.js";
import { ids, olderThanMs, priority, reason } from "./fields.js";
import type { Span } from "./time.js";

/** Which dead letters: all that match every given part. */
export interface DeadLetterFilter {
  /** Only these messages, at most 100,000. */
  readonly ids?: readonly string[] | undefined;
  /** Only those that died with exactly this reason, as `max-deliveries`. */
  readonly reason?: string | undefined;
  /** Only those that died at least so long ago. */
  readonly olderThanMs?: Span | undefined;
}

/** Which waiting messages: all that match every given part. */
export interface PurgeFilter {
  /** Only those in this state. */
  readonly state?: "ready" | "delayed" | "blocked" | undefined;
  /** Only those of this priority, 0 to 9. */
  readonly priority?: number | undefined;
  /** Only those that were accepted at least so long ago. */
  readonly olderThanMs?: Span | undefined;
}

/** What a purge takes: `ids` are of messages that wait or are in work, and only these go. */
export interface PurgeSelection extends PurgeFilter {
  readonly ids?: readonly string[] | undefined;
}

/** Nothing but the members of a `DeadLetterFilter`. */
export const deadLetterFilter: Field = record({ ids, reason, olderThanMs });

const limits = { state: oneOf("ready", "delayed", "blocked"), priority, olderThanMs };

/** Nothing but the members of a `PurgeFilter`. */
export const purgeFilter: Field = record(limits);

/** Nothing but the members of a `PurgeSelection`. */
export const purgeSelection: Field = record({ ...limits, ids });
