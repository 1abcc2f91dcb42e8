// The working state and how it becomes durable: decide and apply every command, commit all changes as one record,
// answer only after that. Invariant: between two turns the working state equals what is stored; a refused commit is
// undone by reading the log again, so nothing of it is ever seen.

import { advance, apply, applyRecord } from "../../core/commands/apply.js";
import { type Command, type Decision, failure, type Held } from "../../core/commands/commands.js";
import { decide, decideOnce } from "../../core/commands/decide.js";
import { dueQueues } from "../../core/commands/due.js";
import { allSchedules, dueSchedules } from "../../core/commands/schedules.js";
import { type BodyList, columnOf } from "../../core/log/bodies.js";
import {
  type Change,
  JOURNAL_VERSION,
  type JournalRecord,
  type Outcome,
  type OutcomeFailed,
} from "../../core/log/journal.js";
import { rangesOf } from "../../core/log/ranges.js";
import type { Instant, Span } from "../../core/spec/time.js";
import type { State } from "../../core/state/state.js";
import { takeEndedGrants } from "../../core/view/view.js";
import type { HeadersColumn } from "../../link/rpc/wire.js";
import { type BodyBatch, type Durability, type LogStore, StoreError } from "../../store/log-store.js";
import { loadState } from "./load.js";
import { type Platform, termOf } from "./platform.js";
import { tickAfterSetBack, tickOf } from "./ticks.js";

export const BATCH_VERSION = 1;

/** One command on its way through a turn. */
export interface Work {
  readonly command: Command;
  /** Present on a client's numbered command, which is decided once. */
  readonly from?: { readonly client: string; readonly number: number; readonly confirmed: number } | undefined;
  /** What a send stores. */
  readonly bodies?: BodyList | undefined;
  readonly headers?: HeadersColumn | undefined;
  /** Called once, after the commit. */
  settle(outcome: Outcome): void;
}

/** What a turn did, once it is durable. */
export interface Turn<Plan> {
  readonly changes: readonly Change[];
  readonly batches: readonly BodyBatch[];
  /** Leases that ended because their time was up. */
  readonly expired: readonly ExpiredLeases[];
  readonly plan: Plan;
}

export interface TurnParts<Plan> {
  /** Whether these leases are renewed although their time is up. Asked once a turn for each grant. */
  spare(leases: ExpiredLeases): boolean;
  /** Decides what follows from the work: hand-outs. */
  plan(decideNow: DecideNow): Plan;
}

export interface ExpiredLeases extends Held {
  readonly client: string;
}

export interface Engine {
  readonly state: State;
  readonly commits: number;
  /** Records in the journal since the last checkpoint. */
  readonly journalRecords: number;
  /** The state is what is stored. Once it is not, and the log could not be read again, the next turn rejects. */
  readonly isSound: boolean;
  /**
   * Ends leases whose time is up, decides the work, then what `plan` adds, commits, settles the work. Resolves with what became
   * durable, or with `undefined` when the store would not take even the host's own changes: try again later.
   * Rejects only when the host can go on no longer: deposed, or the store is lost.
   */
  turn<Plan>(works: readonly Work[], parts: TurnParts<Plan>): Promise<Turn<Plan> | undefined>;
  /**
   * Commits the record of a rewrite together with the batches it moves; `build` sees the state of that moment. Rejects
   * when the store refuses, or does not say what became of it; then the state is what is stored again.
   */
  rewrite(build: (state: State) => Rewrite | undefined): Promise<boolean>;
  /** Notes that a checkpoint holds everything up to this record. */
  checkpointed(uptoLsn: number): void;
}

export interface Rewrite {
  readonly change: Extract<Change, { type: "rewritten" }>;
  readonly add: readonly BodyBatch[];
}

type Stored = Extract<Change, { type: "stored" }>;

export type DecideNow = (command: Command) => Decision;

