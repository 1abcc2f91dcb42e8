// A writer that goes on until its process is killed, and what must be there afterwards: each commit has a batch, some are
// followed by a delete or a checkpoint, and each is said once it is confirmed.

import type { JournalRecord } from "../../src/core/log/journal.js";
import type { CheckpointChunk, LogStore } from "../../src/store/log-store.js";
import { readAll } from "./log-store.samples.js";

export interface Said {
  readonly committed?: number;
  readonly deleted?: number;
  readonly checkpoint?: number;
}

const CHUNKS = 6;
const DELETE_EVERY = 4;
const record = (epoch: number, lsn: number): JournalRecord => ({ v: 1, lsn, epoch, at: lsn, changes: [] });
const bodyOf = (lsn: number) => new Uint8Array(lsn % 7 === 0 ? 40_000 : 200).fill(lsn % 251);

export async function writeForever(store: LogStore, say: (said: Said) => Promise<unknown>): Promise<never> {
  const { epoch, lsn: first } = await store.takeOver(({ epoch, lsn }) => record(epoch, lsn));
  for (let lsn = first + 1; ; lsn++) {
    const batch = { v: 1, encoding: "clone", firstSeq: lsn, sentAt: lsn, bodies: [bodyOf(lsn), { lsn }] } as const;
    await store.commit(record(epoch, lsn), [batch], lsn % 5 === 0 ? "strict" : "relaxed");
    await say({ committed: lsn });
    if (lsn % DELETE_EVERY === 0) {
      await store.deleteBatches([lsn - 3, lsn - 3]);
      await say({ deleted: lsn - 3 });
    }
    if (lsn % 20 === 0) {
      const chunks: CheckpointChunk[] = Array.from({ length: CHUNKS }, (_, at) => ({ v: 1, lsn, at }));
      await store.checkpoint(chunks, lsn - 2);
      await say({ checkpoint: lsn - 2 });
    }
  }
}

/** What a store that opens afterwards finds. */
export interface Found {
  readonly lsns: readonly number[];
  readonly chunks: number;
  /** The key of each batch, and what its second body says. */
  readonly batches: readonly (readonly [firstSeq: number, lsn: number])[];
}

export async function find(store: LogStore): Promise<Found> {
  const { journal, checkpoint, batches } = await readAll(store);
  return {
    lsns: journal.map(({ lsn }) => lsn),
    chunks: checkpoint.length,
    batches: batches
      .filter((batch) => batch !== undefined)
      .map(({ firstSeq, bodies }) => [firstSeq, (bodies[1] as { lsn: number }).lsn]),
  };
}

/** What a writer has said over several lives. */
export function createHearing() {
  const committed = new Set<number>();
  const deleted = new Set<number>();
  let checkpoint = 0;
  /** The last of each life: what was under way then may have happened. */
  const ends: number[] = [];
  return {
    committed,
    hear(said: Said): void {
      if (said.committed !== undefined) committed.add(said.committed);
      if (said.deleted !== undefined) deleted.add(said.deleted);
      checkpoint = said.checkpoint ?? checkpoint;
    },
    /** Every fault of what was found after a kill; empty when nothing is lost, half there or out of order. */
    faultsOf({ lsns, chunks, batches }: Found): string[] {
      const faults: string[] = [];
      const expectThat = (holds: boolean, fault: string) => holds || faults.push(fault);
      const first = lsns[0] ?? 0;
      const last = lsns.at(-1) ?? 0;
      ends.push(Math.max(...committed));
      expectThat(
        lsns.every((lsn, at) => lsn === first + at),
        `a gap in the journal: ${lsns}`,
      );
      expectThat(
        last >= Math.max(...committed),
        `the journal ends at ${last}, ${Math.max(...committed)} was confirmed`,
      );
      expectThat(first > checkpoint, `the journal begins at ${first}, it was cut up to ${checkpoint}`);
      expectThat(chunks === (first === 1 ? 0 : CHUNKS), `${chunks} chunks before record ${first}`);
      const stored = new Map(batches);
      for (const lsn of committed) {
        const mayBeGone = lsn % DELETE_EVERY === 1 && ends.some((end) => lsn >= end - 3 && lsn <= end);
        if (deleted.has(lsn)) expectThat(!stored.has(lsn), `batch ${lsn} is there again`);
        else expectThat(stored.get(lsn) === lsn || (mayBeGone && !stored.has(lsn)), `batch ${lsn} is lost`);
      }
      for (const key of stored.keys()) expectThat(key <= last, `batch ${key} is there without its record`);
      return faults;
    },
  };
}
