// The working state and how it becomes durable: decide and apply every command, commit all changes as one record,
// answer only after that. Invariant: between two turns the working state equals what is stored; a refused commit is
// undone by reading the log again, so nothing of it is ever seen.

import { applyRecord } from "../../core/commands/apply.js";
import type { Held } from "../../core/commands/commands.js";
import { dueQueues } from "../../core/commands/due.js";
import type { Lost } from "../../core/commands/salvage.js";
import { allSchedules, dueSchedules } from "../../core/commands/schedules.js";
import {
  type Change,
  type ChangeOf,
  JOURNAL_VERSION,
  type JournalRecord,
  type Outcome,
} from "../../core/log/journal.js";
import { rangesOf } from "../../core/log/ranges.js";
import type { Instant, Span } from "../../core/spec/time.js";
import type { State } from "../../core/state/state.js";
import { takeEndedGrants } from "../../core/view/view.js";
import type { TakeOver } from "../../link/rpc/inspection.js";
import { type BodyBatch, type LogStore, type NewBatch, StoreError } from "../../store/log-store.js";
import { loadState } from "./load.js";
import { type Platform, termOf } from "./platform.js";
import { createProposal, type DecideNow, durabilityOf, type Work } from "./proposal.js";
import { assertGoesOn, refuse, settleStored, Undecided } from "./refusals.js";
import { loadOrSalvage } from "./salvage.js";
import { tickAfterSetBack, tickOf } from "./ticks.js";

/** What a turn did, once it is durable. */
export interface Turn<Plan> {
  /** Clients whose commands it answers. */
  readonly answered: ReadonlySet<string>;
  readonly changes: readonly Change[];
  readonly batches: readonly NewBatch[];
  /** Leases that ended because their time was up. */
  readonly expired: readonly ExpiredLeases[];
  readonly plan: Plan;
}

export interface TurnParts<Plan> {
  /** Whether these leases are renewed although their time is up. Asked once a turn for each grant. */
  spare(leases: ExpiredLeases): boolean;
  /** Decides what follows from the work: hand-outs. */
  plan(decideNow: DecideNow): Plan;
  /** Called once the turn is durable, before anybody is answered: a consumer waits, while a sender has only to know. */
  onCommitted?(turn: Turn<Plan>): void;
}

export interface ExpiredLeases extends Held {
  readonly client: string;
}

export interface Engine {
  readonly state: State;
  readonly commits: number;
  /** Those that the journal told of when it was opened, the last one its own. */
  readonly takeOvers: readonly TakeOver[];
  /** When it was opened, the log told of something that nobody is to read any more. */
  readonly hasSecrets: boolean;
  /** Records in the journal since the last checkpoint. */
  readonly journalRecords: number;
  /** What was found to be gone when it was opened; missing where all could be read. */
  readonly lost: readonly Lost[] | undefined;
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
  readonly change: ChangeOf<"rewritten">;
  readonly add: readonly BodyBatch[];
}

export async function openEngine(store: LogStore, platform: Platform, queuesMax?: number): Promise<Engine> {
  const log = await store.open();
  const term = termOf(platform.token());
  const { epoch, lsn } = await store.takeOver((next) => {
    const at = platform.now();
    return { v: JOURNAL_VERSION, lsn: next.lsn, epoch: next.epoch, at, changes: [{ type: "took-over", term }] };
  });
  const { takeOvers, hasSecrets, ...loaded } = await loadOrSalvage(store, log, lsn);
  let { state, checkpointLsn } = loaded;
  if (state.epoch > epoch) throw new StoreError("deposed", "another writer took over while the log was read");
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
    const proposal = createProposal(state, at, queuesMax);
    if (setBackMs > 0) {
      proposal.decideNow({ type: "set-clock-back", byMs: setBackMs });
      if (ranAt !== undefined) ranAt -= setBackMs;
      for (const schedule of allSchedules(state)) {
        const moved = tickAfterSetBack(schedule, at, setBackMs);
        if (moved) proposal.decideNow(moved);
      }
    }
    const expired = expiredLeases(state, at).filter((held) => {
      const { client, ...grant } = held;
      const isSpared = spare(held);
      if (isSpared) proposal.decideNow({ type: "renew", client, held: [grant], overdue: true });
      return !isSpared;
    });
    const grants = expired.map(({ grant }) => grant);
    if (grants.length > 0) proposal.decideNow({ type: "expire", grants, jitter: platform.random() });
    const due = dueQueues(state, at);
    if (due.length > 0) proposal.decideNow({ type: "expire-messages" });
    for (const schedule of dueSchedules(state, due, at)) proposal.decideNow(tickOf(schedule, at, ranAt));
    const outcomes = works.map((work) => {
      try {
        return proposal.decideWork(work);
      } catch (cause) {
        throw new Undecided(work, cause);
      }
    });
    const planned = plan(proposal.decideNow);
    const durability = durabilityOf(state, proposal.changes);
    return { ...proposal, record: record(at, proposal.changes), outcomes, planned, expired, durability };
  };

  return {
    get state() {
      return state;
    },
    takeOvers,
    hasSecrets,
    get commits() {
      return commits;
    },
    get journalRecords() {
      return state.lsn - checkpointLsn;
    },
    lost: loaded.lost,
    get isSound() {
      return fault === undefined;
    },
    async turn<Plan>(works: readonly Work[], { spare, plan, onCommitted }: TurnParts<Plan>) {
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
        let attempted: ReturnType<typeof attempt<Plan>>;
        try {
          attempted = attempt(remaining, parts);
          const { changes, batches, record, durability } = attempted;
          if (changes.length > 0) {
            await store.commit(record, batches, durability);
            state.lsn = record.lsn;
            commits++;
          }
        } catch (error) {
          if (error instanceof Undecided) {
            await reload();
            remaining = error.refuse(remaining);
            continue;
          }
          assertGoesOn(error);
          await reload();
          const undecided = settleStored(state, remaining);
          if (undecided.length === 0) return undefined;
          remaining = await refuse(store, undecided, error);
          continue;
        }
        const { outcomes, planned, changes, batches, expired, record } = attempted;
        ranAt = record.at;
        const answered = new Set(remaining.flatMap(({ from }) => (from ? [from.client] : [])));
        const turn = { answered, changes, batches, expired, plan: planned };
        onCommitted?.(turn);
        remaining.forEach((work, i) => {
          work.settle(outcomes[i] as Outcome);
        });
        return turn;
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