export async function openEngine(store: LogStore, platform: Platform): Promise<Engine> {
  const log = await store.open();
  const term = termOf(platform.token());
  // The log may say another by the time it is read: then the first commit finds out that somebody followed.
  const { epoch } = await store.takeOver((next) => {
    const at = platform.now();
    return { v: JOURNAL_VERSION, lsn: next.lsn, epoch: next.epoch, at, changes: [{ type: "took-over", term }] };
  });
  let { state, checkpointLsn } = await loadState(log);
  let commits = 0;
  let fault: unknown;
  /** Time of the last turn. */
  let ranAt: Instant | undefined;

  const record = (at: Instant, changes: readonly Change[]): JournalRecord => ({
    v: JOURNAL_VERSION,
    lsn: state.lsn + 1,
    epoch,
    at,
    changes,
  });

  /** Undoes what is not stored. */
  const reload = async () => {
    try {
      ({ state, checkpointLsn } = await loadState(await store.open()));
    } catch (error) {
      fault = error;
      throw error;
    }
  };

  const attempt = <Plan>(works: readonly Work[], { spare, plan }: TurnParts<Plan>) => {
    const { at, setBackMs } = timeOf(platform.now(), state.now);
    const draft = createDraft(state, at);
    if (setBackMs > 0) {
      draft.decideNow({ type: "set-clock-back", byMs: setBackMs });
      if (ranAt !== undefined) ranAt -= setBackMs;
      for (const schedule of allSchedules(state)) {
        const moved = tickAfterSetBack(schedule, at, setBackMs);
        if (moved) draft.decideNow(moved);
      }
    }
    const expired = expiredLeases(state, at).filter((held) => {
      const { client, ...grant } = held;
      const isSpared = spare(held);
      if (isSpared) draft.decideNow({ type: "renew", client, held: [grant], overdue: true });
      return !isSpared;
    });
    const grants = expired.map(({ grant }) => grant);
    if (grants.length > 0) draft.decideNow({ type: "expire", grants, jitter: platform.random() });
    const due = dueQueues(state, at);
    if (due.length > 0) draft.decideNow({ type: "expire-messages" });
    for (const schedule of dueSchedules(state, due, at)) draft.decideNow(tickOf(schedule, at, ranAt));
    const outcomes = works.map((work) => draft.decideWork(work));
    const planned = plan(draft.decideNow);
    const durability = durabilityOf(state, draft.changes);
    return { ...draft, record: record(at, draft.changes), outcomes, planned, expired, durability };
  };

  return {
    get state() {
      return state;
    },
    get commits() {
      return commits;
    },
    get journalRecords() {
      return state.lsn - checkpointLsn;
    },
    get isSound() {
      return fault === undefined;
    },
    async turn(works, { spare, plan }) {
      if (fault !== undefined) throw fault;
      let remaining = works;
      // Asked once a turn, however often it is tried: who asks takes note of the answer, and would get another.
      const spared = new Map<string, boolean>();
      const spareOnce = (leases: ExpiredLeases): boolean => {
        const isSpared = spared.get(leases.grant) ?? spare(leases);
        spared.set(leases.grant, isSpared);
        return isSpared;
      };
      const parts = { spare: spareOnce, plan };
      for (;;) {
        const { outcomes, planned, changes, batches, expired, record, durability } = attempt(remaining, parts);
        try {
          if (changes.length > 0) {
            await store.commit(record, batches, durability);
            state.lsn = record.lsn;
            commits++;
          }
        } catch (error) {
          assertGoesOn(error);
          await reload();
          const undecided = settleStored(state, remaining);
          if (undecided.length === 0) return undefined;
          remaining = await refuse(store, undecided, error);
          continue;
        }
        ranAt = record.at;
        remaining.forEach((work, i) => {
          work.settle(outcomes[i] as Outcome);
        });
        return { changes, batches, expired, plan: planned };
      }
    },
    async rewrite(build) {
      const rewrite = build(state);
      if (rewrite === undefined) return false;
      const entry = record(platform.now(), [rewrite.change]);
      try {
        await store.rewrite(entry, rewrite.add, rewrite.change.removed);
      } catch (error) {
        // It may have happened although nobody said so: then bodies are no longer where the state has them.
        await reload();
        throw error;
      }
      applyRecord(state, entry);
      return true;
    },
    checkpointed(uptoLsn) {
      checkpointLsn = uptoLsn;
    },
  };
}

function expiredLeases(state: State, at: Instant): ExpiredLeases[] {
  return takeEndedGrants(state, at).flatMap((id) => {
    const grant = state.grants.get(id);
    const seqs = [...(grant?.leases.values() ?? [])].filter((lease) => lease.until <= at).map((lease) => lease.seq);
    return grant && seqs.length > 0 ? [{ client: grant.client, grant: id, seqs: rangesOf(seqs) }] : [];
  });
}

/** A clock that goes back by less than this is waited for; by more, it was set. */
const CLOCK_STEP_MS = 1_000;

/** The time to decide at. Going forward needs no care: what is due is due, and clients are asked before leases end. */
function timeOf(now: Instant, latest: Instant): { at: Instant; setBackMs: Span } {
  if (now >= latest) return { at: now, setBackMs: 0 };
  return latest - now < CLOCK_STEP_MS ? { at: latest, setBackMs: 0 } : { at: now, setBackMs: latest - now };
}

