// Work in the background that keeps storage small and the next start quick: deletes batches nobody references,
// rewrites those with few live entries, writes checkpoints. Never on the path of a send.

import { countEntries, encodeCheckpoint } from "../../core/checkpoint/checkpoint-encode.js";
import type { Change, Lsn, Seq } from "../../core/log/journal.js";
import { rangesOf } from "../../core/log/ranges.js";
import { QueueError } from "../../core/spec/errors.js";
import { BATCH_BYTES_MAX, BATCH_COUNT_MAX, REWRITE_BYTES_MAX } from "../../core/spec/limits.js";
import type { Instant } from "../../core/spec/time.js";
import type { Batch } from "../../core/state/batch-index.js";
import type { State } from "../../core/state/state.js";
import { type BodyBatch, type CheckpointChunk, type LogStore, StoreError } from "../../store/log-store.js";
import { batchOfSome, openBatch, type StoredMessage } from "../delivery/bodies.js";
import type { Engine, Rewrite } from "../engine/engine.js";
import { loadState } from "../engine/load.js";
import type { Loop } from "../engine/loop.js";
import { readable } from "../engine/readable.js";

/** Records in the journal after which a checkpoint is due: what a start has to replay. */
export const CHECKPOINT_RECORDS = 2_000;
/** Batches freed are deleted together after this time. */
const DELETE_DELAY_MS = 250;
/** So long after the start orphans are looked for: the first messages come before. */
const SWEEP_DELAY_MS = 1_000;
/** A batch of which less than this part is live is rewritten. */
const SPARSE = 0.25;
/** A batch smaller than this is joined with its neighbours, when at least so many of them stand together. */
const SMALL_BYTES = BATCH_BYTES_MAX / 8;
const SMALL_BATCHES_MIN = 16;
/** Entries of the state that are encoded without a break: some ten milliseconds. */
const ENTRIES_AT_ONCE = 10_000;
/** Work in the background goes on for this long before others get their turn. */
const SLICE_MS = 8;

export interface Maintenance {
  /** Called after each turn that changed something, with what it changed: starts what is due. */
  note(changes?: readonly Change[]): void;
  /** Deletes batches that no message references, left behind by a host that died; once, a while after the start. */
  sweep(): void;
  /** Runs a task while nothing of this does. */
  alone<T>(task: () => Promise<T>): Promise<T>;
  /** Stores what is in memory as both checkpoints: nothing of what the log said before is needed any more. */
  renew(): Promise<void>;
  /** Stores what is in memory in place of all that the log said before. Where the store refuses, it is due again later. */
  forget(): Promise<void>;
  /** Finishes what runs. */
  close(): Promise<void>;
}

export interface MaintenanceParts {
  readonly engine: Engine;
  readonly store: LogStore;
  readonly loop: Pick<Loop, "exclusive">;
  /** While one is held, batches stay where they are. */
  readonly snapshots: { readonly isHeld: boolean };
  readonly checkpointRecords?: number | undefined;
  readonly entriesAtOnce?: number | undefined;
  now(): Instant;
  setTimer(callback: () => void, ms: number): () => void;
}

interface Snapshot {
  readonly chunks: Iterable<CheckpointChunk>;
  readonly lsn: Lsn;
}

type Timing = Pick<MaintenanceParts, "now" | "setTimer">;

/** Gives others their turn once the slice is over. */
function createPause({ now, setTimer }: Timing): () => Promise<void> | undefined {
  let endsAt = now() + SLICE_MS;
  return () => {
    if (now() < endsAt) return undefined;
    return new Promise((resolve) => {
      setTimer(() => {
        endsAt = now() + SLICE_MS;
        resolve();
      }, 0);
    });
  };
}

