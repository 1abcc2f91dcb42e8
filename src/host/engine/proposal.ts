// What one turn is going to commit: works are decided and applied one after the other, so that each sees what those
// before it did. Invariant: what is proposed is in the working state; whether it stays is for the commit to say.

import { apply } from "../../core/commands/apply.js";
import { advance } from "../../core/commands/clock.js";
import { type Command, type Decision, refused } from "../../core/commands/commands.js";
import { decide, decideOnce } from "../../core/commands/decide.js";
import { columnOf, type HeadersColumn, listOf } from "../../core/log/bodies.js";
import { cutColumn, type HeldColumn, type Stretch } from "../../core/log/columns.js";
import type { Change, Outcome, Seq } from "../../core/log/journal.js";
import type { Instant } from "../../core/spec/time.js";
import type { State } from "../../core/state/state.js";
import { ownerOfReplies } from "../../link/rpc/names.js";
import type { Durability, NewBatch } from "../../store/log-store.js";
import { textsOf } from "./texts.js";

export const BATCH_VERSION = 1;

/** One command on its way through a turn. */
export interface Work {
  readonly command: Command;
  /** Present on a client's numbered command, which is decided once. */
  readonly from?: { readonly client: string; readonly number: number; readonly confirmed: number } | undefined;
  /** What a send stores. */
  readonly bodies?: HeldColumn | undefined;
  readonly headers?: HeadersColumn | undefined;
  /** Called once, after the commit. */
  settle(outcome: Outcome): void;
}

export type DecideNow = (command: Command) => Decision;

/** Decides and applies one command after the other, so that each sees what those before it did. */
export function createProposal(state: State, at: Instant, queuesMax = Number.POSITIVE_INFINITY) {
  const changes: Change[] = [];
  const batches: NewBatch[] = [];
  advance(state, at);
  const take = (decision: Decision): Decision => {
    for (const change of decision.changes) {
      apply(state, change, at);
      changes.push(change);
    }
    return decision;
  };
  return {
    changes,
    batches,
    decideNow: (command: Command): Decision => take(decide(state, command, at)),
    decideWork(work: Work): Outcome {
      const { command, from } = work;
      const decided = from ? decideOnce(state, from, command, at) : decide(state, command, at);
      const decision = take(makesTooMany(state, decided, queuesMax) ? tooManyQueues(queuesMax) : decided);
      const stored = decision.changes.filter((change) => change.type === "stored");
      const firstSeq = stored[0]?.firstSeq ?? 0;
      const kept = decision.bodies ? pick(work, decision.bodies) : work;
      const stretches = stored.map(({ firstSeq: first, count }): Stretch => {
        return { from: first - firstSeq, to: first - firstSeq + count };
      });
      cutColumn(kept.bodies ?? [], stretches).forEach((bodies, i) => {
        const { from, to } = stretches[i] as Stretch;
        batches.push(batchOf(firstSeq + from, at, bodies, kept.headers?.slice(from, to)));
      });
      return decision.outcome;
    },
  };
}

/** Those for answers do not count: there is one at most for each client, and none is left when it goes. */
function makesTooMany({ queues }: State, { changes }: Decision, max: number): boolean {
  // A change makes one queue at most.
  if (queues.size + changes.length <= max) return false;
  const isCounted = (name: string) => ownerOfReplies(name) === undefined;
  const made = new Set(
    changes.flatMap((change) => ("queue" in change && change.type !== "deleted" ? [change.queue] : [])),
  );
  const more = [...made].filter((name) => !queues.has(name) && isCounted(name)).length;
  if (more === 0) return false;
  let count = 0;
  for (const name of queues.keys()) if (isCounted(name)) count++;
  return count + more > max;
}

const tooManyQueues = (max: number): Decision =>
  refused("full", `the database has as many queues as it may: perDatabase.queues is ${max}`, {
    limit: "perDatabase.queues",
    max,
  });

/** What a send stores, where that is not simply its first bodies. */
function pick({ bodies, headers }: Work, chosen: readonly number[]): Pick<Work, "bodies" | "headers"> {
  const list = bodies && listOf(textsOf(bodies));
  return {
    bodies: list && columnOf({ encoding: list.encoding, entries: chosen.map((i) => list.entries[i]) }),
    headers: headers && chosen.map((i) => headers[i]),
  };
}

const batchOf = (firstSeq: Seq, at: Instant, bodies: HeldColumn, headers: HeadersColumn | undefined): NewBatch => ({
  v: BATCH_VERSION,
  encoding: Array.isArray(bodies) ? "clone" : "json",
  firstSeq,
  sentAt: at,
  bodies,
  ...(headers?.some((one) => one !== undefined) && { headers }),
});

/**
 * Changes that a power failure may take back without harm: they are about who holds a message, or only go with others that
 * are not among these.
 */
const SOFT: ReadonlySet<Change["type"]> = new Set([
  "leased",
  "renewed",
  "returned",
  "stored",
  "answered",
  "client-forgotten",
]);

/** Rare, and of no queue that could ask for it: a subscription that was forgotten would miss what is published. */
const STRICT: ReadonlySet<Change["type"]> = new Set(["deleted", "subscribed", "unsubscribed"]);

/** Strict as soon as one queue that asks for it is concerned. */
export function durabilityOf(state: State, changes: readonly Change[]): Durability {
  const isStrict = (change: Change) =>
    STRICT.has(change.type) ||
    (!SOFT.has(change.type) && "queue" in change && state.queues.get(change.queue)?.settings.durability === "strict");
  return changes.some(isStrict) ? "strict" : "relaxed";
}
