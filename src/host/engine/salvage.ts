// Opens a log of which records cannot be read: what they held is lost and named, everything else goes on. Invariant: nothing is
// decided on what is left before a checkpoint of it is stored, so that a record that can be read again is not met with one that
// was decided without it.

import { encodeCheckpoint } from "../../core/checkpoint/checkpoint-encode.js";
import { replayRemains } from "../../core/commands/replay-remains.js";
import type { Lost, StoredSeqs } from "../../core/commands/salvage.js";
import { countBodies } from "../../core/log/columns.js";
import type { Lsn, Seq } from "../../core/log/journal.js";
import { rangesOf } from "../../core/log/ranges.js";
import { assertNumbered, isConserved } from "../../core/state/state.js";
import { type BodyBatch, type LogStore, type StoredLog, StoreError } from "../../store/log-store.js";
import { decode, isDamage, type Loaded, loadCheckpoint, loadState } from "./load.js";
import { readable } from "./readable.js";

export interface Salvaged extends Loaded {
  /** What is gone; missing where all could be read. */
  readonly lost?: readonly Lost[];
}

/** The state that the log says, as far as it can be read. To be called by who has taken over, with the record `lastLsn`. */
export async function loadOrSalvage(store: LogStore, log: StoredLog, lastLsn: Lsn): Promise<Salvaged> {
  let damage: unknown;
  try {
    const loaded = await loadState(log);
    if ((await log.lastBatch()) < loaded.state.nextSeq) return loaded;
    // It was stored in one transaction with a record.
    damage = new StoreError("unreadable", "the last records of the journal are missing");
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    damage = cause;
  }
  return salvage(store, lastLsn, damage);
}

async function salvage(store: LogStore, lastLsn: Lsn, cause: unknown): Promise<Salvaged> {
  const log = await store.open();
  const { log: from } = await loadCheckpoint(log);
  const lastBatch = await log.lastBatch();
  const begin = async () => (await decode(from)).state;
  const { state, salvage, ...told } = await replayRemains(begin, from.remains, { lastLsn, lastBatch });
  // All of it can be read, and yet something is wrong with it.
  if (salvage === undefined) throw cause;
  const lost = salvage.finish(await lookAtBatches(store));
  if (![...state.queues.values()].every(isConserved)) {
    throw new StoreError("unreadable", "what is left of the journal does not add up", { cause });
  }
  assertNumbered(state);
  await store.checkpoint(encodeCheckpoint(state), state.lsn);
  return { state, checkpointLsn: state.lsn, ...told, lost };
}

/** Batches that are read at once. */
const BATCHES_AT_ONCE = 16;

/** All of them: what a missing record has moved may be in any. Of one that cannot be read, its first number alone is known. */
async function lookAtBatches(store: LogStore): Promise<StoredSeqs[]> {
  const stored: StoredSeqs[] = [];
  for await (const keys of store.batchKeys())
    for (let i = 0; i < keys.length; i += BATCHES_AT_ONCE) {
      const some = keys.slice(i, i + BATCHES_AT_ONCE);
      const read = new Map((await readable(store, some)).map((batch) => [batch?.firstSeq, batch]));
      for (const key of some) stored.push(rangesIn(key, read.get(key)));
    }
  return stored;
}

/** An estimate of its size will do. */
function rangesIn(firstSeq: Seq, batch: BodyBatch | undefined): StoredSeqs {
  if (batch === undefined) return { firstSeq, seqs: [firstSeq, 1], bytes: 0 };
  const count = countBodies(batch.bodies);
  const bytes = typeof batch.bodies === "string" ? batch.bodies.length : count * 100;
  return { firstSeq, seqs: batch.seqs ? rangesOf(batch.seqs) : [firstSeq, count], bytes };
}
