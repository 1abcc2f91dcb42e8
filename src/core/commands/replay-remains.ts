// A journal of which records cannot be read, replayed as far as it goes.

import type { Epoch, JournalRecord, Lsn, Seq } from "../log/journal.js";
import { isWritten } from "../log/written.js";
import type { Instant } from "../spec/time.js";
import type { State } from "../state/state.js";
import { applyRecord } from "./apply.js";
import { leavesSecrets } from "./encryption.js";
import { createSalvage, type Salvage } from "./salvage.js";

/** A place in the journal, and what lies there. */
export interface Remain {
  readonly lsn: Lsn;
  readonly record: unknown;
}

/** So many records behind the first one that is missing may turn out not to fit. */
const UNFIT_MAX = 32;

const isRecord = (value: unknown, lsn: Lsn): value is JournalRecord => isWritten(value) && value.lsn === lsn;

export interface Replayed {
  readonly state: State;
  /** Missing where no record is. */
  readonly salvage: Salvage | undefined;
  readonly takeOvers: readonly { readonly epoch: Epoch; readonly at: Instant }[];
  /** There is something in it that nobody is to read any more. */
  readonly hasSecrets: boolean;
}

/**
 * Replays what is left of a journal over the state that `begin` builds. `lastLsn`: the record of the take-over of who reads it;
 * `lastBatch`: the last one in the store, which was numbered by a record. Throws what a record throws that comes before any that
 * is missing: then it is not the journal that is wrong.
 */
export async function replayRemains(
  begin: () => Promise<State>,
  remains: AsyncIterable<Remain> | Iterable<Remain>,
  { lastLsn, lastBatch }: { readonly lastLsn: Lsn; readonly lastBatch: Seq },
): Promise<Replayed> {
  const unfit = new Set<Lsn>();
  let isEndMissing = false;
  const replay = async (): Promise<Replayed | undefined> => {
    const state = await begin();
    let salvage: Salvage | undefined;
    const takeOvers: { readonly epoch: Epoch; readonly at: Instant }[] = [];
    let hasSecrets = false;
    const miss = (lsn: Lsn) => {
      salvage ??= createSalvage(state);
      salvage.miss(lsn);
    };
    for await (const { lsn, record } of remains) {
      // Behind what is missing without a trace there is the record of the take-over alone.
      if (lsn === lastLsn && isEndMissing) miss(lsn - 1);
      if (unfit.has(lsn) || !isRecord(record, lsn)) {
        miss(lsn);
        continue;
      }
      const { epoch, at, changes } = record;
      hasSecrets ||= changes.some((change) => leavesSecrets(state, change));
      if (changes[0]?.type === "took-over") takeOvers.push({ epoch, at });
      if (salvage === undefined) applyRecord(state, record);
      else {
        try {
          salvage.apply(record);
        } catch (cause) {
          if (unfit.add(lsn).size > UNFIT_MAX) throw cause;
          return undefined;
        }
      }
    }
    if (isEndMissing || lastBatch < state.nextSeq) return { state, salvage, takeOvers, hasSecrets };
    isEndMissing = true;
    return undefined;
  };
  for (;;) {
    const replayed = await replay();
    if (replayed) return replayed;
  }
}