export function createMaintenance({
  engine,
  store,
  loop,
  snapshots,
  checkpointRecords = CHECKPOINT_RECORDS,
  entriesAtOnce = ENTRIES_AT_ONCE,
  now,
  setTimer,
}: MaintenanceParts): Maintenance {
  let running: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let cancelSweep = () => {};
  let isClosed = false;
  /** Noted while work was running, which may not have seen it. */
  let isDueAgain = false;
  /** The log still has what nobody is to read any more. */
  let mustForget = engine.hasSecrets;
  /** Bodies below, as far as no message needs them any more, are not to be read either. */
  let secretBelow = plainBelow(engine.state);
  /** The journal says what is encrypted, which builds before pass over. */
  let isHiding = engine.hasSecrets;

  /** Background work may fail without harm: it is due again later. A lost or deposed store ends the host elsewhere. */
  const run = async (task: () => Promise<void>) => {
    try {
      await task();
    } catch (error) {
      const isOver = error instanceof QueueError && error.code === "host-lost";
      if (!(error instanceof StoreError) && !isOver) throw error;
    }
  };

  const checkpoint = async () => {
    const isAlone = mustForget;
    await write(await snapshot(), isAlone);
    // Of what came since, somebody else says so.
    if (isAlone) mustForget = false;
  };

  const write = async ({ chunks, lsn }: Snapshot, isAlone = false) => {
    await store.checkpoint(chunks, lsn, isAlone);
    engine.checkpointed(lsn);
  };

  const fromMemory = (): Promise<Snapshot> =>
    loop.exclusive(async () => ({ chunks: [...encodeCheckpoint(engine.state)], lsn: engine.state.lsn }));

  /**
   * A large state would hold up the host while it is encoded, so it is built a second time, from what is stored, with
   * pauses, and encoded piece by piece as it is written.
   */
  const snapshot = async (): Promise<Snapshot> => {
    if (countEntries(engine.state) > entriesAtOnce) {
      try {
        const { state } = await loadState(await store.open(), createPause({ now, setTimer }));
        return { chunks: encodeCheckpoint(state), lsn: state.lsn };
      } catch (error) {
        // What cannot be read is still in memory: a checkpoint of that makes the log whole again.
        if (!(error instanceof StoreError) || error.reason !== "unreadable") throw error;
      }
    }
    return fromMemory();
  };

  const takeFreed = () => loop.exclusive(async () => (snapshots.isHeld ? [] : engine.state.batches.takeFreed()));

  const rewrite = async () => {
    while (!isClosed) {
      // Chosen at rest: a batch that only a refused commit had freed would stand between the others again.
      const keys = await loop.exclusive(async () =>
        nextGroup(engine.state, secretBelow)?.map(({ firstSeq }) => firstSeq),
      );
      if (keys === undefined) return;
      const read = (await readable(store, keys)).filter((batch) => batch !== undefined);
      if (read.length !== keys.length) return;
      const join = (state: State) => (snapshots.isHeld ? undefined : joinLive(state, keys, read));
      const isDone = await loop.exclusive(() => engine.rewrite(join));
      if (!isDone) return;
    }
  };

  const work = async () => {
    const isForgetting = mustForget;
    let freed: readonly Seq[] = [];
    await run(async () => {
      freed = await takeFreed();
    });
    // A build before that hosts next needs what was there before it was encrypted, until a checkpoint says what is there now.
    if (isHiding) {
      isHiding = false;
      await run(checkpoint);
    }
    if (freed.length > 0) await run(() => store.deleteBatches(freed));
    // What a host before had not deleted any more is nobody's by now.
    if (isForgetting && secretBelow > 0) await run(deleteOrphans);
    if (!isForgetting && engine.journalRecords < checkpointRecords) return;
    await run(rewrite);
    if (isForgetting) secretBelow = plainBelow(engine.state);
    if (mustForget || engine.journalRecords >= checkpointRecords) await run(checkpoint);
  };

  const deleteOrphans = async () => {
    for await (const keys of store.batchKeys()) {
      if (isClosed) return;
      const orphans = await loop.exclusive(async () =>
        snapshots.isHeld ? [] : keys.filter((key) => engine.state.batches.find(key)?.firstSeq !== key),
      );
      if (orphans.length > 0) await store.deleteBatches(orphans.flatMap((key) => [key, key]));
    }
  };

  const start = () => {
    cancelTimer = undefined;
    if (!isClosed && !running) void begin(work);
  };

  const begin = (task: () => Promise<void>): Promise<void> => {
    const begun = task().finally(() => {
      running = undefined;
      if (isDueAgain) note();
    });
    running = begun;
    return begun;
  };

  const alone = async <T>(task: () => Promise<T>): Promise<T> => {
    while (running) await running.catch(() => {});
    const done = task();
    await begin(async () => void (await done));
    return done;
  };

  const note = (changes: readonly Change[] = []) => {
    if (changes.some(({ type }) => type === "hidden")) {
      isHiding = true;
      secretBelow = Math.max(secretBelow, plainBelow(engine.state));
    }
    isDueAgain = running !== undefined;
    if (running || isClosed) return;
    if (engine.journalRecords >= checkpointRecords) {
      cancelTimer?.();
      start();
    } else cancelTimer ??= setTimer(start, DELETE_DELAY_MS);
  };

  if (mustForget) note();

  const sweep = () => {
    cancelSweep = setTimer(() => (snapshots.isHeld ? sweep() : void run(deleteOrphans)), SWEEP_DELAY_MS);
  };

  return {
    note,
    sweep,
    alone,
    renew: () =>
      alone(async () => {
        for (let i = 0; i < 2; i++) await write(await fromMemory());
      }),
    async forget() {
      await alone(async () => {
        mustForget = true;
        await work();
      });
    },
    async close() {
      isClosed = true;
      cancelTimer?.();
      cancelSweep();
      // Whatever went wrong with it must not keep the host from ending.
      await running?.catch(() => {});
    },
  };
}

