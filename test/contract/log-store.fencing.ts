// One writer at a time: whoever was taken over from writes nothing, whatever it calls.

import { describe, expect, test } from "vitest";
import type { LogStore } from "../../src/store/log-store.js";
import { refusal, type StoreHarness } from "./log-store.contract.js";
import { batchOf, chunksOf, readAll, recordAt, takeOverFilled, takeOverRecord } from "./log-store.samples.js";

/** Every operation that writes, as the writer of epoch 1 with record 3 at its tail would call it. */
const writes: Record<string, (store: LogStore) => Promise<void>> = {
  "a commit of a record": (store) => store.commit(recordAt(1, 4), [], "relaxed"),
  "a commit with bodies": (store) => store.commit(recordAt(1, 4), [batchOf(20, ["late"])], "strict"),
  "a checkpoint": (store) => store.checkpoint(chunksOf(3, "late"), 3),
  "a checkpoint without chunks": (store) => store.checkpoint([], 3),
  "a rewrite": (store) => store.rewrite(recordAt(1, 4), [batchOf(20, ["late"])], [1]),
  "a delete of batches": (store) => store.deleteBatches([1, 4]),
};

export const describeFencing = (harness: StoreHarness) =>
  describe("fencing", () => {
    test.each(Object.entries(writes))("%s is refused after another store took over", async (_, write) => {
      const disk = harness.createDisk();
      const old = disk.store();
      await takeOverFilled(old);
      const next = disk.store();
      await next.takeOver(takeOverRecord);
      const before = [await readAll(next), await disk.dump()];
      await expect(write(old)).rejects.toEqual(refusal("deposed"));
      expect([await readAll(next), await disk.dump()]).toEqual(before);
    });

    test.each(Object.entries(writes))("%s is refused before the store took over", async (_, write) => {
      const disk = harness.createDisk();
      await takeOverFilled(disk.store());
      const before = await disk.dump();
      await expect(write(disk.store())).rejects.toEqual(refusal("deposed"));
      expect(await disk.dump()).toEqual(before);
    });

    test("a writer whose next record number was freed by truncation still cannot write it", async () => {
      const disk = harness.createDisk();
      const zombie = disk.store();
      await takeOverFilled(zombie);
      const next = disk.store();
      const { lsn } = await next.takeOver(takeOverRecord);
      // Record 4, which the zombie would write next, was written by `next` and is cut off: nothing holds its place.
      await next.checkpoint(chunksOf(1, "new"), lsn);
      await next.checkpoint(chunksOf(1, "newer"), lsn);
      expect((await disk.dump()).journal).toEqual([]);
      await expect(zombie.commit(recordAt(1, 4), [batchOf(20, ["late"])], "strict")).rejects.toEqual(
        refusal("deposed"),
      );
      expect((await disk.dump()).journal).toEqual([]);
      expect(await zombie.readBatches([20])).toEqual([undefined]);
    });

    test("a checkpoint older than the one of the next writer is refused, as any other write", async () => {
      const disk = harness.createDisk();
      const zombie = disk.store();
      const { lsn } = await takeOverFilled(zombie);
      const next = disk.store();
      const tail = await next.takeOver(takeOverRecord);
      await next.checkpoint(chunksOf(1, "new"), tail.lsn);
      await expect(zombie.checkpoint(chunksOf(3, "late"), lsn)).rejects.toEqual(refusal("deposed"));
      expect((await readAll(next)).checkpoint).toEqual(chunksOf(1, "new"));
    });

    test("a checkpoint that is overtaken half way never becomes visible", async () => {
      const disk = harness.createDisk();
      const old = disk.store();
      const { lsn } = await takeOverFilled(old);
      const next = disk.store();
      async function* source() {
        yield* chunksOf(5, "late");
        await next.takeOver(takeOverRecord);
        yield* chunksOf(5, "late");
      }
      await expect(old.checkpoint(source(), lsn)).rejects.toEqual(refusal("deposed"));
      expect((await readAll(next)).checkpoint).toEqual(chunksOf(5, "first"));
      expect((await disk.dump()).chunks).toBe(5);
    });

    test("of many stores that take over at once each gets an epoch of its own, and the last one writes", async () => {
      const disk = harness.createDisk();
      const stores = Array.from({ length: 5 }, () => disk.store());
      const tails = await Promise.all(stores.map((store) => store.takeOver(takeOverRecord)));
      expect(tails.map((tail) => tail.epoch).sort()).toEqual([1, 2, 3, 4, 5]);
      expect(tails.map((tail) => tail.lsn).sort()).toEqual([1, 2, 3, 4, 5]);
      const outcomes = await Promise.allSettled(
        stores.map((store, at) => store.commit(recordAt(tails[at]?.epoch ?? 0, 6), [], "relaxed")),
      );
      const winners = outcomes.flatMap((outcome, at) => (outcome.status === "fulfilled" ? [tails[at]?.epoch] : []));
      expect(winners).toEqual([5]);
    });

    test("a store that takes over again writes on under its new epoch", async () => {
      const store = harness.createDisk().store();
      await takeOverFilled(store);
      const { epoch, lsn } = await store.takeOver(takeOverRecord);
      expect(epoch).toBe(2);
      await store.commit(recordAt(epoch, lsn + 1), [], "relaxed");
      await expect(store.commit(recordAt(1, lsn + 2), [], "relaxed")).rejects.toThrow("epoch of its writer");
    });
  });
