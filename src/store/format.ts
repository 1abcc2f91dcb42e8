// What every store keeps beside the log: the number of its format, and which checkpoint counts.

import type { Lsn } from "../core/log/journal.js";
import { FORMAT_MAJOR, FORMAT_MINOR } from "../core/spec/version.js";
import { StoreError } from "./log-store.js";

/** A greater `major` is refused untouched; a greater `minor` only adds fields. */
export interface Format {
  readonly major: number;
  readonly minor: number;
}
export const FORMAT: Format = { major: FORMAT_MAJOR, minor: FORMAT_MINOR };

/** `chunks` records under `generation` are the state after record `uptoLsn`. */
export interface Checkpoint {
  readonly generation: number;
  readonly uptoLsn: Lsn;
  readonly chunks: number;
}

/** The checkpoint that counts. */
export interface CheckpointPointer extends Checkpoint {
  /**
   * The one before, which is kept with the journal between the two: for a reader that finds this one damaged. Builds before leave
   * it out, and drop what it names.
   */
  readonly former?: Checkpoint | undefined;
}
export const NO_CHECKPOINT: CheckpointPointer = { generation: 0, uptoLsn: 0, chunks: 0 };

/** Refuses a database that a newer major version wrote, before anything in it is touched. */
export function assertReadable(format: Format | undefined): void {
  if (format === undefined) throw new StoreError("failed", "the database is not one of OriginMQ: it has no format");
  if (format.major > FORMAT.major) {
    throw new StoreError(
      "format-too-new",
      `the database has format ${format.major}, this build reads up to ${FORMAT.major}`,
    );
  }
}

/** The generation of the checkpoint that follows this one. Throws `deposed` where that would be an earlier one. */
export function nextGeneration({ generation, uptoLsn }: CheckpointPointer, nextUptoLsn: Lsn): number {
  if (nextUptoLsn < uptoLsn) throw new StoreError("deposed", "checkpoint: another writer has written a later one");
  return generation + 1;
}

/** The pointer once this one is followed by another. */
export const pointerAfter = ({ generation, uptoLsn, chunks }: Checkpoint, next: Checkpoint): CheckpointPointer => ({
  ...next,
  former: { generation, uptoLsn, chunks },
});

/** Generations from this one on are kept: that of the checkpoint that counts, and of the one before. */
export const oldestKept = ({ generation }: Checkpoint): number => Math.max(0, generation - 1);

/** The one before, if it is still what it was: a build before this may have written others since. */
export const formerOf = ({ generation, former }: CheckpointPointer): Checkpoint | undefined =>
  former?.generation === generation - 1 ? former : undefined;