/** Decides and applies one command after the other, so that each sees what those before it did. */
function createDraft(state: State, at: Instant) {
  const changes: Change[] = [];
  const batches: BodyBatch[] = [];
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
      const decision = take(from ? decideOnce(state, from, command, at) : decide(state, command, at));
      const stored = decision.changes.filter((change) => change.type === "stored");
      const firstSeq = stored[0]?.firstSeq ?? 0;
      const kept = decision.bodies ? pick(work, decision.bodies) : work;
      for (const change of stored) batches.push(batchOf(change, firstSeq, at, kept));
      return decision.outcome;
    },
  };
}

const NO_BODIES: BodyList = { encoding: "clone", entries: [] };

/** What a send stores, where that is not simply its first bodies. */
const pick = ({ bodies, headers }: Work, chosen: readonly number[]): Pick<Work, "bodies" | "headers"> => ({
  bodies: bodies && { ...bodies, entries: chosen.map((i) => bodies.entries[i]) },
  headers: headers && chosen.map((i) => headers[i]),
});

/** The stretch of a send's bodies that one batch holds. */
function batchOf(
  stored: Stored,
  firstSeq: number,
  at: Instant,
  { bodies = NO_BODIES, headers }: Pick<Work, "bodies" | "headers">,
): BodyBatch {
  const { encoding, entries } = bodies;
  const start = stored.firstSeq - firstSeq;
  const end = start + stored.count;
  const column = headers?.slice(start, end);
  return {
    v: BATCH_VERSION,
    encoding,
    firstSeq: stored.firstSeq,
    sentAt: at,
    bodies: columnOf(start === 0 && end === entries.length ? bodies : { encoding, entries: entries.slice(start, end) }),
    ...(column?.some((one) => one !== undefined) && { headers: column }),
  };
}

/** Changes that a power failure may take back without harm: they are about who holds a message, not about messages. */
const SOFT: ReadonlySet<Change["type"]> = new Set([
  "leased",
  "renewed",
  "returned",
  "stored",
  "answered",
  "client-forgotten",
]);

/** Strict as soon as one queue that asks for it is concerned. */
function durabilityOf(state: State, changes: readonly Change[]): Durability {
  const isStrict = (change: Change) =>
    change.type === "deleted" ||
    (!SOFT.has(change.type) && "queue" in change && state.queues.get(change.queue)?.settings.durability === "strict");
  return changes.some(isStrict) ? "strict" : "relaxed";
}

/** Settles what an earlier commit has decided, sent again by its client: it is not to blame. Returns the rest. */
function settleStored(state: State, works: readonly Work[]): readonly Work[] {
  return works.filter((work) => {
    const outcome = work.from && state.clients.get(work.from.client)?.outcomes.get(work.from.number);
    if (outcome) work.settle(outcome);
    return outcome === undefined;
  });
}

/** Rethrows an error after which nothing can be committed any more. */
function assertGoesOn(error: unknown): asserts error is StoreError {
  if (!(error instanceof StoreError) || error.reason === "deposed" || error.reason === "lost") throw error;
}

/** A commit was refused and undone. Settles the work that was to blame and returns the rest, to be decided again. */
async function refuse(store: LogStore, works: readonly Work[], error: StoreError): Promise<readonly Work[]> {
  const settleAll = (blamed: readonly Work[], outcome: OutcomeFailed) => {
    for (const work of blamed) work.settle(outcome);
    return works.filter((work) => !blamed.includes(work));
  };
  const withBodies = works.filter((work) => work.bodies !== undefined);
  if (error.reason === "quota") {
    const outcome = failure("quota-exceeded", "the browser gives this origin no more room to store messages");
    return settleAll(withBodies.length > 0 ? withBodies : works, outcome);
  }
  if (error.reason === "not-cloneable" && withBodies.length > 0) {
    const blamed = new Map<Work, number>();
    for (const work of withBodies) {
      const index = await store.findUnstorable(work.bodies?.entries ?? []);
      if (index !== undefined) blamed.set(work, index);
    }
    if (blamed.size === 0) return settleAll(withBodies, failure("not-cloneable", error.message));
    for (const [work, index] of blamed) {
      work.settle(failure("not-cloneable", `body ${index} cannot be stored by IndexedDB`, { index }));
    }
    return works.filter((work) => !blamed.has(work));
  }
  return settleAll(works, failure("storage-failed", `the database refused the commit: ${error.message}`));
}
