// The state that a log says: its checkpoint with the journal after it applied. Invariant: a checkpoint that is damaged costs
// nothing as long as the one before it and the journal since can be read.

import { decodeCheckpoint } from "../../core/checkpoint/checkpoint-decode.js";
import { isWholePiece } from "../../core/checkpoint/checkpoint-whole.js";
import { applyRecord } from "../../core/commands/apply.js";
import { leavesSecrets } from "../../core/commands/encryption.js";
import type { Lsn } from "../../core/log/journal.js";
import { assertNumbered, isConserved, type State } from "../../core/state/state.js";
import type { TakeOver } from "../../link/rpc/inspection.js";
import { type StoredLog, StoreError } from "../../store/log-store.js";

export interface Loaded {
  readonly state: State;
  /** The last record that the checkpoint holds. */
  readonly checkpointLsn: Lsn;
  /** Those in the journal after it. */
  readonly takeOvers: readonly TakeOver[];
  /** There is something in it that nobody is to read any more. */
  readonly hasSecrets: boolean;
}

type Pause = () => Promise<void> | undefined;

/** Awaits `pause` after each chunk and record, for one who has other things to do meanwhile. */
export async function loadState(log: StoredLog, pause?: Pause): Promise<Loaded> {
  const {
    state,
    log: { journal },
  } = await loadCheckpoint(log, pause);
  const checkpointLsn = state.lsn;
  const takeOvers: TakeOver[] = [];
  let hasSecrets = false;
  for await (const record of journal) {
    hasSecrets ||= record.changes.some((change) => leavesSecrets(state, change));
    applyRecord(state, record);
    // It is a record of its own.
    if (record.changes[0]?.type === "took-over") takeOvers.push({ epoch: record.epoch, at: record.at });
    if (pause) await pause();
  }
  assertNumbered(state);
  return { state, checkpointLsn, takeOvers, hasSecrets };
}

/** Rejects with `unreadable` where no checkpoint can be read. */
export async function loadCheckpoint(log: StoredLog, pause?: Pause): Promise<Decoded> {
  const newest = await decode(log, pause).catch((cause: unknown) => {
    if (!isDamage(cause)) throw cause;
    return { damage: cause };
  });
  if (!("damage" in newest) && newest.addsUp) return newest;
  const former = await log.former();
  const before = former && (await decode(former, pause).catch(() => undefined));
  // Of what a build before has counted wrong, both do not add up.
  if (before && ("damage" in newest || before.addsUp)) return before;
  if ("damage" in newest) throw unreadable(newest.damage);
  return newest;
}

export interface Decoded {
  readonly state: State;
  /** The log of which it is the checkpoint. */
  readonly log: StoredLog;
  /** Of every queue: as many messages as its totals say. */
  readonly addsUp: boolean;
}

export async function decode(log: StoredLog, pause?: Pause): Promise<Decoded> {
  const pieces = checked(log.checkpoint);
  const state = await decodeCheckpoint(pause ? paced(pieces, pause) : pieces);
  return { state, log, addsUp: [...state.queues.values()].every(isConserved) };
}

/** What cannot be read, or is not what it should be; not a database that fails. */
export const isDamage = (cause: unknown): boolean => !(cause instanceof StoreError) || cause.reason === "unreadable";

const unreadable = (cause: unknown): unknown =>
  cause instanceof StoreError ? cause : new StoreError("unreadable", `the checkpoint is damaged: ${cause}`, { cause });

async function* checked<T>(pieces: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const piece of pieces) {
    if (!isWholePiece(piece)) throw new StoreError("unreadable", "a piece of the checkpoint is damaged");
    yield piece;
  }
}

async function* paced<T>(items: AsyncIterable<T>, pause: Pause): AsyncGenerator<T> {
  for await (const item of items) {
    yield item;
    await pause();
  }
}