/** What is plain in queues that are being encrypted is below this number. */
const plainBelow = ({ queues }: State): Seq =>
  Math.max(0, ...Array.from(queues.values(), ({ settings }) => settings.encrypting?.below ?? 0));

/** Neighbouring batches that are worth joining into one: sparse ones, many small ones, or any in which there is a secret. */
function nextGroup(state: State, secretBelow: Seq): Batch[] | undefined {
  const hasSecret = ({ firstSeq, live, count }: Batch) => firstSeq < secretBelow && live < count;
  const isWorthwhile = (group: readonly Batch[]) =>
    group.length >= SMALL_BATCHES_MIN || group.some((batch) => isSparse(batch) || hasSecret(batch));
  let group: Batch[] = [];
  let liveBytes = 0;
  let readBytes = 0;
  let live = 0;
  const start = (batch?: Batch) => {
    group = [];
    liveBytes = readBytes = live = 0;
    if (batch) take(batch);
  };
  const take = (batch: Batch) => {
    group.push(batch);
    liveBytes += liveBytesOf(batch);
    readBytes += batch.bytes;
    live += batch.live;
  };
  for (const batch of state.batches.all()) {
    const isWorth = isSparse(batch) || batch.bytes < SMALL_BYTES || hasSecret(batch);
    const fits =
      liveBytes + liveBytesOf(batch) <= BATCH_BYTES_MAX &&
      readBytes + batch.bytes <= REWRITE_BYTES_MAX &&
      live + batch.live <= BATCH_COUNT_MAX;
    if (isWorth && fits) {
      take(batch);
      continue;
    }
    if (isWorthwhile(group)) return group;
    start(isWorth ? batch : undefined);
  }
  return isWorthwhile(group) ? group : undefined;
}

const isSparse = (batch: Batch): boolean => batch.count >= 8 && batch.live < batch.count * SPARSE;
const liveBytesOf = (batch: Batch): number => (batch.bytes * batch.live) / batch.count;

/** One batch of everything that is still live in these. */
function joinLive(state: State, keys: readonly Seq[], read: readonly BodyBatch[]): Rewrite | undefined {
  const seqs: Seq[] = [];
  const messages: StoredMessage[] = [];
  let bytes = 0;
  for (const [i, key] of keys.entries()) {
    const entry = state.batches.find(key);
    const batch = read[i];
    // A batch whose first body is gone is found by a later one; what matters is that this key is still its key.
    const current = entry?.firstSeq === key ? entry : undefined;
    if (current === undefined || batch === undefined) continue;
    bytes += liveBytesOf(current);
    const opened = openBatch(batch);
    for (const seq of state.batches.liveSeqs(current)) {
      const message = opened(seq);
      if (message === undefined) return undefined;
      seqs.push(seq);
      messages.push(message);
    }
  }
  const firstSeq = seqs[0];
  const removed = keys.filter((key) => state.batches.find(key)?.firstSeq === key);
  if (firstSeq === undefined || removed.length === 0) return undefined;
  return {
    change: { type: "rewritten", removed, added: [{ firstSeq, seqs: rangesOf(seqs), bytes: Math.round(bytes) }] },
    add: [batchOfSome(seqs, messages)],
  };
}
