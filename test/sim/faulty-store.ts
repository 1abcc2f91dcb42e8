// The memory store as seen by one context: every operation takes virtual time before and after it happens, so that a
// context can die, be deposed or stand still at any point of it, and the database has its moods.

import { type CheckpointChunk, type LogStore, StoreError } from "../../src/store/log-store.js";
import { createMemoryStore, type MemoryDisk } from "../../src/store/memory/memory.js";
import type { Random } from "./random.js";
import type { Context } from "./scheduler.js";

/** What becomes of a write. `lost-reply`: it is stored, and the connection is gone before anybody hears of it. */
export type StoreFault = "abort" | "quota" | "lost-reply" | "lost" | "slow";

export interface FaultyStoreParts {
  readonly disk: MemoryDisk;
  readonly context: Context;
  readonly random: Random;
  /** Asked before each write. */
  nextFault(write: "commit" | "rewrite" | "checkpoint" | "delete"): StoreFault | undefined;
  /** The browser has lost its storage: whatever is asked fails. */
  isOut(): boolean;
}

type Chunks = AsyncIterable<CheckpointChunk>;

const SLOW_MS_MAX = 1_500;

export function createFaultyStore({ disk, context, random, nextFault, isOut }: FaultyStoreParts): LogStore {
  const store = createMemoryStore({ disk });
  const pass = async (most: number) => {
    await context.pass(random.between(0, most));
    assertThere();
  };
  const assertThere = () => {
    if (isOut()) throw new StoreError("unavailable", "the database cannot be opened");
  };

  const write = async (fault: StoreFault | undefined, hasBodies: boolean, happen: () => Promise<void>) => {
    await context.pass(fault === "slow" ? random.between(100, SLOW_MS_MAX) : random.between(0, 3));
    assertThere();
    if (fault === "abort") throw new StoreError("failed", "the transaction was aborted");
    if (fault === "lost") throw new StoreError("lost", "the connection is gone");
    // What stores no bodies is given the reserve.
    if (fault === "quota" && hasBodies) throw new StoreError("quota", "no room");
    await happen();
    await pass(2);
    if (fault === "lost-reply") throw new StoreError("lost", "the connection is gone, and with it the answer");
  };

  /** Lets time pass between two chunks. */
  const slowly = async function* (chunks: Chunks) {
    for await (const chunk of chunks) {
      yield chunk;
      await pass(3);
    }
  };

  return {
    async open() {
      await pass(3);
      return store.open();
    },
    async takeOver(build) {
      await pass(3);
      const tail = await store.takeOver(build);
      await pass(3);
      return tail;
    },
    commit: (record, batches, durability) =>
      write(nextFault("commit"), batches.length > 0, () => store.commit(record, batches, durability)),
    rewrite: (record, add, remove) => write(nextFault("rewrite"), true, () => store.rewrite(record, add, remove)),
    deleteBatches: (ranges) => write(nextFault("delete"), false, () => store.deleteBatches(ranges)),
    checkpoint: (chunks, uptoLsn, isAlone) =>
      write(nextFault("checkpoint"), true, () => store.checkpoint(slowly(chunks as Chunks), uptoLsn, isAlone)),
    async readBatches(firstSeqs) {
      await pass(2);
      return store.readBatches(firstSeqs);
    },
    async findUnstorable(bodies) {
      await pass(2);
      return store.findUnstorable(bodies);
    },
    batchKeys: () => store.batchKeys(),
    async close() {
      await context.pass(random.between(0, 1));
      await store.close();
    },
  };
}
