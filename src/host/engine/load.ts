// The state that a log says: its checkpoint with the journal after it applied.

import { decodeCheckpoint } from "../../core/checkpoint/checkpoint-decode.js";
import { applyRecord } from "../../core/commands/apply.js";
import type { Lsn } from "../../core/log/journal.js";
import type { State } from "../../core/state/state.js";
import type { TakeOver } from "../../link/rpc/inspection.js";
import type { StoredLog } from "../../store/log-store.js";

export interface Loaded {
  readonly state: State;
  /** The last record that the checkpoint holds. */
  readonly checkpointLsn: Lsn;
  /** Those in the journal after it. */
  readonly takeOvers: readonly TakeOver[];
}

/** Awaits `pause` after each chunk and record, for one who has other things to do meanwhile. */
export async function loadState(log: StoredLog, pause?: () => Promise<void> | undefined): Promise<Loaded> {
  const state = await decodeCheckpoint(pause ? paced(log.checkpoint, pause) : log.checkpoint);
  const checkpointLsn = state.lsn;
  const takeOvers: TakeOver[] = [];
  for await (const record of log.journal) {
    applyRecord(state, record);
    // It is a record of its own.
    if (record.changes[0]?.type === "took-over") takeOvers.push({ epoch: record.epoch, at: record.at });
    if (pause) await pause();
  }
  return { state, checkpointLsn, takeOvers };
}

async function* paced<T>(items: AsyncIterable<T>, pause: () => Promise<void> | undefined): AsyncGenerator<T> {
  for await (const item of items) {
    yield item;
    await pause();
  }
}
